"""Voided ranges (inutilização), numbers never to be used. Source: leiauteInutNFe_v4.00.xsd, inutCTe_v3.00.xsd."""

from transforms.model import VOIDED_RANGE
from transforms.parse.layout import REQUEST, RETURN, Field, Layout, instant, integer, text


def _range(prefix: str, number: str) -> dict[str, Field]:
    return {
        "tpAmb": integer(f"{prefix}environment"),
        "cUF": text(f"{prefix or '_'}uf_code"),
        "ano": text(f"{prefix or '_'}year"),
        "CNPJ": text(f"{prefix}issuer_id"),
        "CPF": text(f"{prefix}issuer_id"),
        "mod": text(f"{prefix}model"),
        "serie": integer(f"{prefix}series"),
        f"{number}Ini": integer(f"{prefix}first_number"),
        f"{number}Fin": integer(f"{prefix}last_number"),
    }


def _layout(family: str, suffix: str, number: str, models: tuple[str, ...]) -> Layout:
    envelope = {f"inut{suffix}/infInut": REQUEST, f"retInut{suffix}/infInut": RETURN, "infInut": RETURN}
    return Layout(
        name=f"{family}_voided",
        family=family,
        kind=VOIDED_RANGE,
        namespace=f"http://www.portalfiscal.inf.br/{family}",
        models=models,
        shapes={
            f"inut{suffix}": {"infInut": REQUEST},
            f"retInut{suffix}": {"infInut": RETURN},
            f"procInut{suffix}": envelope,
        },
        parts={
            REQUEST: {"@Id": text("_id"), **_range("", number), "xJust": text("reason")},
            RETURN: {
                **_range("_return_", number),
                "cStat": integer("return_status"),
                "xMotivo": text("return_reason"),
                "dhRecbto": instant("registered_at"),
                "nProt": text("protocol_number"),
            },
        },
    )


LAYOUTS = (_layout("nfe", "NFe", "nNF", ("55", "65")), _layout("cte", "CTe", "nCT", ("57", "67")))
