"""Reading the source of truth back: one key's history, whole ranges, canonical content, dead letters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from transforms.language import say
from transforms.model import Applied, Arrival, Change, Entry, Fields
from transforms.truth import dead_letters, row_keys, rows
from transforms.truth.client import Client
from transforms.truth.codec import Codec, packaged_codec
from transforms.truth.config import TruthConfig
from transforms.truth.dead_letters import StoredDeadLetter
from transforms.truth.errors import TruthError
from transforms.truth.loop import wait_for
from transforms.truth.rows import Cells, ReadBy, Row
from transforms.truth.tombstones import Tombstone, tombstone_of

_HISTORY_FAMILIES = (rows.STATE, rows.FIELDS, rows.CHANGES, rows.ARRIVALS)


class StoredRecord(NamedTuple):
    """A record as stored, with the change it made and every arrival of it (oldest first).

    ``readings`` are the changes of the reparses that read it otherwise than before.
    """

    entry: Entry
    xml_bytes: int
    change: Change
    arrivals: tuple[Arrival, ...]
    readings: tuple[Change, ...] = ()

    def applied(self) -> Applied:
        """What the transform emitted when the record was new."""
        reading = self.readings[-1] if self.readings else None
        return Applied(self.entry, rows.arrival_of(self.change), self.change, reading)


class History(NamedTuple):
    """All that is known of a key; ``records`` in the order in which they were applied. ``read_by``: which parser read
    all of it, as of which revision."""

    key: str
    revision: int
    state: Fields
    records: tuple[StoredRecord, ...]
    read_by: ReadBy = rows.NEVER_READ_AGAIN

    @property
    def changes(self) -> tuple[Change, ...]:
        """What each record, and each reparse of one, did to the state, by revision."""
        found = [change for record in self.records for change in (record.change, *record.readings)]
        return tuple(sorted(found, key=lambda change: change.revision))

    @property
    def arrivals(self) -> tuple[tuple[str, Arrival], ...]:
        """Record id and arrival of every input that brought something of this key, oldest first."""
        found = [(record.entry.record_id, arrival) for record in self.records for arrival in record.arrivals]
        return tuple(sorted(found, key=lambda pair: (pair[1].received_at, pair[1].applied_at, pair)))


class HistoryReader:
    """Reads the tables of one configuration; for one thread at a time."""

    def __init__(self, config: TruthConfig) -> None:
        self._config = config
        self._client = Client(config)
        self._codec = packaged_codec(self._find_dictionary, self._find_certificate)

    @property
    def codec(self) -> Codec:
        """Decodes what the table holds, with its own dictionaries."""
        return self._codec

    def history(self, key: str) -> History | None:
        """History of an access key or of a voided range's Id, None when nothing of it is stored."""
        return decode_history(self._codec, key, self.cells(key))

    def tombstone(self, key: str) -> Tombstone | None:
        """What is left of a key that was erased."""
        return tombstone_of(self.cells(key))

    def cells(self, key: str) -> Cells:
        """The row of a key, undecoded and without XML."""
        return wait_for(self._client.read_row(self._config.records_table, row_keys.row_key(key), _HISTORY_FAMILIES))

    def xml(self, key: str, record_id: str) -> bytes:
        """The bytes of a record as received.

        Raises TruthError when the record is not there, or its bytes are not those it was named for.
        """
        table = self._config.records_table
        cells = wait_for(
            self._client.read_row(table, row_keys.row_key(key), (rows.XML,), qualifier=bytes.fromhex(record_id))
        )
        stored = cells.get(rows.XML, {}).get(bytes.fromhex(record_id))
        if stored is None:
            raise TruthError(say("there is no XML of record {record} under key {key}", record=record_id, key=key))
        xml = self._codec.decode_xml(stored)
        if hashlib.sha256(xml).hexdigest() != record_id:
            raise TruthError(
                say(
                    "the XML of record {record} under key {key} is not what was stored: restore its row",
                    record=record_id,
                    key=key,
                )
            )
        return xml

    def scan(self, prefix: str = "") -> Iterator[History]:
        """Histories of all keys whose rows have the prefix (``row_keys.key_prefix``), one salt after another."""
        for start, end in row_keys.scan_ranges(prefix):
            yield from self.scan_range(start, end)

    def scan_range(self, start: bytes, end: bytes) -> Iterator[History]:
        """Histories of the rows from ``start`` up to ``end``; reads by pages, so memory does not grow with them."""
        for row in self._client.scan(self._config.records_table, start, end, _HISTORY_FAMILIES):
            history = decode_history(self._codec, row_keys.key_of(row.key), rows.by_column(row.cells))
            if history is not None:
                yield history

    def scan_rows(self, start: bytes, end: bytes, families: Sequence[str]) -> Iterator[Row]:
        """The rows from ``start`` up to ``end``, undecoded, of the given families."""
        yield from self._client.scan(self._config.records_table, start, end, families)

    def xml_cells(self, row: bytes) -> Mapping[bytes, bytes]:
        """The stored XML of a row, by record."""
        cells = wait_for(self._client.read_row(self._config.records_table, row, (rows.XML,)))
        return cells.get(rows.XML, {})

    def dead_letter(self, dead_letter_id: str) -> StoredDeadLetter | None:
        """A dead letter with its bytes, None when there is none of that id."""
        row = row_keys.row_key(dead_letter_id)
        cells = wait_for(self._client.read_row(self._config.dead_letters_table, row))
        return dead_letters.decode(self._codec, row, cells)

    def dead_letters(self, start: bytes = b"0", end: bytes = row_keys.RESERVED) -> Iterator[StoredDeadLetter]:
        """All dead letters of a row range; ``row_keys.scan_ranges()`` splits the table into ranges."""
        for row in self._client.scan(self._config.dead_letters_table, start, end):
            found = dead_letters.decode(self._codec, row.key, rows.by_column(row.cells))
            if found is not None:
                yield found

    def scan_dead_letters(self, start: bytes, end: bytes) -> Iterator[Row]:
        """The rows of dead letters from ``start`` up to ``end``, undecoded."""
        yield from self._client.scan(self._config.dead_letters_table, start, end)

    def _find_dictionary(self, dictionary_id: int) -> bytes | None:
        return self._reserved(row_keys.dictionary_row(dictionary_id), rows.STATE, rows.DICTIONARY)

    def _find_certificate(self, digest: bytes) -> bytes | None:
        return self._reserved(row_keys.certificate_row(digest), rows.XML, rows.CERTIFICATE)

    def _reserved(self, row: bytes, family: str, qualifier: bytes) -> bytes | None:
        cells = wait_for(self._client.read_row(self._config.records_table, row, (family,), qualifier))
        return cells.get(family, {}).get(qualifier)

    def close(self) -> None:
        """Closes the connections."""
        wait_for(self._client.close())


