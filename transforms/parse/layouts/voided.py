"""Voided ranges (inutilização), numbers never to be used. Source: leiauteInutNFe_v4.00.xsd, inutCTe_v3.00.xsd."""

from transforms.families import FAMILIES
from transforms.families.family import Family
from transforms.model import VOIDED_RANGE
from transforms.parse.layout import REQUEST, RETURN, Field, Layout, instant, integer, tax_id, text


def _range(prefix: str, number: str) -> dict[str, Field]:
    return {
        "@versao": text("layout_version"),
        "infInut/tpAmb": integer(f"{prefix}environment"),
        "infInut/cUF": text(f"{prefix or '_'}uf_code"),
        "infInut/ano": text(f"{prefix or '_'}year"),
        "infInut/CNPJ": tax_id(f"{prefix}issuer_id"),
        "infInut/CPF": tax_id(f"{prefix}issuer_id"),
        "infInut/mod": text(f"{prefix}model"),
        "infInut/serie": integer(f"{prefix}series"),
        f"infInut/{number}Ini": integer(f"{prefix}first_number"),
        f"infInut/{number}Fin": integer(f"{prefix}last_number"),
    }


def _layout(family: Family, number: str) -> Layout:
    tag = family.tag
    return Layout(
        name=f"{family.name}_voided",
        family=family,
        kind=VOIDED_RANGE,
        shapes={
            f"inut{tag}": {"": REQUEST},
            f"retInut{tag}": {"": RETURN},
            f"procInut{tag}": {f"inut{tag}": REQUEST, f"retInut{tag}": RETURN},
        },
        parts={
            REQUEST: {"infInut/@Id": text("_id"), **_range("", number), "infInut/xJust": text("reason")},
            RETURN: {
                **_range("_return_", number),
                "infInut/cStat": integer("return_status"),
                "infInut/xMotivo": text("return_reason"),
                "infInut/dhRecbto": instant("registered_at"),
                "infInut/nProt": text("protocol_number"),
            },
        },
    )


LAYOUTS = tuple(_layout(family, family.voided_number) for family in FAMILIES.values() if family.voided_number)
