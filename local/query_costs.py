"""What queries of the views scan and cost at 600 million documents: the model, and the page that tells of it. Pure.

BigQuery charges for the logical bytes of the columns that a query reads, of the partitions and blocks that its filters
leave. Which columns and filters reach a table is told by Google's analyzer (``tests/googlesql/pruning.py``), bytes of a
row are measured on rows of generated documents, and the rest is said here. A filter on a partitioning column leaves the
partitions that it names; one on the first clustering columns leaves the blocks that hold its rows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from transforms.views import schema
from transforms.views.schema import Column

DOCUMENTS = 600_000_000
# Kept for five years, as the law has it; as many came in each month.
MONTHS = 60
DAYS = 1_826
# A company that issues or receives one document in a thousand.
COMPANY = 0.001
# Days of changes that lie over the states just before the next daily merge, which is done two hours into a day.
OVERLAID_DAYS = 1 + 2 / 24
# BigQuery does not tell the size of its blocks. Clustering begins to pay at 64 MB (cloud.google.com/bigquery/docs/
# clustered-tables); to leave one out there must be two.
BLOCK_BYTES = 32_000_000
MEGABYTE, GIGABYTE, TIB = 10**6, 10**9, 2**40
DOLLARS_A_TIB = 6.25

WHOLE, COMPANY_MONTH, AS_RECIPIENT = "whole", "a company, a month", "as recipient"
ONE_KEY, LAST_DAY = "one key", "last day"
CASES = (WHOLE, COMPANY_MONTH, AS_RECIPIENT, ONE_KEY, LAST_DAY)
LIMITS = {COMPANY_MONTH: GIGABYTE, ONE_KEY: 100 * MEGABYTE, LAST_DAY: GIGABYTE}

_FIXED = {"INTEGER": 8, "NUMERIC": 16, "BIGNUMERIC": 32, "BOOLEAN": 1, "DATE": 8, "TIMESTAMP": 8, "FLOAT": 8}


# What is read of a table since its last daily merge; where the column is null there is nothing in the model.
_OVERLAID = (schema.CURRENT_AT, "log_day")


class Measured(NamedTuple):
    """A table's rows for each document, and bytes of each column in a row, on the average."""

    rows: float
    columns: Mapping[str, float]

    @property
    def row_bytes(self) -> float:
        """Bytes of a whole row."""
        return sum(self.columns.values())


def logical_bytes(column: Column, value: Any) -> int:
    """Bytes of a value as BigQuery counts them (cloud.google.com/bigquery/pricing, *data size calculation*)."""
    if value is None:
        return 0
    if column.mode == "REPEATED":
        return sum(logical_bytes(column._replace(mode="NULLABLE"), one) for one in value)
    if column.fields:
        return sum(logical_bytes(inner, value.get(inner.name)) for inner in column.fields)
    if column.type in _FIXED:
        return _FIXED[column.type]
    return 2 + len(value if isinstance(value, bytes) else str(value).encode())


def measure(rows: Sequence[tuple[str, Mapping[str, Any]]], documents: int) -> dict[str, Measured]:
    """What rows of so many documents come to, by table."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for table, row in rows:
        found.setdefault(table, []).append(row)
    return {
        table: Measured(
            len(these) / documents,
            {
                column.name: sum(logical_bytes(column, row.get(column.name)) for row in these) / len(these)
                for column in schema.load(table).columns
            },
        )
        for table, these in found.items()
    }


def scanned(table: str, columns: Iterable[str], filters: Mapping[str, str], measured: Measured) -> float:
    """Bytes of one reading of a table. ``filters``: columns compared with a constant, =, >= or null."""
    described = schema.load(table)
    read = sum(measured.columns[name] for name in columns)
    everything = DOCUMENTS * measured.rows
    partitions = _partitions(described, filters)
    left = []
    for share in partitions:
        rows = everything * share
        named = list(itertools.takewhile(lambda name: filters.get(name) == "=", described.clustering))
        if named:
            wanted = rows * math.prod(_share_of(table, name) for name in named) * measured.row_bytes
            rows = min(rows, max(1, math.ceil(wanted / BLOCK_BYTES)) * BLOCK_BYTES / measured.row_bytes)
        left.append(rows * read)
    return sum(left)


def _partitions(table: schema.Table, filters: Mapping[str, str]) -> list[float]:
    """Shares of the table that partitions have which its filters leave."""
    by, how = table.partitioning, filters.get(table.partitioning.field)
    number = DAYS if by.unit == "DAY" else MONTHS
    if how == "=":
        return [1 / number]
    if how == "null":
        return []
    if how == ">=" and by.field in _OVERLAID:
        whole, part = divmod(OVERLAID_DAYS, 1)
        return [1 / number] * int(whole) + [part / number]
    return [1 / number] * number


def _share_of(table: str, column: str) -> float:
    """Share of a partition's rows that a value of a clustering column has."""
    if column == "dimension":  # nearly all sums of closed days are of recipients
        return 1.0 if table == schema.CLOSED_COUNTS else 1 / 3
    return {"access_key": 0.0, "origin": 0.0}.get(column, COMPANY)


def dollars(scan: float) -> float:
    """What BigQuery charges for so many bytes, on demand, in the US."""
    return scan / TIB * DOLLARS_A_TIB


def told(scan: float) -> str:
    """Bytes for people."""
    for unit, name in ((10**12, "TB"), (GIGABYTE, "GB"), (MEGABYTE, "MB")):
        if scan >= unit:
            return f"{scan / unit:.3g} {name}"
    return f"{scan / 1000:.3g} kB"


def cell(scan: float | None) -> str:
    """A cell of the table: bytes and price."""
    if scan is None:
        return ""
    price = dollars(scan)
    return f"{told(scan)}, " + ("< 1 ¢" if price < 0.01 else f"{price * 100:.0f} ¢" if price < 1 else f"${price:.2f}")