def decode_history(codec: Codec, key: str, cells: Cells) -> History | None:
    """History from a row's cells, None for a row that has none, and for one with a tombstone."""
    return None if tombstone_of(cells) else decode_content(codec, key, cells)


def decode_content(codec: Codec, key: str, cells: Cells) -> History | None:
    """The like, also where a tombstone says that the history is being erased."""
    head = rows.head_of(cells)
    if head is None or rows.FOLDED not in cells[rows.STATE]:
        return None
    arrivals: dict[str, list[Arrival]] = {}
    for qualifier, value in cells.get(rows.ARRIVALS, {}).items():
        record_id, arrival = rows.decode_arrival(codec, qualifier, value)
        arrivals.setdefault(record_id, []).append(arrival)
    fields = cells.get(rows.FIELDS, {})
    changes = list(rows.decode_changes(codec, key, cells))
    records = []
    for change in changes:
        if change.cause:
            continue
        readings = tuple(one for one in changes if one.cause and one.record_id == change.record_id)
        came = [rows.arrival_of(change), *arrivals.get(change.record_id, [])]
        came.sort(key=lambda a: (a.received_at, a.applied_at, a))
        of_record = bytes.fromhex(change.record_id)
        entry, xml_bytes = rows.decode_fields(codec, key, of_record, fields[of_record])
        records.append(StoredRecord(entry, xml_bytes, change, tuple(came), readings))
    state = codec.decode_json(cells[rows.STATE][rows.FOLDED])
    return History(key, head.revision, state, tuple(records), rows.read_by(cells))
