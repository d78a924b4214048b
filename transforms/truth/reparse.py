"""A reparse of a row: what its records say is made what a parser reads of their XML now. Pure, no I/O.

Whatever differs becomes a change of the record with a revision of its own, in one mutation of the row, on the condition
that the row is still as it was read: the transaction of every writer. The record keeps its id and its XML; the change
keeps what the record said before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import orjson

from transforms.history.fold import Folded, fold
from transforms.model import NO_LONGER_READ, REPARSE, Applied, Change, Entry, Fields, Record
from transforms.truth import patch, row_keys, rows
from transforms.truth.codec import Codec
from transforms.truth.read import History, StoredRecord, decode_history
from transforms.truth.requests import Column
from transforms.truth.rows import Cell, Cells, ReadBy, StoredEntry
from transforms.truth.tombstones import NO_BARS, Bars, tombstone_of
from transforms.truth.transaction import (
    Attempt,
    Check,
    Completed,
    Read,
    Transaction,
    changes_of,
    last_change,
    next_change,
    storable,
    transact,
)

Readings = Mapping[str, Entry | None]
"""What a parser makes of stored XML, by record id: None where it makes no entry of that id, kind and key."""


class Launch(NamedTuple):
    """Who reads again: run and job, when (micros), the number of the parser, and jobs whose effects are known to be
    complete: the changes of others are handed on again."""

    run: str
    job: str
    at: int
    parser: int
    finished: Collection[str] = ()


class Plan(NamedTuple):
    """What a row must be given. ``cells`` are empty where it is as it should be.

    ``differences`` are names of what differs, each as often as records differ in it; ``records`` is how many do.
    ``too_large`` of them are left as they were: they would not fit.
    """

    revision: int
    cells: tuple[Cell, ...]
    deleted: tuple[Column, ...]
    differences: tuple[str, ...]
    records: int
    too_large: int


class Reparsed(NamedTuple):
    """What became of a row. ``history`` is there where something has to be handed on: the changes of ``revisions``; it
    was read after ``at`` (micros)."""

    key: str
    plan: Plan
    history: History | None
    revisions: frozenset[int]
    at: int


def decide(stored: Entry, read: Entry | None, parser: int) -> Entry | None:
    """What is to be stored of a record instead of what is; None where that is right.

    What a newer parser read stays. What is read no more stays too, and says so by a finding.
    """
    if stored.parser > parser:
        return None
    if read is None or not _is_storable(read):
        now = stored._replace(findings=tuple(sorted({*stored.findings, NO_LONGER_READ})), parser=parser)
    else:
        now = read
    return None if now._replace(parser=stored.parser) == stored else now


def _is_storable(entry: Entry) -> bool:
    """Whether its fields can be stored: not those with an integer beyond 64 bits, or text that is no Unicode."""
    try:
        orjson.dumps(entry.fields)
    except TypeError:
        return False
    return True


def was(stored: Entry, now: Entry) -> Fields:
    """What takes a record back to what it said: its parser, and of the rest what differs."""
    found: Fields = {"parser": stored.parser}
    for name in ("layout", "form"):
        if getattr(stored, name) != getattr(now, name):
            found[name] = getattr(stored, name)
    if stored.findings != now.findings:
        found["findings"] = list(stored.findings)
    if stored.fields != now.fields:
        found["fields"] = patch.back(now.fields, stored.fields)
    return found


def before(now: Entry, change: Change) -> Entry:
    """What a record said before a reparse's change, of what it said after."""
    found = change.was or {}
    return now._replace(
        layout=found.get("layout", now.layout),
        form=found.get("form", now.form),
        findings=tuple(found.get("findings", now.findings)),
        fields=patch.apply(now.fields, found.get("fields", {})),
        parser=found.get("parser", 0),
    )


def readings_of(record: StoredRecord) -> Iterator[tuple[Change, Entry]]:
    """The reparses that read a record otherwise, the last one first, and what it said before each."""
    now = record.entry
    for reading in reversed(record.readings):
        now = before(now, reading)
        yield reading, now


def plan(codec: Codec, key: str, cells: Cells, readings: Readings, launch: Launch) -> Plan:
    """What makes the records of a row say what was read of them. The row must have a revision."""
    head = rows.head_of(cells)
    assert head is not None
    stored = {one.entry.record_id: one for one in stored_entries(codec, key, cells)}
    decided = {
        name: decide(stored[name].entry, read, launch.parser) for name, read in readings.items() if name in stored
    }
    change: Change | None = None
    folded: Folded | None = None
    size, too_large = head.size, 0
    written: list[Cell] = []
    deleted: list[Column] = []
    differences: list[str] = []
    changes = rows.decode_changes(codec, key, cells) if any(decided.values()) else ()
    first = {one.record_id: one for one in changes if not one.cause}
    entries = {name: one.entry for name, one in stored.items()}
    for name, now in sorted(decided.items()):
        if now is None:
            continue
        cell = rows.fields_cell(codec, StoredEntry(now, stored[name].xml_bytes))
        grown = size + len(cell.value) - len(cells[rows.FIELDS][cell.qualifier])
        if len(cell.value) > rows.MAX_CELL_BYTES or grown > rows.MAX_ROW_BYTES:
            too_large += 1
            continue
        size = grown
        before_it = change or last_change(codec, key, cells, head)
        entries[name] = now
        folded = fold(entries.values())
        change = _change(before_it, first, name, folded, launch)._replace(was=was(stored[name].entry, now))
        # An earlier instant would hide the new cell behind the old one.
        deleted.append(Column(rows.FIELDS, cell.qualifier))
        written += [cell, rows.change_cell(codec, change), rows.cause_cell(codec, change)]
        differences += names(stored[name].entry, now, before_it, change)
    revision = change.revision if change else head.revision
    if folded is not None:
        written += rows.state_cells(codec, revision, folded, size)
    by = ReadBy(launch.parser, revision)
    if not too_large and by != rows.read_by(cells) and _is_news(entries, readings, launch.parser):
        written.append(rows.read_cell(by))
    return Plan(head.revision, tuple(written), tuple(deleted), tuple(differences), len(deleted), too_large)


