"""Cells of the table of records: what is stored where. Pure.

Families: ``s`` the state and the row's revision, ``f`` the fields of each record, ``x`` its XML, ``c`` the change it
made and the arrival that brought it, ``a`` every further arrival of it. docs/DESIGN.md says why.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from transforms import access_key, instants
from transforms.history.fold import Folded
from transforms.model import NEW, Arrival, Change, Entry, Record
from transforms.truth.certificates import Certificate
from transforms.truth.codec import Codec

STATE, FIELDS, XML, CHANGES, ARRIVALS = "s", "f", "x", "c", "a"
FAMILIES = (STATE, FIELDS, XML, CHANGES, ARRIVALS)
TRANSACTION_FAMILIES = (STATE, FIELDS, CHANGES)

REVISION, STATUS, FOLDED, SIZE, READ = b"rev", b"status", b"state", b"size", b"read"
# What of the state does not tell how it came about.
CONTENT = (STATUS, FOLDED, SIZE)
# Before the revision of a change with a cause.
WAS = b"was/"
DICTIONARY, CERTIFICATE = b"dictionary", b"certificate"

# What the service recommends as the most for a cell and for a row (its hard limits are 100 MB and 256 MB).
MAX_CELL_BYTES = 10_000_000
MAX_ROW_BYTES = 100_000_000

_INT64 = struct.Struct(">q")
_CAUSE = ("cause", "was")
_INT64_PAIR = struct.Struct(">qq")
_INSTANTS = ("issued_at", "occurred_at", "registered_at", "key_month")


class Cell(NamedTuple):
    """One cell to write; ``timestamp`` in micros, whole millis, never the present."""

    family: str
    qualifier: bytes
    timestamp: int
    value: bytes


class Family(NamedTuple):
    """A column family; with ``days``, what is older by its timestamp is collected."""

    name: str
    days: int = 0


Cells = Mapping[str, Mapping[bytes, bytes]]
"""Newest values of a row: family -> qualifier -> value."""


class Row(NamedTuple):
    """A row as read, the newest cell of each column."""

    key: bytes
    cells: list[Cell]


class Page(NamedTuple):
    """Some rows of a range, in order, and whether there may be others behind them."""

    rows: list[Row]
    more: bool


def by_column(cells: Iterable[Cell]) -> Cells:
    """Values of cells by family and qualifier."""
    found: dict[str, dict[bytes, bytes]] = {}
    for cell in cells:
        found.setdefault(cell.family, {})[cell.qualifier] = cell.value
    return found


def after(found: Cells, written: Iterable[Cell]) -> Cells:
    """What a row that held ``found`` holds once the cells are written, of the families of a transaction."""
    merged = {family: dict(columns) for family, columns in found.items()}
    for cell in written:
        if cell.family in TRANSACTION_FAMILIES:
            merged.setdefault(cell.family, {})[cell.qualifier] = cell.value
    return merged


class Head(NamedTuple):
    """The part of a row that a transaction rests on. ``size`` is the bytes of its ``f`` and ``x`` cells."""

    revision: int
    size: int


class ReadBy(NamedTuple):
    """That the records of a row, as of a revision, were all read by a parser: stored as that one reads them."""

    parser: int
    revision: int


NEVER_READ_AGAIN = ReadBy(0, 0)


class StoredEntry(NamedTuple):
    """An ``f`` cell: the entry, and how many bytes its XML has."""

    entry: Entry
    xml_bytes: int


def certificate_cell(codec: Codec, certificate: Certificate) -> Cell:
    """The one cell of a certificate's row."""
    return Cell(XML, CERTIFICATE, 0, codec.encode_xml(certificate.text))


def change_qualifier(revision: int) -> bytes:
    """Qualifier of a change; sorts as the revision does."""
    return b"%010d" % revision


def pack_int(number: int) -> bytes:
    """Big-endian int64, as Bigtable's own counters and filters have it."""
    return _INT64.pack(number)


def unpack_int(value: bytes) -> int:
    """Reads what ``pack_int`` wrote."""
    return int(_INT64.unpack(value)[0])


def cell_timestamp(entry: Entry) -> int:
    """The record's own instant in micros, cut to millis; its key's month where it has none, else 0."""
    for name in _INSTANTS:
        text = entry.fields.get(name)
        if text:
            return _millis(text)
    if access_key.is_access_key(entry.key):
        month = access_key.split(entry.key).month
        if month:
            return _millis(month)
    return 0


