"""Cancellations as they were before events: NF-e until 2.00, CT-e until 1.04.

They are events of type 110111 that were never numbered, so their sequence is 1. Their return says 101 (cancelled)
or 151 (cancelled late). Source: leiauteCancNFe_v2.00.xsd, cancCTe_v1.04.xsd.
"""

from transforms.families import FAMILIES
from transforms.families.family import Family
from transforms.model import EVENT
from transforms.parse.layout import (
    REQUEST,
    RETURN,
    SIGNATURE,
    SIGNER_FIELDS,
    Layout,
    PartFields,
    instant,
    integer,
    text,
)


def _layout(family: Family) -> Layout:
    tag = family.tag
    request: PartFields = {
        "@Id": text("_id"),
        family.key_element: text(f"_key_{family.name}"),
        "tpAmb": integer("environment"),
        "nProt": text("target_protocol"),
        "xJust": text("reason"),
    }
    answer: PartFields = {
        family.key_element: text(f"_return_key_{family.name}"),
        "tpAmb": integer("_return_environment"),
        "cStat": integer("return_status"),
        "xMotivo": text("return_reason"),
        "dhRecbto": instant("registered_at"),
        "nProt": text("protocol_number"),
    }
    return Layout(
        name=f"{family.name}_cancellation",
        family=family,
        kind=EVENT,
        shapes={
            f"canc{tag}": {"infCanc": REQUEST, "Signature": SIGNATURE},
            f"retCanc{tag}": {"infCanc": RETURN},
            f"procCanc{tag}": {
                f"canc{tag}/infCanc": REQUEST,
                f"canc{tag}/Signature": SIGNATURE,
                f"retCanc{tag}/infCanc": RETURN,
                "infCanc": RETURN,
            },
        },
        parts={REQUEST: request, RETURN: answer, SIGNATURE: SIGNER_FIELDS},
        constants={"event_type": "110111", "sequence": 1},
    )


LAYOUTS = tuple(_layout(family) for family in FAMILIES.values() if family.has_early_cancellation)
