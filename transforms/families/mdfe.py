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
    event_element="eventoMDFe",
    event_envelopes=("procEventoMDFe", "procEncMDFe", "procCancMDFe"),
    event_names=EVENT_NAMES,
    envelopes=(
        "enviMDFe", "retEnviMDFe", "consReciMDFe", "retConsReciMDFe", "consSitMDFe", "retConsSitMDFe", "retMDFe",
        "consMDFeNaoEnc", "retConsMDFeNaoEnc", "consStatServMDFe", "retConsStatServMDFe", "distMDFe", "retDistMDFe",
    ),
    protocol_rules=(
        *common.DOCUMENTS,
        common.DENIED,
        StatusRule(
            (132,), statuses.CLOSED, "MOC-MDFe: 132 encerramento homologado, the status of a query", dated=False
        ),
        common.already(609, statuses.CLOSED, "MOC-MDFe: 609 rejeição: MDF-e já está encerrado na base da SEFAZ"),
    ),
    accepted_returns=common.ACCEPTED_RETURNS_WITH_ALERT,
    repeated_returns=common.REPEATED_RETURNS,
    event_rules=(
        common.CANCELLATION,
        EventRule(
            ("110112", "310112"), statuses.CLOSED, statuses.CLOSED, "MOC-MDFe: 110112 closing, 310112 by the tax office"
        ),
    ),
)  # fmt: skip
