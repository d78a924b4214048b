"""Records of a history, as short as tests need them."""

from __future__ import annotations

from typing import Any

from tests.histories import key_of
from transforms.model import DOCUMENT, EVENT, Entry


def document(record: str = "a", form: str = "processed", model: str = "55", **fields: Any) -> Entry:
    fields = {"protocol_status": 100, "protocol_at": "2025-03-01T10:00:00Z", "protocol_number": "1", **fields}
    if form in ("bare", "summary"):
        fields = {k: v for k, v in fields.items() if k != "protocol_status"}
    return Entry(record * 64, DOCUMENT, key_of(model), "nfe", form, fields, ())


def event(
    event_type: str, record: str = "b", model: str = "55", at: str = "2025-03-02T10:00:00Z", **fields: Any
) -> Entry:
    values = {"event_type": event_type, "return_status": 135, "registered_at": at, "sequence": 1, **fields}
    return Entry(record * 64, EVENT, key_of(model), "nfe_event", "processed", values, ())
