"""What the source of truth holds, as rows of the BigQuery tables: the rows that were written when it came. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from transforms.model import Applied
from transforms.truth.dead_letters import DONE, StoredDeadLetter
from transforms.truth.read import History, StoredRecord
from transforms.truth.reparse import readings_of
from transforms.views.rows import TableRow, row_of_change, row_of_entry, row_of_move, rows_of, rows_of_dead_letter


def rows_of_history(history: History) -> Iterator[TableRow]:
    """Each record with its change, and every arrival of it once: a repeated attempt of a run is the same arrival."""
    for record in history.records:
        own, change, _ = rows_of(record.applied())
        yield own
        yield change
        yield from (row_of_change(record.entry.kind, reading) for reading in record.readings)
        yield from _moves(record)
        met = set()
        for arrival in record.arrivals:
            sender = (arrival.run, arrival.origin)
            if sender in met:  # the change's own arrival, brought again by another attempt
                continue
            met.add(sender)
            yield from rows_of(Applied(record.entry, arrival, None))


def rows_of_readings(history: History, revisions: Collection[int]) -> Iterator[TableRow]:
    """What reparses made of a key by the changes of these revisions."""
    for record in history.records:
        made = [reading for reading in record.readings if reading.revision in revisions]
        if made:
            yield row_of_entry(record.entry, record.change, record.readings[-1])
            yield from (row_of_change(record.entry.kind, reading) for reading in made)
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
