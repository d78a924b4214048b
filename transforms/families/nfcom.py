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
    "240170": "cancellation_deadline_release",
}

FAMILY = Family(
    name="nfcom",
    models={"62": "NFCom"},
    tag="NFCom",
    event_element="eventoNFCom",
    event_envelopes=("procEventoNFCom",),
    event_names=EVENT_NAMES,
    envelopes=("consSitNFCom", "retConsSitNFCom"),
    protocol_rules=(*common.DOCUMENTS, *common.SUBSTITUTED_OR_ADJUSTED),
    accepted_returns=common.ACCEPTED_RETURNS,
    repeated_returns=common.REPEATED_RETURNS,
    event_rules=(common.CANCELLATION, common.SUBSTITUTION, common.ADJUSTMENT),
)