def _millis(text: str) -> int:
    """Micros of whole milliseconds, as fine as Bigtable keeps them; 0 for what is no instant."""
    try:
        return max(0, instants.micros_of_text(text) // 1_000 * 1_000)
    except ValueError:
        return 0


class RecordCells(NamedTuple):
    """The ``f`` and ``x`` cells of a record, and the certificates that its XML refers to."""

    cells: tuple[Cell, Cell]
    certificates: tuple[Certificate, ...]


def record_cells(codec: Codec, record: Record) -> RecordCells:
    """What is stored of a record: the same for every arrival of it."""
    xml = record.raw.payload
    fields = fields_cell(codec, StoredEntry(record.entry, len(xml)))
    packed = codec.pack_xml(xml)
    return RecordCells((fields, Cell(XML, fields.qualifier, fields.timestamp, packed.stored)), packed.certificates)


def fields_cell(codec: Codec, stored: StoredEntry) -> Cell:
    """The ``f`` cell of a record."""
    entry = stored.entry
    value = {
        "kind": entry.kind,
        "layout": entry.layout,
        "form": entry.form,
        "fields": entry.fields,
        "findings": entry.findings,
        "xml_bytes": stored.xml_bytes,
    }
    if entry.parser:
        value["parser"] = entry.parser
    return Cell(FIELDS, bytes.fromhex(entry.record_id), cell_timestamp(entry), codec.encode_json(value))


def state_cells(codec: Codec, revision: int, folded: Folded, size: int) -> tuple[Cell, ...]:
    """The ``s`` cells after a change. Their timestamp is always 0, so each write takes the last one's place."""
    return (
        Cell(STATE, REVISION, 0, pack_int(revision)),
        Cell(STATE, STATUS, 0, folded.state["status"].encode()),
        Cell(STATE, FOLDED, 0, codec.encode_json(folded.state)),
        Cell(STATE, SIZE, 0, pack_int(size)),
    )


def change_cell(codec: Codec, change: Change) -> Cell:
    """The ``c`` cell of a change; its key and revision are in the row key and the qualifier."""
    value = change._asdict()
    for name in ("key", "revision", *_CAUSE, *([] if change.head else ["head"])):
        del value[name]
    return Cell(CHANGES, change_qualifier(change.revision), 0, codec.encode_json(value))


def cause_cell(codec: Codec, change: Change) -> Cell:
    """The ``s`` cell of a change that has a cause. Releases that know of none do not see it, and write to the row."""
    return Cell(STATE, WAS + change_qualifier(change.revision), 0, codec.encode_json([change.cause, change.was]))


def decode_change(codec: Codec, key: str, qualifier: bytes, value: bytes, row: Cells | None = None) -> Change:
    """Reads what ``change_cell`` wrote, and, in the row, ``cause_cell``."""
    change = Change(key=key, revision=int(qualifier), **codec.decode_json(value))
    stored = row.get(STATE, {}).get(WAS + qualifier) if row else None
    return change._replace(**dict(zip(_CAUSE, codec.decode_json(stored), strict=True))) if stored else change


def decode_changes(codec: Codec, key: str, row: Cells) -> Iterator[Change]:
    """The changes of a row, by revision."""
    for qualifier, value in sorted(row.get(CHANGES, {}).items()):
        yield decode_change(codec, key, qualifier, value, row)


def arrival_cell(codec: Codec, record_id: str, arrival: Arrival) -> Cell:
    """The ``a`` cell of an arrival that made no change: one per run and origin, however many attempts it took.

    It names the job of the last attempt.
    """
    who = "\0".join((arrival.run, arrival.origin))
    qualifier = bytes.fromhex(record_id) + hashlib.sha256(who.encode()).digest()[:16]
    return Cell(ARRIVALS, qualifier, 0, codec.encode_json(arrival._asdict()))


def arrival_of(change: Change) -> Arrival:
    """The arrival that made a change; it has no cell of its own."""
    return Arrival(change.run, change.origin, change.job, change.received_at, change.applied_at, NEW)


def decode_arrival(codec: Codec, qualifier: bytes, value: bytes) -> tuple[str, Arrival]:
    """Record id and arrival of an ``a`` cell."""
    return qualifier[:32].hex(), Arrival(**codec.decode_json(value))


def decode_entry(codec: Codec, key: str, qualifier: bytes, value: bytes) -> Entry:
    """An entry of the history from its ``f`` cell."""
    return decode_fields(codec, key, qualifier, value).entry


def decode_fields(codec: Codec, key: str, qualifier: bytes, value: bytes) -> StoredEntry:
    """Reads what ``fields_cell`` wrote."""
    found = codec.decode_json(value)
    entry = Entry(
        record_id=qualifier.hex(),
        kind=found["kind"],
        key=key,
        layout=found["layout"],
        form=found["form"],
        fields=found["fields"],
        findings=tuple(found["findings"]),
        parser=found.get("parser", 0),
    )
    return StoredEntry(entry, found["xml_bytes"])


def read_cell(by: ReadBy) -> Cell:
    """The ``s`` cell that says which parser read all of a row."""
    return Cell(STATE, READ, 0, _INT64_PAIR.pack(*by))


def read_by(row: Cells) -> ReadBy:
    """What ``read_cell`` wrote."""
    value = row.get(STATE, {}).get(READ)
    return ReadBy(*_INT64_PAIR.unpack(value)) if value else NEVER_READ_AGAIN


def head_of(row: Cells) -> Head | None:
    """Revision and size of a row as read, None where there is no history."""
    state = row.get(STATE, {})
    if REVISION not in state:
        return None
    return Head(unpack_int(state[REVISION]), unpack_int(state[SIZE]))


def stored_bytes(cells: Iterable[Cell]) -> int:
    """Bytes of the values."""
    return sum(len(cell.value) for cell in cells)
