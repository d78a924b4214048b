"""CF-e of SAT devices (59), sales to consumers in São Paulo and Ceará until 2025.

A certified device numbers and signs it: there is no protocol, and one with a key in its Id is authorised. A
cancellation is signed by the device as well; it has a key of its own. Source: Ajuste SINIEF 11/10, CfeTeste_0008.xsd
and CfeCanc_0008.xsd of the SAT's manual.
"""

from __future__ import annotations

from transforms import access_key
from transforms.families import common, statuses
from transforms.families.family import Family

FAMILY = Family(
    name="cfe",
    models={access_key.MODEL_OF_SAT: "CF-e"},
    tag="CFe",
    keys=access_key.SAT,
    own_namespace="",
    event_element="CFeCanc",
    event_envelopes=(),
    event_names={"110111": "cancellation"},
    has_services=False,
    envelopes=("envCFe", "retEnvCFe", "envCFeCanc"),
    protocol_rules=(),
    accepted_returns=(),
    registered_forms=("bare",),
    form_statuses={"bare": statuses.AUTHORISED},
    event_rules=(common.CANCELLATION,),
)
