"""What people ask of a key beyond its state and dimensions, from the document that speaks for it."""

from __future__ import annotations

from transforms.model import Entry, Fields

# Fields of a document, by their columns; lists are few and short.
HEAD_FIELDS = (
    "issued_at", "issuer_name", "recipient_id_type", "recipient_name", "recipient_uf", "operation_type", "purpose",
    "payer_id", "payer_role", "origin_uf", "destination_uf", "cargo_value",
    "ibs_total", "cbs_total", "ibs_mono_total", "cbs_mono_total", "is_total", "grand_total",
    "replaced_keys", "annulled_keys",
)  # fmt: skip
HEAD = ("record_id", "form", "received_at", *HEAD_FIELDS)


def head_of(headline: Entry, received_at: int) -> Fields:
    """Head of a key: those of ``HEAD`` that its headline document has. It came first at ``received_at`` (micros)."""
    found: Fields = {"record_id": headline.record_id, "form": headline.form, "received_at": received_at}
    return found | {name: headline.fields[name] for name in HEAD_FIELDS if headline.fields.get(name) not in (None, [])}
