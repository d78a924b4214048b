"""NF3e (66), the electricity bill. Events: its event schemas, version 1.00."""

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
    name="nf3e",
    models={"66": "NF3e"},
    tag="NF3e",
    event_element="eventoNF3e",
    event_envelopes=("procEventoNF3e",),
    event_names=EVENT_NAMES,
    envelopes=("consSitNF3e", "retConsSitNF3e", "consReciNF3e", "retConsReciNF3e"),
    protocol_rules=(*common.DOCUMENTS, *common.SUBSTITUTED_OR_ADJUSTED),
    accepted_returns=common.ACCEPTED_RETURNS,
    repeated_returns=common.REPEATED_RETURNS,
    event_rules=(common.CANCELLATION, common.SUBSTITUTION, common.ADJUSTMENT),
)
