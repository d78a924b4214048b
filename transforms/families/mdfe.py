"""MDF-e (58). Events: the table of events of MOC MDF-e 3.00a and its event schemas."""

from __future__ import annotations

from transforms.families import common, statuses
from transforms.families.family import EventRule, Family, StatusRule

EVENT_NAMES = {
    "110111": "cancellation",
    "110112": "closing",
    "110114": "driver_inclusion",
    "110115": "document_inclusion",
    "110116": "operation_payment",
    "110117": "service_confirmation",
    "110118": "service_payment_change",
    "240170": "cancellation_deadline_release",
    "310112": "closing_by_tax_office",
    "310620": "passage",
    "510620": "automatic_passage",
}

FAMILY = Family(
    name="mdfe",
    models={"58": "MDF-e"},
    tag="MDFe",
    id_prefixes=("MDFe",),
    event_element="eventoMDFe",
    event_envelopes=("procEventoMDFe",),
    event_names=EVENT_NAMES,
    envelopes=(
        "enviMDFe", "retEnviMDFe", "consReciMDFe", "retConsReciMDFe", "consSitMDFe", "retConsSitMDFe", "retMDFe",
        "consMDFeNaoEnc", "retConsMDFeNaoEnc", "consStatServMDFe", "retConsStatServMDFe", "distMDFe", "retDistMDFe",
    ),
    protocol_rules=(
        common.AUTHORISED,
        common.AUTHORISED_LATE,
        common.DENIED,
        common.CANCELLED,
        common.CANCELLED_LATE,
        StatusRule((132,), statuses.CLOSED, "MOC-MDFe: 132 encerramento homologado, the status of a query"),
    ),
    accepted_returns=common.ACCEPTED_RETURNS_WITH_ALERT,
    event_rules=(
        common.CANCELLATION,
        EventRule(
            ("110112", "310112"), statuses.CLOSED, statuses.CLOSED, "MOC-MDFe: 110112 closing, 310112 by the tax office"
        ),
    ),
)  # fmt: skip
