"""The entries of one file by their key, in a private database of SQLite that spills to disk and ends with its object.

Files have millions of entries, and what they are compared with comes in an order of its own. Memory is bounded by
``CACHE_KIB`` and one batch, whatever the file's size; the disk takes some 200 bytes an entry.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from types import TracebackType
from typing import Any, NamedTuple

from transforms.efd.reader import Entry

CACHE_KIB = 65_536
_COLUMNS = ", ".join(Entry._fields)
_TABLE = f"CREATE TABLE entry ({_COLUMNS}, found DEFAULT 0)"
_INSERT = f"INSERT INTO entry ({_COLUMNS}) VALUES ({', '.join('?' * len(Entry._fields))})"
_INDICES = (
    "CREATE INDEX by_key ON entry (key, ind_emit) WHERE key != ''",
    "CREATE INDEX by_number ON entry (cod_mod, ser, num_doc) WHERE key = ''",
)
# Two sides of one document are two entries: one establishment sells to another, and one file books both.
_REPEAT = """UPDATE entry SET found = 2 WHERE rowid IN (SELECT id FROM (
  SELECT rowid AS id, ROW_NUMBER() OVER (PARTITION BY cod_mod, ser, num_doc, key, ind_emit ORDER BY line) AS place
  FROM entry
) WHERE place > 1)"""
_REPEATED = f"SELECT {_COLUMNS} FROM entry WHERE found = 2 ORDER BY line"
_BY_KEY = f"SELECT rowid, {_COLUMNS} FROM entry WHERE key = ? AND key != '' AND ind_emit = ? ORDER BY rowid LIMIT 1"
_BY_NUMBER = f"SELECT rowid, {_COLUMNS} FROM entry WHERE key = '' AND cod_mod = ? AND ser = ? AND num_doc = ? LIMIT 1"
_LEFT = f"SELECT {_COLUMNS} FROM entry WHERE found = 0 ORDER BY line"


class Number(NamedTuple):
    """What a document without a key is known by."""

    cod_mod: str
    ser: str
    num_doc: int


class Entries:
    """The entries of a file. Closed by leaving its block."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # no name: private, on disk as it grows
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._database.execute(_TABLE)

    def __enter__(self) -> Entries:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._database.close()

    def add(self, entries: Iterable[Entry]) -> None:
        """Takes some entries of the file."""
        self._database.execute("BEGIN")
        self._database.executemany(_INSERT, map(_stored, entries))
        self._database.execute("COMMIT")

    def complete(self) -> None:
        """Says that all entries were added, so that they can be found."""
        for statement in (*_INDICES, _REPEAT):
            self._database.execute(statement)
        self._database.execute("BEGIN")  # and never an end: a commit for each mark takes a millisecond

    def repeated(self) -> Iterator[Entry]:
        """Entries that say again what an earlier line says of the same document."""
        return map(_entry, self._database.execute(_REPEATED))

    def find(self, key: str, ind_emit: str, *, either: bool = False) -> Entry | None:
        """The entry of a document as issued by the company (``0``) or by others (``1``), marked as found.

        ``either``: where it is not booked so, one of the other side.
        """
        found = self._marked(_BY_KEY, (key, ind_emit))
        if found is None and either:
            found = self._marked(_BY_KEY, (key, "0" if ind_emit == "1" else "1"))
        return found

    def find_number(self, number: Number) -> Entry | None:
        """The entry of a number that is booked without a key, marked as found."""
        return self._marked(_BY_NUMBER, number)

    def left(self) -> Iterator[Entry]:
        """Entries that were not found, in the order of their lines."""
        return map(_entry, self._database.execute(_LEFT))

    def _marked(self, query: str, values: tuple[Any, ...]) -> Entry | None:
        row = self._database.execute(query, values).fetchone()
        if row is None:
            return None
        self._database.execute("UPDATE entry SET found = 1 WHERE rowid = ?", row[:1])
        return _entry(row[1:])


def _stored(entry: Entry) -> tuple[Any, ...]:
    day = None if entry.dt_doc is None else entry.dt_doc.isoformat()
    amount = None if entry.vl_doc is None else str(entry.vl_doc)
    return *entry[:-2], day, amount


def _entry(row: tuple[Any, ...]) -> Entry:
    found = Entry(*row)
    return found._replace(
        dt_doc=found.dt_doc and date.fromisoformat(str(found.dt_doc)),
        vl_doc=None if found.vl_doc is None else Decimal(found.vl_doc),
    )
