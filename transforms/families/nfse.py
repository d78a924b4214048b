"""NFS-e of the national standard, services, and the DPS that it is made from.

Its key has no model: documents of it are of model ``nfse``, those that were only asked for of model ``dps``. What is
registered has no return with a code: the office hands an event out in an element of its own. Source: NFSe_v1.01.xsd,
DPS_v1.01.xsd, evento_v1.01.xsd, tiposSimples_v1.01.xsd (TStat), tiposEventos_v1.01.xsd.
"""

from __future__ import annotations

from transforms import access_key
from transforms.families import statuses
from transforms.families.family import Attribute, EventRule, Family, StatusRule

EVENT_NAMES = {
    "101101": "cancellation",
    "101103": "cancellation_analysis_request",
    "105102": "cancellation_by_substitution",
    "105104": "cancellation_granted",
    "105105": "cancellation_refused",
    "202201": "provider_confirmation",
    "202205": "provider_rejection",
    "203202": "taker_confirmation",
    "203206": "taker_rejection",
    "204203": "intermediary_confirmation",
    "204207": "intermediary_rejection",
    "205204": "tacit_confirmation",
    "205208": "rejection_annulment",
    "305101": "cancellation_by_office",
    "305102": "block_by_office",
    "305103": "unblock_by_office",
}
ANNULMENT = "205208"


def _answer(who: str, confirmation: str, rejection: str, tacit: bool = False) -> Attribute:
    """What a party to the service says of the document. A rejection that was annulled does not count."""
    values = {confirmation: "confirmed", rejection: "rejected", f"{ANNULMENT}/{rejection}": None}
    return Attribute(
        f"{who}_answer",
        {**values, "205204": "confirmed_tacitly"} if tacit else values,
        {},
        f"tiposEventos_v1.01.xsd: manifestação, {confirmation}, {rejection}, 205204 tácita, 205208 anulação",
    )


FAMILY = Family(
    name="nfse",
    models={access_key.MODEL_OF_NFSE: "NFS-e", access_key.MODEL_OF_DPS: "DPS"},
    tag="NFSe",
    keys=access_key.NFSE,
    own_namespace="http://www.sped.fazenda.gov.br/nfse",
    id_prefixes=("NFS",),
    event_element="evento",
    event_envelopes=(),
    event_names=EVENT_NAMES,
    has_services=False,
    envelopes=(),
    protocol_rules=(
        StatusRule(
            (100, 102, 103, 107),
            statuses.AUTHORISED,
            "TStat: 100 gerada, 102 de decisão judicial, 103 avulsa, 107 de MEI",
        ),
    ),
    accepted_returns=(),
    # The web emitter of the national system signs nothing, and a municipality hands in what it made of its own layout.
    signed_by_issuer=False,
    events_of_parties=(),
    registered_forms=("processed",),
    event_rules=(
        EventRule(
            ("101101", "105104", "305101"),
            statuses.CANCELLED,
            statuses.CANCELLED,
            "tiposEventos_v1.01.xsd: 101101 cancelamento, 105104 deferido por análise fiscal, 305101 por ofício",
        ),
        EventRule(
            ("105102",),
            statuses.SUBSTITUTED,
            statuses.SUBSTITUTED,
            "tiposEventos_v1.01.xsd: 105102 cancelamento por substituição, which names the substitute",
        ),
    ),
    attributes=(
        _answer("taker", "203202", "203206", tacit=True),
        _answer("provider", "202201", "202205"),
        _answer("intermediary", "204203", "204207"),
        Attribute(
            "cancellation_analysis",
            {"101103": "requested", "105104": "granted", "105105": "refused"},
            {},
            "tiposEventos_v1.01.xsd: 101103 solicitação de análise fiscal, 105104 deferida, 105105 indeferida",
        ),
        Attribute(
            "office_block",
            {"305102": "blocked", "305103": None},
            {},
            "tiposEventos_v1.01.xsd: 305102 bloqueio por ofício, 305103 desbloqueio",
        ),
    ),
    annulling_events=(ANNULMENT,),
)
