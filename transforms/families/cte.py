"""CT-e (57), CT-e OS (67), simplified CT-e (57) and GTV-e (64).

Events: the table of events of MOC CT-e 3.00a and 4.00, evVincPgto_v4.00.xsd and its cancellation for 110300 and 110301.
"""

from __future__ import annotations

from transforms.families import common, statuses
from transforms.families.family import Attribute, EventRule, Family

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

# tpCTe of a CT-e that annuls another, until layout 3.00.
ANNULMENT_PURPOSE = 2

DELIVERY = Attribute(
    "delivery",
    {"110180": "proved", "110181": None, "110190": "failed", "110191": None},
    {},
    "MOC-CTe: comprovante de entrega and insucesso na entrega, each with its cancellation",
)
DISAGREEMENT = Attribute(
    "disagreement",
    {"610110": "declared", "610111": None},
    {},
    "MOC-CTe: prestação do serviço em desacordo and its cancellation",
)
COMPLEMENT = Attribute(
    "complement",
    {"240130": "authorised", "240131": None},
    {},
    "MOC-CTe: CT-e complementar autorizado, and its cancellation",
)

FAMILY = Family(
    name="cte",
    models={"57": "CT-e", "64": "GTV-e", "67": "CT-e OS"},
    tag="CTe",
    event_element="eventoCTe",
    event_envelopes=("procEventoCTe",),
    event_names=EVENT_NAMES,
    envelopes=(
        "enviCTe", "retEnviCte", "retEnviCTe", "consReciCTe", "retConsReciCTe", "consSitCTe", "retConsSitCTe",
        "consStatServCte", "consStatServCTe", "retConsStatServCte", "retConsStatServCTe", "cteDadosMsg",
    ),
    voided_number="nCT",
    has_early_cancellation=True,
    protocol_rules=(*common.DOCUMENTS, common.DENIED),
    accepted_returns=common.ACCEPTED_RETURNS_WITH_ALERT,
    repeated_returns=common.REPEATED_RETURNS,
    event_rules=(
        common.CANCELLATION,
        common.SUBSTITUTION,
        EventRule(("240150",), statuses.ANNULLED, statuses.ANNULLED, "MOC-CTe: 240150 CT-e de anulação autorizado"),
    ),
    # 61011: the taker of the service says that it was not as agreed.
    events_of_parties=("11", "61011"),
    correction_events=("110110",),
    epec_events=("110113",),
    attributes=(DELIVERY, DISAGREEMENT, COMPLEMENT),
)  # fmt: skip
