"""The change log: what each change of a stream adds to the counts, kept where it can be added up again. Pure.

A change is one cell, in the row of its *slot*: the few seconds in which it was applied, by the ``applied_at`` that is
stored with it. So a change that comes again, however often and however late, writes the same cell, and the sums of a
slot are a function of its row. Each sum has as its *version* the number of contributions in it: rows only grow, so of
two sums of one count the one with the higher version includes the other, whoever wrote it and when.

After writing to a slot, a writer leaves a *mark*, a cell of its own in the row of the current minute. After adding up a
slot and storing the sums, a sweeper removes the marks that it had seen before it read the slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import orjson

from transforms import instants
from transforms.counting.contributions import DIMENSIONS, CountKey, signed
from transforms.counting.sums import billionths_of
from transforms.model import Change, Fields
from transforms.truth import row_keys
from transforms.truth.rows import Cell

TABLE_SUFFIX = "_count_log"
CONTRIBUTIONS, MARKS = "c", "m"

# The length of a slot. It is part of what is stored: partial sums are named by slots.
SLOT_SECONDS = 4
# Longer than Pub/Sub keeps a message at the most (31 days), so that what comes again finds its row whole.
KEPT_DAYS = 40
# No clock of a worker is off by more, and no mark is written later after its minute was chosen.
CLOCKS_DIFFER_MINUTES = 10

NAME_PREFIX = "log/"
_MARK_ROWS = b"~mark/"
MARKS_END = b"~mark0"
LOW_ROW = b"~low"
LOW = b"minute"
# In the order in which they are stored; what is added comes last, and is not in cells written before.
_FIELDS = (*DIMENSIONS.values(), "model", "environment", "status", "day", "month", "total", "operation_type", "purpose")
_MILLI = 1_000


class Sum(NamedTuple):
    """A sum of one count over a slot: contributions in it, documents, and value in billionths of BRL."""

    version: int
    documents: int
    billionths: int


Sums = dict[CountKey, Sum]


class Mark(NamedTuple):
    """Something was written to a slot: the row and the column that say so."""

    row: bytes
    qualifier: bytes

    @property
    def slot(self) -> str:
        """The slot that was written to."""
        return self.qualifier.decode().partition("/")[0]


def slot_of(applied_at: int) -> str:
    """Slot of an instant (micros): its beginning, ``YYYY-MM-DDTHH:MM:SS`` in UTC. Slots sort as time does."""
    begin = applied_at - applied_at % (SLOT_SECONDS * instants.SECOND)
    return f"{instants.datetime_of(begin):%Y-%m-%dT%H:%M:%S}"


@lru_cache(maxsize=256)
def begin_of(slot: str) -> int:
    """When a slot begins (micros)."""
    return instants.micros_of_text(slot)


def day_of(slot: str) -> date:
    """The day (UTC) that a slot is in."""
    return date.fromisoformat(slot[:10])


def hour_of(slot: str) -> str:
    """The hour that a slot is in: ``YYYY-MM-DDTHH``."""
    return slot[:13]


def row_of(slot: str) -> bytes:
    """Row of a slot; neighbours in time are on different tablets."""
    return row_keys.row_key(slot)


def slot_in(row: bytes) -> str:
    """The slot of a row."""
    return row_keys.key_of(row)


def ranges_of(day: str) -> list[tuple[bytes, bytes]]:
    """Row ranges that hold the slots of a day (``YYYY-MM-DD``)."""
    return row_keys.scan_ranges(f"{day}T")


def cell_of(change: Change) -> tuple[bytes, Cell]:
    """Row and cell of a change: the same whenever it is written. Its timestamp lets old ones expire."""
    cell = Cell(
        CONTRIBUTIONS,
        f"{change.key}/{change.revision}".encode(),
        change.applied_at // _MILLI * _MILLI,
        orjson.dumps([_packed(change.dimensions_before), _packed(change.dimensions_after)]),
    )
    return row_of(slot_of(change.applied_at)), cell


def counts_something(change: Change) -> bool:
    """Whether a change moves any count."""
    return change.dimensions_before != change.dimensions_after


def sums_of(cells: Iterable[Cell]) -> Sums:
    """The sums of a slot: a function of the cells of its row."""
    sums: Sums = {}
    for cell in cells:
        if cell.family == CONTRIBUTIONS:
            before, after = orjson.loads(cell.value)
            add_change(sums, _unpacked(before), _unpacked(after) or {})
    return sums


def add_change(sums: Sums, before: Fields | None, after: Fields) -> None:
    """Adds what a change with these dimensions contributes."""
    if before == after:
        return
    for dimensions, sign in ((before, -1), (after, 1)):
        if dimensions is None:
            continue
        for key, (documents, total) in signed(dimensions, sign):
            version, known, value = sums.get(key, _NOTHING)
            sums[key] = Sum(version + 1, known + documents, value + billionths_of(total))


_NOTHING = Sum(0, 0, 0)


def newest(known: Mapping[str, Sum], slot: str, found: Sum) -> Sum:
    """Of two sums of a count in a slot, the one that includes the other."""
    other = known.get(slot)
    return found if other is None or found.version >= other.version else other


def mark(slot: str, nonce: str, now: int) -> tuple[bytes, Cell]:
    """Row and cell of a mark that is made at an instant (micros); ``nonce`` makes it unique."""
    minute = f"{instants.datetime_of(now):%Y-%m-%dT%H:%M}"
    return mark_row(minute), Cell(MARKS, f"{slot}/{nonce}".encode(), now // _MILLI * _MILLI, b"")


def mark_row(minute: str) -> bytes:
    """Row of the marks of a minute, ``YYYY-MM-DDTHH:MM``; empty: where such rows begin."""
    return _MARK_ROWS + minute.encode()


def minute_in(row: bytes) -> str:
    """The minute of a row of marks."""
    return row.removeprefix(_MARK_ROWS).decode()


def low_minute(now: int) -> str:
    """The minute before which, at an instant (micros), nobody writes marks any more."""
    return f"{instants.datetime_of(now - CLOCKS_DIFFER_MINUTES * 60 * instants.SECOND):%Y-%m-%dT%H:%M}"


def _packed(dimensions: Fields | None) -> list[object] | None:
    return None if dimensions is None else [dimensions.get(name) for name in _FIELDS]


def _unpacked(values: list[object] | None) -> Fields | None:
    if values is None:
        return None
    return {name: value for name, value in zip(_FIELDS, values, strict=False) if value is not None}
