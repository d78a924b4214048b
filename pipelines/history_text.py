"""A key's history for people and as JSON values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pipelines import legend
from transforms import instants
from transforms.language import mark, say
from transforms.model import Change
from transforms.truth.read import History, StoredRecord
from transforms.truth.reparse import differing, readings_of

STATE = mark("{key}  {status}  (records: {records})")
READ_AGAIN = mark("    read again by parser {parser}, as of revision {revision}")
ARRIVED = mark("   {outcome}, received {at}, from {origin}")
BY = mark("      run {run}, job {job}, applied {at}")
READING = mark("{cause} at {at}, job {job}, {change}; parser {parser} had read otherwise: {fields}")
RECORD_READ = mark("   record {id}, read by parser {parser}")
# Codes of what an office answered.
_ANSWERS = ("protocol_status", "return_status", "summary_status", "query_status")
_SHOWN = (
    "issued_at_text", "total", "issuer_id", "issuer_name", "recipient_id", "recipient_name", "protocol_status",
    "protocol_number", "summary_status", "event_type", "sequence", "occurred_at_text", "return_status", "reason",
    "correction",
)  # fmt: skip


def as_json(history: History) -> dict[str, Any]:
    """The history as JSON values, records in the order in which they were applied."""
    return {
        "key": history.key,
        "revision": history.revision,
        "state": history.state,
        "read_by": history.read_by._asdict(),
        "records": [_record_json(record) for record in history.records],
    }


def _record_json(record: StoredRecord) -> dict[str, Any]:
    values = record.entry._asdict()
    del values["key"]
    return values | {
        "xml_bytes": record.xml_bytes,
        "change": record.change._asdict(),
        "arrivals": [arrival._asdict() for arrival in record.arrivals],
        "readings": [reading._asdict() for reading in record.readings],
    }


def as_text(history: History) -> str:
    """The history for people: the state, then each record with its change and its arrivals."""
    state = dict(history.state)
    lines = [say(STATE, key=history.key, status=state.pop("status"), records=len(history.records))]
    if (by := history.read_by).parser:
        lines.append(say(READ_AGAIN, parser=by.parser, revision=by.revision))
    lines += [f"    {name}: {_told_of_state(name, value)}" for name, value in sorted(state.items())]
    for number, record in enumerate(history.records, 1):
        lines += ["", *_record_lines(number, record)]
    return "\n".join(lines)


def _record_lines(number: int, record: StoredRecord) -> list[str]:
    entry = record.entry
    name = entry.fields.get("event_name", entry.layout)
    what = f"{number}. {entry.kind} {name} ({entry.form})"
    lines = [say("{what}, {size:,} bytes", what=what, size=record.xml_bytes)]
    lines.append(f"   {_change_text(record.change)}")
    by = entry.parser
    lines.append(say(RECORD_READ, id=entry.record_id, parser=by) if by else say("   record {id}", id=entry.record_id))
    shown = [f"{field}: {_told(field, entry.fields[field])}" for field in _SHOWN if field in entry.fields]
    if shown:
        lines.append("   " + "; ".join(shown))
    if entry.findings:
        lines.append(say("   findings: {codes}", codes=", ".join(entry.findings)))
    lines += [f"   {line}" for line in _reading_lines(record)]
    for arrival in record.arrivals:
        lines.append(say(ARRIVED, at=moment(arrival.received_at), outcome=arrival.outcome, origin=arrival.origin))
        lines.append(say(BY, run=arrival.run, job=arrival.job, at=moment(arrival.applied_at)))
    return lines


def _reading_lines(record: StoredRecord) -> list[str]:
    """Each reparse that read the record otherwise, and what it said before."""
    lines = []
    now = record.entry
    for reading, before in readings_of(record):
        told = say(
            READING,
            cause=reading.cause,
            at=moment(reading.applied_at),
            job=reading.job,
            change=_change_text(reading),
            parser=before.parser or "?",
            fields=", ".join(differing(before, now)),
        )
        lines.append(told)
        now = before
    return lines[::-1]


def _told(field: str, value: Any) -> str:
    """A value with what it means: what an office answered, and when an instant with an offset is in UTC."""
    if field in _ANSWERS:
        return legend.answer(value)
    return legend.moment_of_text(value) if field.endswith("_at_text") else str(value)


def _told_of_state(name: str, value: Any) -> str:
    try:
        return legend.moment(datetime.fromisoformat(value)) if name.endswith("_at") else str(value)
    except (TypeError, ValueError):
        return str(value)


def _change_text(change: Change) -> str:
    return legend.change(change.revision, change.before["status"] if change.before else None, change.after["status"])


def moment(micros: int) -> str:
    """An instant (micros since 1970) in UTC, and in the time of this machine where that differs."""
    return legend.moment(instants.datetime_of(micros))
