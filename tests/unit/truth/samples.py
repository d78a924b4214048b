"""Records for the tests of the source of truth, and what a row must hold after a set of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from hypothesis import strategies as st

from tests.histories import histories, key_of
from transforms.history.fold import fold
from transforms.model import (
    DOCUMENT,
    Applied,
    Arrival,
    Change,
    Entry,
    Fields,
    RawDocument,
    Record,
    record_id_of,
)
from transforms.truth import rows
from transforms.truth.codec import Codec, packaged_codec
from transforms.truth.read import History, decode_history
from transforms.truth.rows import Cell
from transforms.truth.transaction import Answer, Attempt, Check, Completed, Keep, Read, Step, Transaction, transact

RECEIVED_AT = 1_760_000_000_000_000
_numbers = itertools.count(1)


def fresh_key(model: str = "55") -> str:
    """An access key that no other test of this process has."""
    return key_of(model, next(_numbers))


def record(key: str, text: str = "", origin: str = "file:///a.xml", **fields: object) -> Record:
    """A document of a key; another text is another record."""
    xml = f"<nfeProc>{key}{text}</nfeProc>".encode()
    given: Fields = {"model": key[20:22], "issued_at": "2025-03-01T10:00:00Z", "total": "10.50", **fields}
    entry = Entry(record_id_of(xml), DOCUMENT, key, "nfe", "processed", given, ("wrong_check_digit",))
    return Record(entry, RawDocument(xml, origin, RECEIVED_AT))


def record_of(entry: Entry, key: str, origin: str) -> Record:
    """A record with the fields of an entry, under another key of the same model."""
    xml = f"<xml>{entry.record_id}{key}</xml>".encode()
    return Record(entry._replace(record_id=record_id_of(xml), key=key), RawDocument(xml, origin, RECEIVED_AT))


def from_origin(found: Record, origin: str) -> Record:
    """The same bytes, brought from elsewhere."""
    return found._replace(raw=found.raw._replace(origin=origin))


@st.composite
def records(draw: st.DrawFn, max_size: int = 5) -> list[Record]:
    """Distinct records of one key that nothing else has, each from an origin of its own."""
    entries = draw(histories(max_size=max_size))
    key = fresh_key(entries[0].key[20:22])
    return [record_of(entry, key, f"file:///{number}.xml") for number, entry in enumerate(entries)]


def expected_cells(codec: Codec, found: Iterable[Record]) -> set[Cell]:
    """Cells of a row after these records, lineage, revisions and changes aside."""
    kept = list(found)
    own = [cell for r in kept for cell in rows.record_cells(codec, r).cells]
    state = rows.state_cells(codec, len(kept), fold(record.entry for record in kept), rows.stored_bytes(own))
    return {cell for cell in (*own, *state) if cell.qualifier != rows.REVISION}


CODEC = packaged_codec()


FIRST = Attempt("run", "job-1", 1_000)


class Row:
    """One row of a table."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, bytes], Cell] = {}
        self.steps: list[Step] = []
        self.kept: set[tuple[bytes, Cell]] = set()

    def answer(self, step: Step) -> Answer:
        self.steps.append(step)
        if isinstance(step, Keep):
            self.kept.add((step.row, rows.certificate_cell(CODEC, step.certificate)))
            return None
        if isinstance(step, Read):
            kept = [cell for cell in self.cells.values() if cell.family in rows.TRANSACTION_FAMILIES]
            return rows.by_column(kept)
        if isinstance(step, Check):
            head = rows.head_of(rows.by_column(self.cells.values()))
            if (head.revision if head else None) != step.revision:
                return False
            for column in step.deleted:
                self.cells.pop((column.family, column.qualifier), None)
        for cell in step.cells:
            known = self.cells.get((cell.family, cell.qualifier))
            if known is None or known.timestamp <= cell.timestamp:  # a newer one hides it
                self.cells[cell.family, cell.qualifier] = cell
        return True if isinstance(step, Check) else None

    def apply(self, stored: Record, attempt: Attempt = FIRST) -> Completed:
        return self.follow(transact(CODEC, stored, attempt))

    def follow(self, transaction: Transaction, answer: Answer = None) -> Completed:
        try:
            step = next(transaction) if answer is None else transaction.send(answer)
            while True:
                step = transaction.send(self.answer(step))
        except StopIteration as stop:
            return stop.value

    def content(self) -> set[Cell]:
        """What may not depend on order."""
        return {
            cell for cell in self.cells.values() if cell.family in ("s", "f", "x") and cell.qualifier != rows.REVISION
        }

    def changes(self) -> list[Change]:
        found = sorted((q, c.value) for (family, q), c in self.cells.items() if family == "c")
        return [rows.decode_change(CODEC, "", qualifier, value) for qualifier, value in found]

    def arrivals(self) -> list[Arrival]:
        further = [rows.decode_arrival(CODEC, q, c.value)[1] for (f, q), c in self.cells.items() if f == "a"]
        return [*map(rows.arrival_of, self.changes()), *further]


def applied(completed: Completed) -> Applied:
    assert isinstance(completed.result, Applied)
    return completed.result


def history(row: Row, key: str) -> History:
    found = decode_history(CODEC, key, rows.by_column(row.cells.values()))
    assert found is not None
    return found
