"""What the source of truth holds, as rows of the BigQuery tables: the rows that were written when it came. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from transforms.model import Applied, Change
from transforms.truth.dead_letters import DONE, StoredDeadLetter
from transforms.truth.read import History, StoredRecord
from transforms.truth.refold import head_of_history
from transforms.truth.reparse import readings_of
from transforms.truth.transaction import current_at
from transforms.views.rows import TableRow, row_of_change, row_of_entry, row_of_move, rows_of, rows_of_dead_letter


def rows_of_history(history: History, at: int = 0) -> Iterator[TableRow]:
    """Each record with its change, and every arrival of it once: a repeated attempt of a run is the same arrival.

    ``at``: the history was read after this (micros).
    """
    for record in history.records:
        applied = record.applied()
        own, *_ = rows_of(applied)
        yield own
        yield from (_row_of_change(history, record, change, at) for change in (record.change, *record.readings))
        yield from _moves(record)
        met = set()
        for arrival in record.arrivals:
            sender = (arrival.run, arrival.origin)
            if sender in met:  # the change's own arrival, brought again by another attempt
                continue
            met.add(sender)
            yield from rows_of(Applied(record.entry, arrival, None))


def _row_of_change(history: History, record: StoredRecord, change: Change, at: int) -> TableRow:
    last = change.revision == history.revision
    if last and change.head is None:  # it was stored by a release that did without
        change = change._replace(head=head_of_history(history))
    return row_of_change(record.entry.kind, change, current_at(change, at) if last else None)


def rows_of_readings(history: History, revisions: Collection[int], at: int) -> Iterator[TableRow]:
    """What reparses made of a key by the changes of these revisions; the history was read after ``at`` (micros)."""
    for record in history.records:
        made = [reading for reading in record.readings if reading.revision in revisions]
        if made:
            yield row_of_entry(record.entry, record.change, record.readings[-1])
            yield from (_row_of_change(history, record, reading, at) for reading in made)
            yield from _moves(record)


def _moves(record: StoredRecord) -> Iterator[TableRow]:
    """What takes a record out of the months that it was in, as it was read before."""
    now = record.entry
    for reading, before in readings_of(record):
        moved = row_of_move(now, before, record.change, reading)
        if moved is not None:
            yield moved
        now = before


def rows_of_stored_dead_letter(stored: StoredDeadLetter) -> Iterator[TableRow]:
    """The dead letter and its arrival, for each run that met it."""
    for arrival in stored.arrivals:
        letter = stored.letter._replace(received_at=arrival.received_at)
        at = arrival.applied_at or arrival.received_at
        for table, row in rows_of_dead_letter(letter, arrival.run, arrival.job, at):
            yield table, {**row, "dead_letter_id": stored.dead_letter_id}
    yield from rows_of_redriven(stored)


def rows_of_redriven(stored: StoredDeadLetter) -> Iterator[TableRow]:
    """The dead letter again, without its bytes, saying when a redrive made a record of it; none while it is open."""
    if stored.redrive is not None and stored.redrive.state == DONE:
        (table, row), _ = rows_of_dead_letter(stored.letter, stored.run, stored.job, stored.redrive.at)
        row.pop("payload", None)
        row |= {"redriven_at": stored.redrive.at, "redriven_run": stored.redrive.run}
        yield table, {**row, "dead_letter_id": stored.dead_letter_id}
