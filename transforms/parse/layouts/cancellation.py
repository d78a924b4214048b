"""Cancellations as they were before events: NF-e until 2.00, CT-e until 1.04.

They are events of type 110111 that were never numbered, so their sequence is 1. Their return says 101 (cancelled)
or 151 (cancelled late). Source: leiauteCancNFe_v2.00.xsd, cancCTe_v1.04.xsd.
"""

from transforms.model import EVENT
from transforms.parse.layout import REQUEST, RETURN, Layout, PartFields, instant, integer, text


def _layout(family: str, suffix: str, models: tuple[str, ...]) -> Layout:
    key_element = f"ch{suffix}"
    request: PartFields = {
        "@Id": text("_id"),
        key_element: text(f"_key_{family}"),
        "tpAmb": integer("environment"),
        "nProt": text("target_protocol"),
        "xJust": text("reason"),
    }
    answer: PartFields = {
        key_element: text(f"_return_key_{family}"),
        "tpAmb": integer("_return_environment"),
        "cStat": integer("return_status"),
        "xMotivo": text("return_reason"),
        "dhRecbto": instant("registered_at"),
        "nProt": text("protocol_number"),
    }
    return Layout(
        name=f"{family}_cancellation",
        family=family,
        kind=EVENT,
        namespace=f"http://www.portalfiscal.inf.br/{family}",
        models=models,
        shapes={
            f"canc{suffix}": {"infCanc": REQUEST},
            f"retCanc{suffix}": {"infCanc": RETURN},
            f"procCanc{suffix}": {
                f"canc{suffix}/infCanc": REQUEST,
                f"retCanc{suffix}/infCanc": RETURN,
                "infCanc": RETURN,
            },
        },
        parts={REQUEST: request, RETURN: answer},
        constants={"event_type": "110111", "sequence": 1},
        event_names={"110111": "cancellation"},
    )


LAYOUTS = (_layout("nfe", "NFe", ("55", "65")), _layout("cte", "CTe", ("57", "64", "67")))
