"""The statements by which changes are merged into the table of states. Pure.

Which changes: those that were current in a window of time, of which the last one of each key counts. A key has its row
in the partition of its month of issue, which a change may move: so the months in which keys of the window have rows now
are asked for first, and stand in the condition of the MERGE as literals, which prunes the partitions that it reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple

from transforms.views import schema, sql

# Rows of changes that one statement merges at most, unless a single day has more.
ROWS_AT_ONCE = 20_000_000
_KEY, _REVISION = "access_key", "revision"


class Window(NamedTuple):
    """Changes that were current since ``start`` and before ``end`` (micros); without an end, all since."""

    start: int
    end: int | None = None

    @property
    def condition(self) -> str:
        """The window as a condition on changes."""
        before = "" if self.end is None else f" AND current_at < {sql.instant(self.end)}"
        return f"{sql.since(self.start)}{before}"


def days(path: str, start: int) -> str:
    """Columns day and number: how many changes there are of each day, since ``start`` (micros)."""
    return (
        f"SELECT DATE(current_at) AS day, COUNT(*) AS number FROM `{path}.{schema.CHANGES}` "
        f"WHERE {sql.since(start)} GROUP BY day ORDER BY day"
    )


def windows(found: Iterable[tuple[date, int]], start: int, most: int = ROWS_AT_ONCE) -> Iterator[Window]:
    """Windows that hold the days found, in order, the last one without an end."""
    size = 0
    for day, number in found:
        begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
        if size and size + number > most and begin > start:
            yield Window(start, begin)
            start, size = begin, 0
        size += number
    yield Window(start)


def months(path: str, window: Window) -> str:
    """Column month: where the keys of a window have their rows now."""
    return (
        f"SELECT DISTINCT states.month FROM `{path}.{schema.STATES}` AS states "
        f"JOIN `{path}.{schema.CHANGES}` AS change ON change.access_key = states.access_key WHERE {window.condition}"
    )


def merge(project: str, dataset: str, window: Window, where: Collection[date | None]) -> str:
    """Makes the rows of the window's keys what their last changes say. ``where``: the months in which they are now.

    A row that is as of a later change stays as it is.
    """
    columns = [column.name for column in schema.load(schema.STATES).columns]
    listed = ", ".join(f"DATE '{month}'" for month in sorted(month for month in where if month is not None))
    known = [f"states.month IN ({listed})"] if listed else []
    known += ["states.month IS NULL"] if None in where else []
    return f"""
MERGE `{project}.{dataset}.{schema.STATES}` AS states
USING (
{sql.state_of_changes(project, dataset, window.condition)}
) AS change
ON states.{_KEY} = change.{_KEY} AND ({" OR ".join(known) or "FALSE"})
WHEN MATCHED AND change.{_REVISION} >= states.{_REVISION} THEN
  UPDATE SET {", ".join(f"{name} = change.{name}" for name in columns if name != _KEY)}
WHEN NOT MATCHED BY TARGET THEN
  INSERT ({", ".join(columns)})
  VALUES ({", ".join(f"change.{name}" for name in columns)})"""
