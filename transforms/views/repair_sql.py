"""The statements by which a rebuild makes served tables right where they stand. Pure.

Two rows are the same when their digests are: MD5 of what they say, columns by name. Three tables are compared: the
served one; what it held when the rebuild began (``seen_<table>``: month, digest, copies); and what the source of truth,
read after that, says it must hold (the built one). A row follows its record's commit, so what was served before the
reading began and was not read is wrong, whoever wrote it; what was appended since is not looked at.

The change itself is one MERGE: BigQuery lets single statements change rows that the Storage Write API appended a moment
ago, and transactions of several statements not (docs.cloud.google.com/bigquery/docs/write-api, *Use DML with recently
streamed data*). Months are literals in the merge condition, which prunes partitions of both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from transforms.views import schema

SEEN = "seen_"
# Rows that one statement changes at most, unless a single month has more.
ROWS_AT_ONCE = 20_000_000


class Compared(NamedTuple):
    """How the rows of a table are compared.

    ``applied``: the column that says when a row came to be. ``instead``: columns that may differ between the row
    written when it came and the row made later: what is compared instead (``{}`` is the row), None for nothing.
    """

    applied: str
    instead: Mapping[str, str | None] = {}


COMPARED: Mapping[str, Compared] = {
    schema.DOCUMENTS: Compared("applied_at"),
    schema.EVENTS: Compared("applied_at"),
    schema.VOIDED_RANGES: Compared("applied_at"),
    schema.CHANGES: Compared("applied_at", {schema.CURRENT_AT: None}),
    # When a dead letter was found is read off the clock for the row and for the source of truth, each for itself.
    schema.ARRIVALS: Compared("applied_at", {"applied_at": "IF({0}.outcome = 'dead', NULL, {0}.applied_at)"}),
    schema.DEAD_LETTERS: Compared("found_at", {"found_at": None}),
    schema.COUNTS: Compared("job_started_at", {"job_started_at": None, "computed_at": None}),
}


class Difference(NamedTuple):
    """Rows of one month (yyyymm) to remove and to add."""

    month: int
    removed: int
    added: int


def digest(table: str, row: str) -> str:
    """Expression of the digest of a row of the table; ``row`` is its alias."""
    instead = COMPARED[table].instead
    said = {column.name: f"{row}.{column.name}" for column in schema.load(table).columns}
    said |= {name: expression.format(row) for name, expression in instead.items() if expression}
    names = [name for name in said if name not in instead or instead[name]]
    return f"TO_HEX(MD5(TO_JSON_STRING(STRUCT({', '.join(f'{said[name]} AS {name}' for name in names)}))))"


def remember(served: str, build: str, table: str, where: str = "TRUE") -> str:
    """Notes which rows ``r`` are served now. ``served`` and ``build``: ``project.dataset``."""
    return (
        f"INSERT INTO `{build}.{SEEN}{table}` (partition_month, row_digest, copies)\n"
        f"SELECT r.partition_month, {digest(table, 'r')}, COUNT(*)\n"
        f"FROM `{served}.{table}` AS r WHERE {where} GROUP BY 1, 2"
    )


def differences(build: str, table: str, until: int) -> str:
    """Columns partition_month, removed, added: as of the beginning, months without difference left out.

    Only what was applied up to ``until`` (micros) is missing: what came later is its writer's to append.
    """
    return f"""
WITH built AS (
  SELECT r.partition_month, {digest(table, "r")} AS row_digest, MIN(r.{COMPARED[table].applied}) AS applied
  FROM `{build}.{table}` AS r
  GROUP BY 1, 2
),
compared AS (
  SELECT
    COALESCE(seen.partition_month, built.partition_month) AS partition_month,
    CASE WHEN seen.row_digest IS NULL THEN 0 WHEN built.row_digest IS NULL THEN seen.copies ELSE seen.copies - 1 END
      AS removed,
    IF(seen.row_digest IS NULL AND built.applied <= TIMESTAMP_MICROS({until}), 1, 0) AS added
  FROM `{build}.{SEEN}{table}` AS seen
  FULL JOIN built ON built.partition_month = seen.partition_month AND built.row_digest = seen.row_digest
)
SELECT partition_month, SUM(removed) AS rows_removed, SUM(added) AS rows_added
FROM compared
GROUP BY partition_month
HAVING rows_removed + rows_added > 0
ORDER BY partition_month"""


def merge(served: str, build: str, table: str, until: int, months: Sequence[int]) -> str:
    """Removes what is wrong in these months and adds what is missing, all or nothing.

    Of a right row that was there several times, one is left. A row is added when it is not there at this moment.
    """
    columns = [column.name for column in schema.load(table).columns]
    applied = COMPARED[table].applied

    def within(row: str) -> str:
        return f"{row}.partition_month IN ({', '.join(map(str, months))})"

    return f"""
MERGE `{served}.{table}` AS served
USING (
  WITH fresh AS (
    SELECT r.*, {digest(table, "r")} AS fresh_digest FROM `{build}.{table}` AS r WHERE {within("r")}
  ),
  built AS (
    SELECT fresh_digest AS row_digest, MIN({applied}) AS applied FROM fresh GROUP BY 1
  ),
  present AS (
    SELECT DISTINCT {digest(table, "r")} AS row_digest FROM `{served}.{table}` AS r WHERE {within("r")}
  ),
  removed AS (
    SELECT DISTINCT seen.row_digest
    FROM `{build}.{SEEN}{table}` AS seen
    LEFT JOIN built ON built.row_digest = seen.row_digest
    WHERE {within("seen")} AND (built.row_digest IS NULL OR seen.copies > 1)
  ),
  added AS (
    SELECT built.row_digest
    FROM built
    LEFT JOIN removed ON removed.row_digest = built.row_digest
    LEFT JOIN present ON present.row_digest = built.row_digest
    WHERE removed.row_digest IS NOT NULL
      OR (present.row_digest IS NULL AND built.applied <= TIMESTAMP_MICROS({until}))
  )
  SELECT FALSE AS adds, removed.row_digest, fresh.* FROM removed LEFT JOIN fresh ON FALSE
  UNION ALL
  SELECT TRUE AS adds, added.row_digest, fresh.*
  FROM added
  JOIN fresh ON fresh.fresh_digest = added.row_digest
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (PARTITION BY added.row_digest ORDER BY fresh.{applied}) = 1
) AS step
ON NOT step.adds AND {within("served")} AND {digest(table, "served")} = step.row_digest
WHEN MATCHED THEN DELETE
WHEN NOT MATCHED BY TARGET AND step.adds THEN
  INSERT ({", ".join(columns)})
  VALUES ({", ".join(f"step.{name}" for name in columns)})"""


def batches(found: Iterable[Difference], most: int = ROWS_AT_ONCE) -> Iterator[list[int]]:
    """Months in groups that one statement each can take."""
    group: list[int] = []
    size = 0
    for difference in found:
        rows = difference.removed + difference.added
        if group and size + rows > most:
            yield group
            group, size = [], 0
        group.append(difference.month)
        size += rows
    if group:
        yield group
