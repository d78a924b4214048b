"""What became of a record, as rows of the BigQuery tables. Pure.

A row is a dict, column -> JSON value: instants are RFC 3339 text as in the record, or micros since the epoch where
we took the time ourselves; amounts are decimal text. Absent columns are null. The row of a record and the row of a
change hold only what is stored with them, so emitting them again gives the same rows.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from transforms import instants
from transforms.history.dimensions import DIMENSIONS
from transforms.model import (
    DOCUMENT,
    DUPLICATE,
    EVENT,
    NEW,
    VOIDED_RANGE,
    Applied,
    Arrival,
    Change,
    DeadLetter,
    Entry,
    Fields,
)
from transforms.truth.rows import arrival_of
from transforms.views import schema

Row = dict[str, Any]
TableRow = tuple[str, Row]

DEAD = "dead"
# Partition of counts of no month: told by the count alone, as all that a view keeps one by.
NO_MONTH = 0
# Partials of the change log are named by the time of their slot; a run may be called anything.
_LOG_DAY = re.compile(r"log/(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d")
MAX_PAYLOAD_BYTES = 1 << 20

_TABLE_OF_KIND = {DOCUMENT: schema.DOCUMENTS, EVENT: schema.EVENTS, VOIDED_RANGE: schema.VOIDED_RANGES}
# The first of these fields that a record has says in which month's partition it is.
_MONTH_FIELDS = {
    DOCUMENT: ("issued_on", "key_month"),
    EVENT: ("occurred_at", "registered_at", "key_month"),
    VOIDED_RANGE: ("registered_at",),
}
_COUNTED = (*DIMENSIONS, "total")


def rows_of(applied: Applied) -> list[TableRow]:
    """Rows of one applied record: itself and its change when it is new or resumed, its arrival always."""
    entry, arrival, change, reading, current_at = applied
    if arrival.outcome == DUPLICATE or change is None:
        return [(schema.ARRIVALS, _arrival_row(entry, arrival))]
    # As stored with the change, whichever attempt of the run reports it: so a retry's row is the same row.
    came = (schema.ARRIVALS, _arrival_row(entry, arrival_of(change)))
    return [row_of_entry(entry, change, reading), row_of_change(entry.kind, change, current_at), came]


def row_of_entry(entry: Entry, change: Change, reading: Change | None) -> TableRow:
    """Row of a record as it was read last; ``change`` is that of its arrival, ``reading`` that of the last reparse that
    read it otherwise."""
    return _TABLE_OF_KIND[entry.kind], _record_row(entry, change, reading or change)


def row_of_change(kind: str, change: Change, current_at: int | None) -> TableRow:
    """Row of a change; ``kind`` is that of its record. ``current_at``: see ``Applied``."""
    return schema.CHANGES, _change_row(kind, change, current_at)


def row_of_move(now: Entry, before: Entry, change: Change, reading: Change) -> TableRow | None:
    """What takes a record out of its month where a reparse, ``reading``, put it into another; None where it did not."""
    month, left = (_month_of_record(one, change.received_at) for one in (now, before))
    if month == left:
        return None
    row: Row = {
        "record_id": now.record_id,
        "range_id" if now.kind == VOIDED_RANGE else "access_key": now.key,
        "partition_month": left,
        "layout": now.layout,
        "form": now.form,
        "run": change.run,
        "origin": _clean(change.origin),
        "received_at": change.received_at,
        "revision": reading.revision,
        "applied_at": reading.applied_at,
        "moved_to_month": month,
    }
    return _TABLE_OF_KIND[now.kind], row


def rows_of_dead_letter(dead: DeadLetter, run: str, job: str, at: int) -> list[TableRow]:
    """Rows of one dead letter: itself and its arrival. ``at``: micros, when it was found dead."""
    month = _month_of_micros(dead.received_at)
    letter: Row = {
        "dead_letter_id": dead.dead_letter_id,
        "code": dead.code,
        "message": _clean(dead.message),
        "stage": dead.stage,
        "origin": _clean(dead.origin),
        "partition_month": month,
        "received_at": dead.received_at,
        "found_at": at,
        "run": run,
        "job": job,
        "payload_size": dead.size,
        "truncated": dead.truncated,
    }
    if len(dead.payload) <= MAX_PAYLOAD_BYTES:
        letter["payload"] = dead.payload
    arrival: Row = {
        "run": run,
        "origin": letter["origin"],
        "job": job,
        "outcome": DEAD,
        "dead_letter_id": letter["dead_letter_id"],
        "code": dead.code,
        "partition_month": month,
        "received_at": dead.received_at,
        "applied_at": at,
    }
    return [(schema.DEAD_LETTERS, letter), (schema.ARRIVALS, arrival)]


def row_of_count(partial: Row) -> TableRow:
    """Row of one named partial sum, as counting yields it."""
    month = partial.get("month")
    row = {**partial, "partition_month": _month_of_text(month) if month else NO_MONTH}
    if day := _LOG_DAY.fullmatch(partial["partial"]):
        row["log_day"] = day[1]
    return schema.COUNTS, row


def _record_row(entry: Entry, change: Change, last: Change) -> Row:
    table = _TABLE_OF_KIND[entry.kind]
    columns = schema.column_names(table)
    row: Row = {}
    extra: Fields = {}
    for name, value in entry.fields.items():
        (row if name in columns else extra)[name] = value
    if extra:
        row["extra"] = _json(extra)
    row["record_id"] = entry.record_id
    row["range_id" if entry.kind == VOIDED_RANGE else "access_key"] = entry.key
    row["partition_month"] = _month_of_record(entry, change.received_at)
    row["layout"] = entry.layout
    row["form"] = entry.form
    if entry.findings:
        row["findings"] = list(entry.findings)
    row["run"] = change.run
    row["origin"] = _clean(change.origin)
    row["received_at"] = change.received_at
    row["revision"] = last.revision
    row["applied_at"] = last.applied_at
    if entry.parser:
        row["parser"] = entry.parser
    return row


def _change_row(kind: str, change: Change, current_at: int | None) -> Row:
    row: Row = {
        "access_key": change.key,
        "revision": change.revision,
        "record_id": change.record_id,
        "kind": kind,
        "partition_month": _month_of_micros(change.applied_at),
        "run": change.run,
        "origin": _clean(change.origin),
        "job": change.job,
        "received_at": change.received_at,
        "applied_at": change.applied_at,
        "state_after": _json(change.after),
        "logged": change.logged,
    }
    if current_at is not None:
        row[schema.CURRENT_AT] = current_at
    if change.cause:
        row["cause"] = change.cause
    if change.before is not None:
        row["state_before"] = _json(change.before)
    if change.head is not None:
        row |= {f"head_{name}": value for name, value in change.head.items()}
    for side, dimensions in (("before", change.dimensions_before), ("after", change.dimensions_after)):
        for name in _COUNTED:
            if dimensions and name in dimensions:
                row[f"{name}_{side}"] = dimensions[name]
    return row


def _arrival_row(entry: Entry, arrival: Arrival) -> Row:
    return {
        "run": arrival.run,
        "origin": _clean(arrival.origin),
        "job": arrival.job,
        "outcome": DUPLICATE if arrival.outcome == DUPLICATE else NEW,
        "record_id": entry.record_id,
        "access_key": entry.key,
        "kind": entry.kind,
        "partition_month": _month_of_micros(arrival.received_at),
        "received_at": arrival.received_at,
        "applied_at": arrival.applied_at,
    }


def _month_of_record(entry: Entry, received_at: int) -> int:
    for name in _MONTH_FIELDS[entry.kind]:
        text = entry.fields.get(name)
        if text:
            return _month_of_text(text)
    year = entry.fields.get("year")
    return int(year) * 100 + 1 if year else _month_of_micros(received_at)


def _month_of_text(text: str) -> int:
    """``YYYY-MM...`` as the number yyyymm."""
    return int(text[:4]) * 100 + int(text[5:7])


def _month_of_micros(micros: int) -> int:
    moment = instants.datetime_of(micros)
    return moment.year * 100 + moment.month


def _json(value: Fields) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _clean(text: str) -> str:
    """Text that UTF-8 can hold: a file name that is none keeps its odd bytes as escapes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
