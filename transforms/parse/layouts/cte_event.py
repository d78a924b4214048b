"""Events of CT-e, CT-e OS and GTV-e.

Names of the types: the table of events of MOC CT-e 3.00a and 4.00, evVincPgto_v4.00.xsd and its cancellation for
110300 and 110301.
"""

import json

from transforms.parse.event_layout import event_layout
from transforms.parse.values import Target

EVENT_NAMES = {
    "110110": "correction",
    "110111": "cancellation",
    "110113": "epec",
    "110160": "multimodal",
    "110170": "gtv_information",
    "110180": "delivery_proof",
    "110181": "delivery_proof_cancellation",
    "110190": "delivery_failure",
    "110191": "delivery_failure_cancellation",
    "110300": "payment_link",
    "110301": "payment_link_cancellation",
    "240130": "complement_authorised",
    "240131": "complement_cancelled",
    "240140": "substituted",
    "240150": "annulled",
    "240160": "epec_release",
    "240170": "cancellation_deadline_release",
    "310610": "mdfe_authorised",
    "310611": "mdfe_cancelled",
    "310620": "passage",
    "440130": "redispatch_authorised",
    "440140": "intermediate_redispatch_authorised",
    "440150": "subcontract_authorised",
    "440160": "multimodal_service_authorised",
    "510620": "automatic_passage",
    "510630": "mdfe_automatic_passage",
    "610110": "disagreement",
    "610111": "disagreement_cancellation",
}


def corrections_as_text(fields: Target) -> None:
    """A CT-e's correction letter names fields and values: kept as JSON, a list in the order of the letter."""
    corrections = fields.pop("_corrections", None)
    if corrections:
        fields.setdefault("correction", json.dumps(corrections, ensure_ascii=False, sort_keys=True))


LAYOUT = event_layout(
    family="cte",
    request="eventoCTe",
    envelopes=("procEventoCTe",),
    models=("57", "64", "67"),
    event_names=EVENT_NAMES,
    finish=corrections_as_text,
)
