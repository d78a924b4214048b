"""Events of MDF-e. Names of the types: the table of events of MOC MDF-e 3.00a and its event schemas."""

from transforms.parse.event_layout import event_layout

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

LAYOUT = event_layout(
    family="mdfe",
    request="eventoMDFe",
    envelopes=("procEventoMDFe",),
    models=("58",),
    event_names=EVENT_NAMES,
)
