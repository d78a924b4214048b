"""Applying records without Beam: by the writer of a process, or step by step."""

from __future__ import annotations

from collections.abc import Iterable

from transforms.model import Applied, DeadLetter, Record
from transforms.truth import row_keys, rows
from transforms.truth.client import Client
from transforms.truth.codec import packaged_codec
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.rows import Cell
from transforms.truth.transaction import Answer, Attempt, Check, Keep, Read, Step, Write, transact
from transforms.truth.writer import Done, Writer

CODEC = packaged_codec()


def apply_all(writer: Writer, found: Iterable[Record], attempt: Attempt) -> list[Done]:
    """One bundle of records; each result's tag is its record."""
    bundle = writer.bundle()
    for stored in found:
        row, size = row_keys.row_key(stored.entry.key), len(stored.raw.payload)
        bundle.add(
            writer.config.records_table,
            row,
            size,
            stored,
            lambda stored=stored: transact(writer.codec, stored, attempt),
        )
    return list(bundle.finish())


def outcomes(done: Iterable[Done]) -> list[str]:
    """Completed of each applied record, code of each dead letter."""
    results = (each.completed.result for each in done)
    return [result.code if isinstance(result, DeadLetter) else result.arrival.outcome for result in results]


def applied(done: Done) -> Applied:
    """The result of a record that was applied."""
    assert isinstance(done.completed.result, Applied)
    return done.completed.result


def answer(client: Client, config: TruthConfig, step: Step) -> Answer:
    """Takes one step of a transaction."""
    table = config.records_table
    if isinstance(step, Check):
        return wait_for(client.check(table, step.row, step.revision, step.cells))
    if isinstance(step, Read):
        return wait_for(client.read_row(table, step.row, rows.TRANSACTION_FAMILIES))
    if isinstance(step, Keep):
        wait_for(client.write(table, step.row, (rows.certificate_cell(CODEC, step.certificate),)))
    if isinstance(step, Write):
        wait_for(client.write(table, step.row, step.cells))
    return None


def content(client: Client, config: TruthConfig, key: str) -> set[Cell]:
    """Cells of a row, lineage, revisions and changes aside."""
    found = client.scan(config.records_table, row_keys.row_key(key), row_keys.row_key(key) + b"\0")
    return {
        cell
        for row in found
        for cell in row.cells
        if cell.family in (rows.STATE, rows.FIELDS, rows.XML) and cell.qualifier != rows.REVISION
    }
