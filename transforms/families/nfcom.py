"""NFCom (62), the bill of telecommunication. Events: its event schemas, version 1.00."""

from __future__ import annotations

from transforms.families import common
from transforms.families.family import Family

EVENT_NAMES = {
    "110111": "cancellation",
    "110300": "payment_link",
    "110301": "payment_link_cancellation",
    "240140": "substituted",
    "240150": "adjusted",
}

FAMILY = Family(
    name="nfcom",
    models={"62": "NFCom"},
    tag="NFCom",
    id_prefixes=("NFCom",),
    event_element="eventoNFCom",
    event_envelopes=("procEventoNFCom",),
    event_names=EVENT_NAMES,
    envelopes=("retNFCom", "consSitNFCom", "retConsSitNFCom"),
    protocol_rules=(
        common.AUTHORISED,
        common.AUTHORISED_LATE,
        common.DENIED,
        common.CANCELLED,
        common.CANCELLED_LATE,
    ),
    accepted_returns=common.ACCEPTED_RETURNS,
    event_rules=(common.CANCELLATION,),
)