def stored_entries(codec: Codec, key: str, cells: Cells) -> Iterator[StoredEntry]:
    """The records of a row."""
    for qualifier, value in cells.get(rows.FIELDS, {}).items():
        yield rows.decode_fields(codec, key, qualifier, value)


def _is_news(entries: Mapping[str, Entry], readings: Readings, parser: int) -> bool:
    """Whether every record of the row was read by the parser, and some do not say so: they are as they were before."""
    by = {name: entry.parser for name, entry in entries.items()}
    return all(name in readings or by[name] == parser for name in by) and max(by.values()) <= parser > min(by.values())


def _change(before: Change, first: Mapping[str, Change], name: str, folded: Folded, launch: Launch) -> Change:
    arrival = rows.arrival_of(first[name])._replace(run=launch.run, job=launch.job, applied_at=launch.at)
    came = {record_id: change.received_at for record_id, change in first.items()}
    change = next_change(before.key, name, arrival, before, folded, came)
    return change._replace(logged=True, cause=REPARSE)


def names(stored: Entry, now: Entry, before: Change, change: Change) -> Iterator[str]:
    """What differs of a record, of the state and of what is counted, by name: ``fields.total``, ``state.status``."""
    yield from differing(stored, now)
    yield from (f"state.{one}" for one in patch.names(patch.back(change.after, before.after), change.after))
    moved = patch.back(change.dimensions_after, before.dimensions_after)
    yield from (f"counts.{one}" for one in patch.names(moved, change.dimensions_after))


def differing(stored: Entry, now: Entry) -> Iterator[str]:
    """What differs of a record, by name."""
    for name, old in was(stored, now).items():
        if name == "findings":
            yield from (f"findings.{code}" for code in sorted({*old} ^ {*now.findings}))
        elif name == "fields":
            yield from (f"fields.{one}" for one in patch.names(old, now.fields))
        elif name != "parser":
            yield name


def reparse(codec: Codec, key: str, cells: Cells, first: Plan, readings: Readings, launch: Launch) -> Transaction:
    """Steps that carry a plan out, made again when another writer was first; ends in ``Reparsed``.

    ``cells`` is the row as it was read (families of a transaction), ``first`` the plan for it.
    """
    row = row_keys.row_key(key)
    made, conflicts = first, 0
    while made.cells:
        if (yield Check(row, made.revision, made.cells, made.deleted)):
            cells = rows.after(cells, made.cells)
            break
        found = yield Read(row)
        assert isinstance(found, dict)
        if tombstone_of(found):
            nothing = made._replace(cells=(), differences=(), records=0)
            return Completed(Reparsed(key, nothing, None, frozenset(), launch.at), 0, 0)
        cells, conflicts = found, conflicts + 1
        made = plan(codec, key, cells, readings, launch)
    return Completed(handed_on(codec, key, cells, made, launch), conflicts, rows.stored_bytes(made.cells))


def adopt(codec: Codec, record: Record, launch: Launch, bars: Bars = NO_BARS) -> Transaction:
    """Steps that apply a record found inside of stored XML, where its row does not hold it. Ends as ``transact`` does
    for it and for one that an earlier launch applied and may not have handed on, otherwise in None."""
    found = yield Read(row_keys.row_key(record.entry.key))
    assert isinstance(found, dict)
    if bytes.fromhex(record.entry.record_id) in found.get(rows.FIELDS, {}):
        made, _ = changes_of(codec, record.entry, found)
        mine = (made.run, made.origin) == (launch.run, storable(record.raw.origin))
        if not mine or made.job in launch.finished:
            return Completed(None, 0, 0)
    outcome = yield from transact(codec, record, Attempt(launch.run, launch.job, launch.at, logged=True), bars)
    # What does not fit, or is barred, is inside of what is stored: it is not lost.
    return outcome if isinstance(outcome.result, Applied) else outcome._replace(result=None)


def handed_on(codec: Codec, key: str, cells: Cells, made: Plan, launch: Launch) -> Reparsed:
    """What has to be handed on of a row: changes of reparses that may not have been, or not all the way."""
    if len(cells.get(rows.CHANGES, {})) == len(cells.get(rows.FIELDS, {})):
        return Reparsed(key, made, None, frozenset(), launch.at)
    history = decode_history(codec, key, cells)
    assert history is not None
    revisions = frozenset(
        change.revision
        for change in history.changes
        if change.cause and (change.job == launch.job or change.job not in launch.finished)
    )
    return Reparsed(key, made, history if revisions else None, revisions, launch.at)
