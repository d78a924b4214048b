"""Builders for tests of tables and views: histories applied as the source of truth would apply them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from transforms import access_key
from transforms.history.fold import fold
from transforms.history.head import head_of
from transforms.model import (
    DOCUMENT,
    DUPLICATE,
    EVENT,
    NEW,
    RESUMED,
    VOIDED_RANGE,
    Applied,
    Arrival,
    Change,
    DeadLetter,
    Entry,
    Fields,
)

RECEIVED_AT = 1_780_000_000_000_000  # 2026-05-28T20:26:40Z
SECOND = 1_000_000


def key_of(
    model: str = "55", number: int = 1, series: int = 1, issuer: str = "11222333000181", month: str = "2603"
) -> str:
    """A right access key of São Paulo."""
    body = f"35{month}{issuer}{model}{series:03d}{number:09d}1{number % 10**8:08d}"
    return body + access_key.check_digit(body)


def document(key: str, record_id: str, form: str = "processed", **fields: Any) -> Entry:
    """An authorised document of a key, unless the fields say otherwise; a field of None is left out."""
    parts = access_key.split(key)
    all_fields: Fields = {
        "model": parts.model,
        "uf": "SP",
        "environment": 1,
        "series": int(parts.series) if parts.series else None,
        "number": int(parts.number),
        "issued_at": "2026-03-10T12:00:00Z",
        "issued_on": "2026-03-10",
        "key_month": parts.month,
        "issuer_id": parts.issuer_id,
        "recipient_id": "99888777000161",
        "recipient_id_type": "CNPJ",
        "total": "100.00",
        "protocol_number": "135260000000001",
        "protocol_status": 100,
        "protocol_at": "2026-03-10T12:00:05Z",
    } | fields
    return _entry(record_id, DOCUMENT, key, "nfe", form, all_fields)


def event(key: str, record_id: str, event_type: str, form: str = "processed", **fields: Any) -> Entry:
    """An event of a key, registered, unless the fields say otherwise; a field of None is left out."""
    parts = access_key.split(key)
    all_fields: Fields = {
        "event_type": event_type,
        "event_name": "some_event",
        "sequence": 1,
        "model": parts.model,
        "uf": "SP",
        "issuer_id": parts.issuer_id,
        "key_month": parts.month,
        "environment": 1,
        "author_id": parts.issuer_id,
        "occurred_at": "2026-03-11T12:00:00Z",
        "registered_at": "2026-03-11T12:00:05Z",
        "return_status": 135,
        "protocol_number": "135260000000002",
    } | fields
    return _entry(record_id, EVENT, key, "nfe_event", form, all_fields)


def voided_range(record_id: str, first: int, last: int, series: int = 1, status: int = 102) -> Entry:
    """A voided range of model 55."""
    issuer = "11222333000181"
    fields: Fields = {
        "model": "55",
        "uf": "SP",
        "issuer_id": issuer,
        "year": 2026,
        "series": series,
        "first_number": first,
        "last_number": last,
        "environment": 1,
        "return_status": status,
        "registered_at": "2026-03-12T12:00:00Z",
    }
    key = f"ID3526{issuer}55{series:03d}{first:09d}{last:09d}"
    return _entry(record_id, VOIDED_RANGE, key, "nfe_voided", "processed", fields)


def dead_letter(code: str, origin: str = "file:broken.xml", payload: bytes = b"\x00\xff") -> DeadLetter:
    """An input that could not be parsed."""
    return DeadLetter(code, f"{code} at byte 0", "parse", origin, payload, RECEIVED_AT, len(payload))


def _entry(record_id: str, kind: str, key: str, layout: str, form: str, fields: Fields) -> Entry:
    findings = tuple(fields.pop("findings", ()))
    kept = {name: value for name, value in fields.items() if value is not None}
    return Entry(record_id, kind, key, layout, form, kept, findings)


def applied(entries: Iterable[Entry], run: str = "run-1", received_at: int = RECEIVED_AT) -> list[Applied]:
    """The entries, of any keys, applied one after the other; the same record twice is a duplicate the second time."""
    histories: dict[str, list[Entry]] = {}
    results = []
    came: dict[str, int] = {}
    for position, entry in enumerate(entries):
        history = histories.setdefault(entry.key, [])
        at = received_at + position * SECOND
        arrival = Arrival(run, _origin(position), f"{run}/1", at, at + 2 * SECOND, NEW)
        if any(known.record_id == entry.record_id for known in history):
            results.append(Applied(entry, arrival._replace(outcome=DUPLICATE), None))
            continue
        before = fold(history) if history else None
        history.append(entry)
        came[entry.record_id] = at
        after = fold(history)
        change = Change(
            key=entry.key,
            revision=len(history),
            record_id=entry.record_id,
            run=run,
            origin=arrival.origin,
            job=arrival.job,
            received_at=arrival.received_at,
            applied_at=arrival.applied_at,
            before=before.state if before else None,
            after=after.state,
            dimensions_before=before.dimensions if before else None,
            dimensions_after=after.dimensions,
            head=head_of(after.headline, came[after.headline.record_id]) if after.headline else None,
        )
        results.append(Applied(entry, arrival, change, current_at=change.applied_at))
    return results


def retried(results: Sequence[Applied]) -> list[Applied]:
    """The same inputs in a second attempt of the same run, an hour later: what it wrote is resumed."""
    return [result._replace(arrival=_again(result.arrival)) for result in results]


def _again(first: Arrival) -> Arrival:
    later = 3600 * SECOND
    return first._replace(
        outcome=RESUMED if first.outcome == NEW else first.outcome,
        job=first.run + "/2",
        received_at=first.received_at + later,
        applied_at=first.applied_at + later,
    )


def _origin(position: int) -> str:
    return f"gs://bucket/archive.zip#{position}.xml"
