"""Table schemas, read from ``schemas/*.json``. Pure.

A table says in its file how it is partitioned. By ``partition_month``, a number (yyyymm), where rows of any time are
streamed into it: such rows are refused by a table that is partitioned by a date once the date is some years past, and
archives of fiscal documents go back to 2006. By the day of an instant where that is always the present when a row is
streamed. By a date of any age where rows come by statements alone, which have no such limit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, Protocol

from transforms.language import mark, say

DOCUMENTS = "documents"
EVENTS = "events"
VOIDED_RANGES = "voided_ranges"
CHANGES = "changes"
ARRIVALS = "arrivals"
DEAD_LETTERS = "dead_letters"
COUNTS = "counts"
STATES = "states"
CLOSED_COUNTS = "closed_counts"
# What rows are streamed into, and what is made of these by statements.
TABLES = (DOCUMENTS, EVENTS, VOIDED_RANGES, CHANGES, ARRIVALS, DEAD_LETTERS, COUNTS)
MERGED = (STATES, CLOSED_COUNTS)

# When a change was known to be the last one of its key: no part of what its row says.
CURRENT_AT = "current_at"
# Up to the 10,000 partitions that a table may have; other months share one more, and are never refused.
PARTITION_RANGE = (200001, 209913)


class Column(NamedTuple):
    """One column; ``type`` and ``mode`` are the names that BigQuery's API answers with."""

    name: str
    type: str
    mode: str
    description: str
    fields: tuple[Column, ...] = ()


class Partitioning(NamedTuple):
    """What a table is partitioned by. ``unit``: NUMBER, each number of the column in ``PARTITION_RANGE``, or the DAY or
    MONTH of a date or instant."""

    field: str
    unit: str

    @property
    def by_number(self) -> bool:
        """Whether it is by ranges of numbers."""
        return self.unit == "NUMBER"


class Table(NamedTuple):
    """One table: what it is for, what its rows are partitioned and clustered by, and its columns."""

    name: str
    description: str
    partitioning: Partitioning
    clustering: tuple[str, ...]
    columns: tuple[Column, ...]


@cache
def load(name: str) -> Table:
    """The schema of one of ``TABLES`` or ``MERGED``."""
    text = resources.files(__package__).joinpath("schemas", f"{name}.json").read_text("utf-8")
    data = json.loads(text)
    return Table(
        name,
        data["description"],
        Partitioning(**data["partitioning"]),
        tuple(data["clustering"]),
        tuple(_column(f) for f in data["fields"]),
    )


@cache
def column_names(name: str) -> frozenset[str]:
    """Names of the top-level columns of a table."""
    return frozenset(column.name for column in load(name).columns)


def _column(data: dict[str, Any]) -> Column:
    nested = tuple(_column(f) for f in data.get("fields", ()))
    return Column(data["name"], data["type"], data["mode"], data["description"], nested)


class FoundColumn(Protocol):
    """A column as BigQuery's client describes it."""

    @property
    def name(self) -> str: ...
    @property
    def field_type(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def fields(self) -> Iterable[FoundColumn]: ...


def mismatches(table: Table, found: Iterable[FoundColumn]) -> list[str]:
    """Why a table with the columns found cannot take this table's rows, one sentence each; none when it can."""
    return list(_mismatches(table.name, table.columns, found))


def _mismatches(path: str, columns: tuple[Column, ...], found: Iterable[FoundColumn]) -> Iterator[str]:
    present = {column.name: column for column in found}
    for column in columns:
        other = present.pop(column.name, None)
        name = f"{path}.{column.name}"
        if other is None:
            yield say("column {name} is missing", name=name)
            continue
        kind, mode = _API_NAMES.get(other.field_type, other.field_type), other.mode or "NULLABLE"
        if kind != column.type:
            yield say(_OTHER, name=name, found=kind, wanted=column.type)
        elif (mode == "REPEATED") != (column.mode == "REPEATED") or (mode, column.mode) == ("REQUIRED", "NULLABLE"):
            yield say(_OTHER, name=name, found=mode, wanted=column.mode)
        elif column.fields:
            yield from _mismatches(name, column.fields, other.fields)
    for name, other in present.items():
        if other.mode == "REQUIRED":
            yield say("column {name} is REQUIRED and no row has it", name=f"{path}.{name}")


_OTHER = mark("column {name} is {found} and should be {wanted}")
# The API takes both names of a type, and answers with the first kind.
_API_NAMES = {"INT64": "INTEGER", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
