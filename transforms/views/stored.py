"""What the source of truth holds, as rows of the BigQuery tables: the rows that were written when it came. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.model import Applied
from transforms.truth.dead_letters import DONE, StoredDeadLetter
from transforms.truth.read import History
from transforms.views.rows import TableRow, rows_of, rows_of_dead_letter


def rows_of_history(history: History) -> Iterator[TableRow]:
    """Each record with its change, and every arrival of it once: a repeated attempt of a run is the same arrival."""
    for record in history.records:
        own, change, _ = rows_of(record.applied())
        yield own
        yield change
        met = set()
        for arrival in record.arrivals:
            sender = (arrival.run, arrival.origin)
            if sender in met:  # the change's own arrival, brought again by another attempt
                continue
            met.add(sender)
            yield from rows_of(Applied(record.entry, arrival, None))


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
