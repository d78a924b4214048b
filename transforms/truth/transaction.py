"""Applying one record to the row of its key: what to send, given what was read. Pure, no I/O.

``transact`` is a generator: it yields steps, is sent their answers, and returns the outcome. Whoever drives it may
send a step any number of times (a write whose answer was lost may or may not have happened): every step is either
idempotent or conditional, and what is read afterwards tells which it was.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

from transforms.history.fold import Folded, fold
from transforms.history.head import head_of
from transforms.language import mark, say
from transforms.model import CLOCKS, DUPLICATE, NEW, RESUMED, Applied, Arrival, Change, DeadLetter, Entry, Record
from transforms.truth import row_keys, rows
from transforms.truth.certificates import Certificate
from transforms.truth.codec import Codec
from transforms.truth.errors import TruthError
from transforms.truth.requests import Column
from transforms.truth.rows import Cell, Cells, Head
from transforms.truth.tombstones import NO_BARS, Bars, tombstone_of

STAGE = "truth"
CELL_TOO_LARGE = "cell_too_large"
ROW_FULL = "row_full"
UNSTORABLE = "unstorable_fields"

CODES: dict[str, str] = {
    CELL_TOO_LARGE: mark("a record larger than Bigtable takes in one cell"),
    ROW_FULL: mark("a key whose row in Bigtable is full"),
    UNSTORABLE: mark("a record with a value that cannot be stored, such as text that is no Unicode"),
}


class Attempt(NamedTuple):
    """Who applies the record, in which unit of retry, when (micros), and whether its change is counted by the log."""

    run: str
    job: str
    applied_at: int
    logged: bool = False


class Keep(NamedTuple):
    """Write the row of a certificate; it never changes, so a writer that knows it is there skips this. Answer: None."""

    row: bytes
    certificate: Certificate


class Check(NamedTuple):
    """If the row's revision is the given one (None: if it has none), delete the columns and write the cells. Answer:
    whether it was."""

    row: bytes
    revision: int | None
    cells: tuple[Cell, ...]
    deleted: tuple[Column, ...] = ()


class Read(NamedTuple):
    """Read the families of a transaction. Answer: ``Cells``."""

    row: bytes


class Write(NamedTuple):
    """Write the cells whatever the row holds. Answer: None."""

    row: bytes
    cells: tuple[Cell, ...]


class Barred(NamedTuple):
    """A tombstone or a bar keeps this out: nothing was written."""

    key: str


class Completed(NamedTuple):
    """``stored_bytes`` of values were written by this attempt; ``conflicts`` is how often another writer was first."""

    result: Any
    conflicts: int
    stored_bytes: int


Step = Keep | Check | Read | Write
Answer = bool | Cells | None
Transaction = Generator[Step, Answer, Completed]


class _Plan(NamedTuple):
    """What a new record would write."""

    change: Change
    cells: tuple[Cell, ...]


def transact(codec: Codec, record: Record, attempt: Attempt, bars: Bars = NO_BARS) -> Transaction:
    """Steps that apply one record to its row, ending in NEW, RESUMED, DUPLICATE, a dead letter, or ``Barred``.

    NEW: the stored change is this attempt's own, also where the answer to its write was lost and a read found it.
    RESUMED: an earlier attempt of the same run and origin wrote it, its change is handed on unaltered. Raises
    TruthError when the row contradicts itself.
    """
    entry, raw = record
    if bars.holds(entry):
        return Completed(Barred(entry.key), 0, 0)
    row = row_keys.row_key(entry.key)
    qualifier = bytes.fromhex(entry.record_id)
    try:
        own_cells, certificates = rows.record_cells(codec, record)
    except TypeError as error:  # orjson: an integer beyond 64 bits, text that is no Unicode
        return Completed(_dead(record, UNSTORABLE, f"its fields cannot be stored as JSON: {error}"), 0, 0)
    for certificate in certificates:
        yield Keep(row_keys.certificate_row(certificate.digest), certificate)
    arrival = Arrival(
        run=attempt.run,
        origin=storable(raw.origin),
        job=attempt.job,
        received_at=raw.received_at,
        applied_at=attempt.applied_at,
        outcome=NEW,
    )
    found: Cells = {}
    head: Head | None = None
    conflicts = 0
    while True:
        plan = _plan(codec, record, arrival, attempt.logged, own_cells, found, head)
        if isinstance(plan, DeadLetter):
            return Completed(plan, conflicts, 0)
        if (yield Check(row, head.revision if head else None, plan.cells)):
            applied = Applied(entry, arrival, plan.change, current_at=plan.change.applied_at)
            return Completed(applied, conflicts, rows.stored_bytes(plan.cells))
        found = yield Read(row)  # type: ignore[assignment]
        if tombstone_of(found):
            return Completed(Barred(entry.key), conflicts, 0)
        if qualifier in found.get(rows.FIELDS, {}):
            return (yield from _found(codec, entry, arrival, found, conflicts))
        if head is not None:
            conflicts += 1
        head = rows.head_of(found)


def _found(codec: Codec, parsed: Entry, arrival: Arrival, found: Cells, conflicts: int) -> Transaction:
    """The record is in its row already: mine, or somebody else's. What is handed on is what was stored."""
    change, reading = changes_of(codec, parsed, found)
    qualifier = bytes.fromhex(parsed.record_id)
    entry = rows.decode_entry(codec, parsed.key, qualifier, found[rows.FIELDS][qualifier])
    mine = (change.run, change.origin) == (arrival.run, arrival.origin)
    head = rows.head_of(found)
    current = current_at(change, arrival.applied_at) if head and head.revision == change.revision else None
    if mine and change.job == arrival.job:
        this_attempt = change.applied_at >= arrival.applied_at
        stored = rows.arrival_of(change)._replace(outcome=NEW if this_attempt else RESUMED)
        return Completed(Applied(entry, stored, change, reading, current), conflicts, 0)
    arrival = arrival._replace(outcome=RESUMED if mine else DUPLICATE)
    cells = (rows.arrival_cell(codec, entry.record_id, arrival),)
    yield Write(row_keys.row_key(entry.key), cells)
    applied = Applied(entry, arrival, change if mine else None, reading, current)
    return Completed(applied, conflicts, rows.stored_bytes(cells))


