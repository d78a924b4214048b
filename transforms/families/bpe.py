"""BP-e (63), the passenger ticket. Events: its event schemas, version 1.00."""

from __future__ import annotations

from transforms.families import common
from transforms.families.family import Family

EVENT_NAMES = {
    "110111": "cancellation",
    "110115": "not_boarded",
    "110116": "seat_change",
    "110117": "excess_baggage",
    "110300": "payment_link",
    "110301": "payment_link_cancellation",
    "240140": "substituted",
    "240150": "adjusted",
    "240170": "cancellation_deadline_release",
}

FAMILY = Family(
    name="bpe",
    models={"63": "BP-e"},
    tag="BPe",
    event_element="eventoBPe",
    event_envelopes=("procEventoBPe",),
    event_names=EVENT_NAMES,
    envelopes=("consSitBPe", "retConsSitBPe"),
    protocol_rules=(*common.DOCUMENTS, common.SUBSTITUTED_OR_ADJUSTED[0]),
    accepted_returns=common.ACCEPTED_RETURNS,
    repeated_returns=common.REPEATED_RETURNS,
    event_rules=(common.CANCELLATION, common.SUBSTITUTION),
)
