"""Records for the tests of the source of truth, and what a row must hold after a set of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from hypothesis import strategies as st

from tests.histories import histories, key_of
from transforms.history.fold import Entry, fold
from transforms.model import DOCUMENT, Fields, Record, record_id_of
from transforms.truth import rows
from transforms.truth.codec import Codec
from transforms.truth.rows import Cell

RECEIVED_AT = 1_760_000_000_000_000
_numbers = itertools.count(1)


def fresh_key(model: str = "55") -> str:
    """An access key that no other test of this process has."""
    return key_of(model, next(_numbers))


def record(key: str, text: str = "", origin: str = "file:///a.xml", **fields: object) -> Record:
    """A document of a key; another text is another record."""
    xml = f"<nfeProc>{key}{text}</nfeProc>".encode()
    given: Fields = {"model": key[20:22], "issued_at": "2025-03-01T10:00:00Z", "total": "10.50", **fields}
    return Record(
        record_id_of(xml), DOCUMENT, key, "nfe", "processed", given, ("wrong_check_digit",), xml, origin, RECEIVED_AT
    )


def record_of(entry: Entry, key: str, origin: str) -> Record:
    """A record with the fields of an entry, under another key of the same model."""
    xml = f"<xml>{entry.record_id}{key}</xml>".encode()
    return Record(
        record_id_of(xml), entry.kind, key, entry.layout, entry.form, entry.fields, entry.findings, xml, origin,
        RECEIVED_AT,
    )  # fmt: skip


@st.composite
def records(draw: st.DrawFn, max_size: int = 5) -> list[Record]:
    """Distinct records of one key that nothing else has, each from an origin of its own."""
    entries = draw(histories(max_size=max_size))
    key = fresh_key(entries[0].key[20:22])
    return [record_of(entry, key, f"file:///{number}.xml") for number, entry in enumerate(entries)]


def expected_cells(codec: Codec, found: Iterable[Record]) -> set[Cell]:
    """Cells of a row after these records, lineage, revisions and changes aside."""
    kept = list(found)
    entries = [Entry(r.record_id, r.kind, r.key, r.layout, r.form, r.fields, r.findings) for r in kept]
    own = [cell for r in kept for cell in rows.record_cells(codec, r).cells]
    state = rows.state_cells(codec, len(kept), fold(entries), rows.stored_bytes(own))
    return {cell for cell in (*own, *state) if cell.qualifier != rows.REVISION}