def current_at(change: Change, now: int) -> int:
    """When a change that is read after ``now``, and is the last one of its key, was so by any clock: no later change of
    the key says that it was made before."""
    return max(change.applied_at, now - CLOCKS)


def _plan(
    codec: Codec,
    record: Record,
    arrival: Arrival,
    logged: bool,
    own_cells: tuple[Cell, ...],
    found: Cells,
    head: Head | None,
) -> _Plan | DeadLetter:
    size = rows.stored_bytes(own_cells) + (head.size if head else 0)
    if size > rows.MAX_ROW_BYTES:
        message = (
            f"the row of {record.entry.key} would hold {size:,} bytes, and may hold {rows.MAX_ROW_BYTES:,}; it has "
            f"{len(found[rows.FIELDS]) if found else 0} records. Look at its history before you send more of them."
        )
        return _dead(record, ROW_FULL, message)
    folded, change = _change(codec, record.entry, arrival, found, head)
    change = change._replace(logged=logged)
    cells = (
        *rows.state_cells(codec, change.revision, folded, size),
        *own_cells,
        rows.change_cell(codec, change),
    )
    for cell in cells:
        if len(cell.value) > rows.MAX_CELL_BYTES:
            message = (
                f"a cell of family {cell.family} would hold {len(cell.value):,} bytes compressed, and may hold "
                f"{rows.MAX_CELL_BYTES:,}; the document has {len(record.raw.payload):,} bytes."
            )
            return _dead(record, CELL_TOO_LARGE, message)
    return _Plan(change, cells)


def _change(codec: Codec, entry: Entry, arrival: Arrival, found: Cells, head: Head | None) -> tuple[Folded, Change]:
    """State before and after. Before is what the last change left, not a fold made anew: so the changes of a key
    add up even where the rules of the fold changed between two of them.
    """
    before = last_change(codec, entry.key, found, head) if head else None
    stored = found.get(rows.FIELDS, {})
    entries = [rows.decode_entry(codec, entry.key, qualifier, value) for qualifier, value in stored.items()]
    folded = fold([*entries, entry])
    came = {entry.record_id: arrival.received_at}
    headline = folded.headline
    if headline and headline.record_id not in came:
        came |= received_at(before) if before else {}
        if headline.record_id not in came:  # the change before was stored without it
            came |= {c.record_id: c.received_at for c in rows.decode_changes(codec, entry.key, found) if not c.cause}
    return folded, next_change(entry.key, entry.record_id, arrival, before, folded, came)


def received_at(change: Change) -> dict[str, int]:
    """When the record was received that spoke for the key after a change, by its id; empty where that is not known."""
    return {change.head["record_id"]: change.head["received_at"]} if change.head else {}


def next_change(
    key: str, record_id: str, arrival: Arrival, before: Change | None, folded: Folded, came: Mapping[str, int]
) -> Change:
    """What a record does to the state of its key, behind the change ``before``: the next revision.

    ``came``: when records were received (micros), by id; at least the one that speaks for the key.
    """
    headline = folded.headline
    return Change(
        key=key,
        revision=before.revision + 1 if before else 1,
        record_id=record_id,
        run=arrival.run,
        origin=arrival.origin,
        job=arrival.job,
        received_at=arrival.received_at,
        # Never before the change that it follows, whatever the clocks say.
        applied_at=max(arrival.applied_at, before.applied_at + 1) if before else arrival.applied_at,
        before=before.after if before else None,
        after=folded.state,
        dimensions_before=before.dimensions_after if before else None,
        dimensions_after=folded.dimensions,
        head=head_of(headline, came[headline.record_id]) if headline else None,
    )


def last_change(codec: Codec, key: str, found: Cells, head: Head) -> Change:
    """The change that made the row's revision. Raises TruthError where it is not there."""
    qualifier = rows.change_qualifier(head.revision)
    value = found.get(rows.CHANGES, {}).get(qualifier)
    if value is None:
        raise TruthError(
            say(
                "the row of {key} has revision {revision} but no change of that number: it was not written by this "
                "project, or cells were deleted. Restore the row from a backup.",
                key=key,
                revision=head.revision,
            )
        )
    return rows.decode_change(codec, key, qualifier, value, found)


def changes_of(codec: Codec, entry: Entry, found: Cells) -> tuple[Change, Change | None]:
    """The change that the record's arrival made, and that of the last reparse that read it otherwise."""
    made: Change | None = None
    reading: Change | None = None
    for change in rows.decode_changes(codec, entry.key, found):
        if change.record_id == entry.record_id:
            made, reading = (made, change) if change.cause else (made or change, reading)
    if made is not None:
        return made, reading
    raise TruthError(
        say(
            "the row of {key} holds record {record} but no change of it: it was not written by this project, or "
            "cells were deleted. Restore the row from a backup.",
            key=entry.key,
            record=entry.record_id,
        )
    )


def _dead(record: Record, code: str, message: str) -> DeadLetter:
    raw = record.raw
    return DeadLetter(code, message, STAGE, raw.origin, raw.payload, raw.received_at, len(raw.payload))


def storable(text: str) -> str:
    """The origin as JSON can hold it: a file name may have bytes that are no Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
