"""Where counts are in Bigtable: a row per dimension value and day, a cell per partial sum. Pure.

A partial sum is written, never added to, under a name that its retry computes again. Those of a bounded job are named
by its run, with the start of the job as timestamp: a later attempt takes the earlier one's place. Those of the change
log are named by slot, with the version of the sum as timestamp, so that an older sum never hides a newer one. When a
row has many of them they are *packed*: one cell holds the sums of an hour's slots, each still with its version, so
readers take the newest of each slot, packed or not. A row is packed by one mutation, on the condition that nobody else
has packed it meanwhile.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from transforms.counting import log
from transforms.counting.contributions import Amount, CountKey, add, columns_of, key_of
from transforms.counting.log import Sum, Sums
from transforms.counting.sums import billionths_of, text_of, total_of
from transforms.truth import row_keys, rows
from transforms.truth.codec import Codec
from transforms.truth.requests import Column
from transforms.truth.rows import Cell, Cells, Family

TABLE_SUFFIX = "_counts"
COUNTS = "n"
FAMILIES = (COUNTS, rows.STATE)

# What the tables of the source of truth are completed with: suffix of the name -> families.
COUNT_TABLES = {
    TABLE_SUFFIX: tuple(Family(name) for name in FAMILIES),
    log.TABLE_SUFFIX: tuple(Family(name, log.KEPT_DAYS) for name in (log.CONTRIBUTIONS, log.MARKS)),
}

Partial = dict[str, Any]
_MILLI = 1_000
_SLOT = re.compile(r"log/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")
_HOUR = re.compile(r"log/(\d{4}-\d\d-\d\dT\d\d)")
_CENT = 10**7


def row_of(dimension: str, value: str, day: str) -> bytes:
    """Row of a dimension's value on a day (``YYYY-MM-DD``, the first of the month where only that is known)."""
    return row_keys.row_key(f"{dimension}#{value}#{day}")


def day_in(row: bytes) -> str:
    """The day of a row."""
    return row_keys.key_of(row).rpartition("#")[2]


def row_of_key(key: CountKey) -> bytes:
    """Row of what is counted together."""
    return row_of(key.dimension, key.value, key.day or key.month)


def partial_of(slot: str, key: CountKey, found: Sum, computed_at: int) -> Partial:
    """The partial sum of a slot as a row of the table ``counts``; ``computed_at`` in micros."""
    return {
        "partial": f"{log.NAME_PREFIX}{slot}",
        **columns_of(key),
        "documents": found.documents,
        "total": text_of(found.billionths),
        "job_started_at": log.begin_of(slot),
        "version": found.version,
        "computed_at": computed_at,
    }


def slot_sum_of(partial: Partial) -> tuple[str, CountKey, Sum]:
    """Reads what ``partial_of`` made."""
    key = key_of(partial)
    found = Sum(partial["version"], partial["documents"], billionths_of(Decimal(partial["total"])))
    return partial["partial"].removeprefix(log.NAME_PREFIX), key, found


def cell_of(codec: Codec, partial: Partial) -> tuple[bytes, Cell]:
    """Row and cell of one partial of a bounded job, as ``CountChanges`` yields it."""
    key = key_of(partial)
    value = codec.encode_json({"documents": partial["documents"], "total": partial["total"]})
    timestamp = partial["job_started_at"] // _MILLI * _MILLI
    return row_of_key(key), Cell(COUNTS, _qualifier(key, partial["partial"]), timestamp, value)


def cells_of_slot(slot: str, sums: Sums) -> Iterator[tuple[bytes, Cell]]:
    """Rows and cells of the sums of a slot."""
    for key, found in sums.items():
        qualifier = _qualifier(key, f"{log.NAME_PREFIX}{slot}")
        yield row_of_key(key), Cell(COUNTS, qualifier, found.version * _MILLI, orjson.dumps(_short(found)))


def _qualifier(key: CountKey, name: str) -> bytes:
    """Where nothing is known of direction and purpose, as it was before these were counted."""
    codes = f".{key.operation_type}.{key.purpose}" if key.operation_type or key.purpose else ""
    return "/".join((key.model + codes, key.environment, key.status, key.day, name)).encode()


def sums(codec: Codec, row: bytes, cells: Cells) -> dict[CountKey, Amount]:
    """The counts of a row: its partials added up, by what they count together."""
    found: dict[CountKey, Amount] = {}
    live: dict[CountKey, dict[str, Sum]] = {}
    for qualifier, stored in cells.get(COUNTS, {}).items():
        key, name = _key_of(row, qualifier)
        parts = _live(name, stored)
        if parts is None:
            part = codec.decode_json(stored)
            _add(found, key, Amount(part["documents"], Decimal(part["total"])))
            continue
        known = live.setdefault(key, {})
        for slot, one in parts:
            known[slot] = log.newest(known, slot, one)
    for key, known in live.items():
        for one in known.values():
            _add(found, key, Amount(one.documents, total_of(one.billionths)))
    return found


