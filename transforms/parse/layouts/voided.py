"""Voided ranges (inutilização), numbers never to be used. Source: leiauteInutNFe_v4.00.xsd, inutCTe_v3.00.xsd."""

from transforms.model import VOIDED_RANGE
from transforms.parse.layout import REQUEST, RETURN, Field, Layout, instant, integer, text


def _range(prefix: str, number: str) -> dict[str, Field]:
    return {
        "@versao": text("layout_version"),
        "infInut/tpAmb": integer(f"{prefix}environment"),
        "infInut/cUF": text(f"{prefix or '_'}uf_code"),
        "infInut/ano": text(f"{prefix or '_'}year"),
        "infInut/CNPJ": text(f"{prefix}issuer_id"),
        "infInut/CPF": text(f"{prefix}issuer_id"),
        "infInut/mod": text(f"{prefix}model"),
        "infInut/serie": integer(f"{prefix}series"),
        f"infInut/{number}Ini": integer(f"{prefix}first_number"),
        f"infInut/{number}Fin": integer(f"{prefix}last_number"),
    }


def _layout(family: str, suffix: str, number: str, models: tuple[str, ...]) -> Layout:
    return Layout(
        name=f"{family}_voided",
        family=family,
        kind=VOIDED_RANGE,
        namespace=f"http://www.portalfiscal.inf.br/{family}",
        models=models,
        shapes={
            f"inut{suffix}": {"": REQUEST},
            f"retInut{suffix}": {"": RETURN},
            f"procInut{suffix}": {f"inut{suffix}": REQUEST, f"retInut{suffix}": RETURN},
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


LAYOUTS = (_layout("nfe", "NFe", "nNF", ("55", "65")), _layout("cte", "CTe", "nCT", ("57", "67")))
