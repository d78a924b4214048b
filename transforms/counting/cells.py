"""Where live counts are in Bigtable: a row per dimension value and day, a cell per partial sum. Pure.

A cell is written, never added to. Its qualifier is what its retry computes again and its timestamp is the start of
the job that wrote it, so a later attempt at the same partial takes the earlier one's place.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from transforms.counting.contributions import Amount, CountKey, add
from transforms.truth import rows
from transforms.truth.codec import Codec
from transforms.truth.rows import Cell, Cells

TABLE_SUFFIX = "_counts"
COUNTS = "n"
FAMILIES = (COUNTS,)

# What the tables of the source of truth are completed with: suffix of the name -> families.
COUNT_TABLES = {TABLE_SUFFIX: FAMILIES}

_MILLI = 1_000


def row_of(dimension: str, value: str, day: str) -> bytes:
    """Row of a dimension's value on a day (``YYYY-MM-DD``, the first of the month where only that is known)."""
    return rows.row_key(f"{dimension}#{value}#{day}")


def cell_of(codec: Codec, partial: dict[str, Any]) -> tuple[bytes, Cell]:
    """Row and cell of one partial, as ``CountChanges`` yields it."""
    day = partial.get("day") or partial.get("month", "")
    row = row_of(partial["dimension"], partial.get("value", ""), day)
    parts = (partial.get("model", ""), str(partial.get("environment", "")), partial["status"], partial.get("day", ""))
    qualifier = "/".join((*parts, partial["partial"]))
    value = codec.encode_json({"documents": partial["documents"], "total": partial["total"]})
    return row, Cell(COUNTS, qualifier.encode(), partial["job_started_at"] // _MILLI * _MILLI, value)


def sums(codec: Codec, row: bytes, cells: Cells) -> dict[CountKey, Amount]:
    """The counts of a row: its partials added up, by what they count together."""
    dimension, rest = rows.key_of(row).split("#", 1)
    value, day = rest.rsplit("#", 1)
    found: dict[CountKey, Amount] = {}
    for qualifier, stored in cells.get(COUNTS, {}).items():
        model, environment, status, exact_day, _ = qualifier.decode().split("/", 4)
        key = CountKey(dimension, value, model, environment, status, exact_day, day[:7] + "-01" if day else "")
        part = codec.decode_json(stored)
        amount = Amount(part["documents"], Decimal(part["total"]))
        found[key] = add(found[key], amount) if key in found else amount
    return found


def total_of(counts: Iterable[Amount]) -> Amount:
    """Sum of amounts."""
    total = Amount(0, Decimal(0))
    for amount in counts:
        total = add(total, amount)
    return total