def slot_sums(row: bytes, cells: Cells) -> dict[CountKey, dict[str, Sum]]:
    """What a row holds of the change log: the newest sum of each count and slot."""
    live: dict[CountKey, dict[str, Sum]] = {}
    for qualifier, stored in cells.get(COUNTS, {}).items():
        key, name = _key_of(row, qualifier)
        for slot, one in _live(name, stored) or ():
            known = live.setdefault(key, {})
            known[slot] = log.newest(known, slot, one)
    return live


def _add(found: dict[CountKey, Amount], key: CountKey, amount: Amount) -> None:
    found[key] = add(found[key], amount) if key in found else amount


def _key_of(row: bytes, qualifier: bytes) -> tuple[CountKey, str]:
    dimension, rest = row_keys.key_of(row).split("#", 1)
    value, day = rest.rsplit("#", 1)
    kind, environment, status, exact_day, name = qualifier.decode().split("/", 4)
    model, *codes = kind.rsplit(".", 2)
    month = day[:7] + "-01" if day else ""
    return CountKey(dimension, value, model, environment, status, exact_day, month, *codes), name


def name_of(qualifier: bytes) -> str:
    """The partial's name in a qualifier."""
    return qualifier.decode().split("/", 4)[4]


def is_of_log(name: str) -> bool:
    """Whether a partial of that name comes from the change log."""
    return bool(_SLOT.fullmatch(name) or _HOUR.fullmatch(name))


def _live(name: str, stored: bytes) -> Iterable[tuple[str, Sum]] | None:
    """Slots and sums of a cell, None where it is not of the change log."""
    if slot := _SLOT.fullmatch(name):
        return [(slot[1], _sum(*orjson.loads(stored)))]
    if hour := _HOUR.fullmatch(name):
        return unpack(hour[1], stored)
    return None


def pack(slots: Mapping[str, Sum]) -> bytes:
    """Sums of slots of one hour, compressed: columns of minute and second, version, documents and amount."""
    found = [(slot[14:], *_short(one)) for slot, one in sorted(slots.items())]
    return zlib.compress(orjson.dumps(list(zip(*found, strict=True))))


def unpack(hour: str, packed: bytes) -> Iterator[tuple[str, Sum]]:
    """What ``pack`` packed."""
    for within, *numbers in zip(*orjson.loads(zlib.decompress(packed)), strict=True):
        yield f"{hour}:{within}", _sum(*numbers)


def _short(found: Sum) -> tuple[int, int, int | str]:
    """Version, documents, and cents; where those are not exact or not small, the text of the billionths."""
    cents, rest = divmod(found.billionths, _CENT)
    return found.version, found.documents, str(found.billionths) if rest or abs(cents) >= 1 << 53 else cents


def _sum(version: int, documents: int, amount: int | str) -> Sum:
    return Sum(version, documents, int(amount) if isinstance(amount, str) else amount * _CENT)


class Rewrite(NamedTuple):
    """One mutation of a row: if its revision is this one (None: if it has none), delete columns and write cells."""

    revision: int | None
    deleted: tuple[Column, ...]
    cells: tuple[Cell, ...]


def packing(found: Iterable[Cell]) -> Rewrite | None:
    """What packs the loose sums of a row as read; None where there is nothing to pack."""
    cells = list(found)
    hours: dict[tuple[bytes, str], dict[str, Sum]] = {}
    deleted = []
    for cell in cells:
        name = name_of(cell.qualifier) if cell.family == COUNTS else ""
        if slot := _SLOT.fullmatch(name):
            prefix = cell.qualifier[: -len(name)]
            hours.setdefault((prefix, log.hour_of(slot[1])), {})[slot[1]] = _sum(*orjson.loads(cell.value))
            # Only what was read: a newer sum that is written meanwhile stays.
            deleted.append(Column(COUNTS, cell.qualifier, cell.timestamp + _MILLI))
    if not deleted:
        return None
    revision = revision_of(cells)
    for cell in cells:
        name = name_of(cell.qualifier) if cell.family == COUNTS else ""
        place = (cell.qualifier[: -len(name)], name.removeprefix(log.NAME_PREFIX))
        if _HOUR.fullmatch(name) and place in hours:
            known = hours[place]
            for slot_name, one in unpack(place[1], cell.value):
                known[slot_name] = log.newest(known, slot_name, one)
    return Rewrite(revision, tuple(deleted), packed_cells(revision, hours))


def packed_cells(revision: int | None, hours: Mapping[tuple[bytes, str], Mapping[str, Sum]]) -> tuple[Cell, ...]:
    """Cells of packed hours (beginning of the qualifier, hour), and of the row's next revision."""
    following = (revision or 0) + 1
    packed = (
        Cell(COUNTS, prefix + f"{log.NAME_PREFIX}{hour}".encode(), following * _MILLI, pack(slots))
        for (prefix, hour), slots in hours.items()
    )
    return (*packed, Cell(rows.STATE, rows.REVISION, 0, rows.pack_int(following)))


def prefix_of(key: CountKey) -> bytes:
    """How the qualifiers of a count begin."""
    return _qualifier(key, "")


def revision_of(cells: Iterable[Cell]) -> int | None:
    """How often a row has been packed; None if never."""
    for cell in cells:
        if cell.family == rows.STATE and cell.qualifier == rows.REVISION:
            return rows.unpack_int(cell.value)
    return None
