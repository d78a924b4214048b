"""Row keys and cells of the table of records: what is stored where. Pure.

Families: ``s`` the state and the row's revision, ``f`` the fields of each record, ``x`` its XML, ``c`` the change it
made and the arrival that brought it, ``a`` every further arrival of it. docs/DESIGN.md says why.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from transforms import access_key, instants
from transforms.history.fold import Folded
from transforms.model import NEW, Arrival, Change, Entry, Record
from transforms.truth.certificates import Certificate
from transforms.truth.codec import Codec

SALTS = 64
SALT_LENGTH = 2
RESERVED = b"~"
DICTIONARY_ROWS = b"~dictionary/"
CERTIFICATE_KEYS = "~certificate/"

STATE, FIELDS, XML, CHANGES, ARRIVALS = "s", "f", "x", "c", "a"
FAMILIES = (STATE, FIELDS, XML, CHANGES, ARRIVALS)
TRANSACTION_FAMILIES = (STATE, FIELDS, CHANGES)

REVISION, STATUS, FOLDED, SIZE = b"rev", b"status", b"state", b"size"
DICTIONARY, CERTIFICATE = b"dictionary", b"certificate"

# What the service recommends as the most for a cell and for a row (its hard limits are 100 MB and 256 MB).
MAX_CELL_BYTES = 10_000_000
MAX_ROW_BYTES = 100_000_000

_INT64 = struct.Struct(">q")
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


def row_key(key: str) -> bytes:
    """Row key of an access key, of a voided range's Id, or of a dead letter's id."""
    return b"%02x%b" % (zlib.crc32(key.encode()) % SALTS, access_key.to_row(key).encode())


def key_of(row: bytes) -> str:
    """The key in a row key."""
    return access_key.from_row(row[SALT_LENGTH:].decode())


def is_reserved(row: bytes) -> bool:
    """Whether the row is no history: dictionaries, certificates, and what else the table needs to be read."""
    return row.startswith(RESERVED) or row.startswith(RESERVED, SALT_LENGTH)


def key_prefix(uf: str, year_month: str = "", issuer: str = "") -> str:
    """Prefix in rows of the keys of a state (``SP`` or ``35``), of its month (``2503``), of an issuer in it.

    Raises ValueError for an unknown state, or an issuer without a month: the key orders them so.
    """
    code = access_key.CODE_OF_UF.get(uf, uf)
    if code not in access_key.UF_OF_CODE:
        raise ValueError(f"{uf!r} is no Brazilian state: use its two letters (SP) or its code (35)")
    if issuer and len(year_month) != 4:
        raise ValueError("keys are ordered by state, month, issuer: to select an issuer, give the month too (YYMM)")
    return code + year_month + issuer


def scan_ranges(prefix: str = "") -> list[tuple[bytes, bytes]]:
    """Row ranges, start closed and end open, that hold all keys with the prefix: one per salt, in order.

    Reserved rows are in none of them: those of a salt follow all of its keys.
    """
    encoded = prefix.encode()
    starts = [b"%02x%b" % (salt, encoded) for salt in range(SALTS)]
    if not encoded:
        return [(start, start + RESERVED) for start in starts]
    return [(start, start[:-1] + bytes((start[-1] + 1,))) for start in starts]


def dictionary_row(dictionary_id: int) -> bytes:
    """Reserved row that keeps a dictionary."""
    return DICTIONARY_ROWS + str(dictionary_id).encode()


def certificate_row(digest: bytes) -> bytes:
    """Reserved row that keeps a certificate. It is never collected: any document may refer to it.

    Salted as the keys are: a backfill writes thousands of them from every process, and side by side they would all
    lie on one tablet.
    """
    return row_key(CERTIFICATE_KEYS + digest.hex())


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
    entry, xml = record.entry, record.raw.payload
    timestamp = cell_timestamp(entry)
    qualifier = bytes.fromhex(entry.record_id)
    value = {
        "kind": entry.kind,
        "layout": entry.layout,
        "form": entry.form,
        "fields": entry.fields,
        "findings": entry.findings,
        "xml_bytes": len(xml),
    }
    packed = codec.pack_xml(xml)
    fields = Cell(FIELDS, qualifier, timestamp, codec.encode_json(value))
    return RecordCells((fields, Cell(XML, qualifier, timestamp, packed.stored)), packed.certificates)


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
    del value["key"], value["revision"]
    return Cell(CHANGES, change_qualifier(change.revision), 0, codec.encode_json(value))


def decode_change(codec: Codec, key: str, qualifier: bytes, value: bytes) -> Change:
    """Reads what ``change_cell`` wrote."""
    return Change(key=key, revision=int(qualifier), **codec.decode_json(value))


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
    return decode_fields(codec, key, qualifier, value)[0]


def decode_fields(codec: Codec, key: str, qualifier: bytes, value: bytes) -> tuple[Entry, int]:
    """All that is in an ``f`` cell: the entry, and how many bytes its XML has."""
    found = codec.decode_json(value)
    entry = Entry(
        record_id=qualifier.hex(),
        kind=found["kind"],
        key=key,
        layout=found["layout"],
        form=found["form"],
        fields=found["fields"],
        findings=tuple(found["findings"]),
    )
    return entry, found["xml_bytes"]


def head_of(row: Cells) -> Head | None:
    """Revision and size of a row as read, None where there is no history."""
    state = row.get(STATE, {})
    if REVISION not in state:
        return None
    return Head(unpack_int(state[REVISION]), unpack_int(state[SIZE]))


def stored_bytes(cells: Iterable[Cell]) -> int:
    """Bytes of the values."""
    return sum(len(cell.value) for cell in cells)
