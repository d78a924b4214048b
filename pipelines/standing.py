"""What a stream has done so far, read from the tables that it writes to."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

RATE_SECONDS = 15.0
LATELY = timedelta(seconds=30)


class Tables(Protocol):
    """What answers queries about one dataset."""

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """The rows of a query, values by column. Raises ``query.QueryError``."""


class Standing(NamedTuple):
    """What the tables say: inputs by outcome, counts by model and status, and the lag of the last half minute.

    ``lag``: seconds from publishing to the commit to Bigtable, the median and the 99th percentile.
    """

    outcomes: Mapping[str, int]
    counts: Sequence[Mapping[str, Any]]
    lag: tuple[float, float] | None

    @property
    def arrived(self) -> int:
        """Inputs that reached an outcome."""
        return sum(self.outcomes.values())

    def documents(self) -> dict[str, int]:
        """Documents counted, by status."""
        found: dict[str, int] = {}
        for row in self.counts:
            found[row["status"]] = found.get(row["status"], 0) + row["documents"]
        return found


def standing(tables: Tables, since: datetime) -> Standing:
    """Looks at the tables; inputs are those that were applied since an instant. Raises ``query.QueryError``."""
    instant, lately = (f"TIMESTAMP '{at.isoformat()}'" for at in (since, datetime.now(UTC) - LATELY))
    outcomes = tables.rows(
        f"SELECT outcome, COUNT(*) AS inputs FROM unique_arrivals WHERE applied_at >= {instant} GROUP BY outcome"
    )
    [lag] = tables.rows(
        "SELECT APPROX_QUANTILES(lag, 100)[OFFSET(50)] AS half, APPROX_QUANTILES(lag, 100)[OFFSET(99)] AS most "
        "FROM (SELECT TIMESTAMP_DIFF(applied_at, received_at, MILLISECOND) AS lag FROM arrivals "
        f"WHERE applied_at >= {lately})"
    )
    counts = tables.rows(
        "SELECT model, status, SUM(documents) AS documents FROM counts_by_model GROUP BY model, status"
    )
    seconds = None if lag["half"] is None else (lag["half"] / 1_000, lag["most"] / 1_000)
    return Standing({row["outcome"]: row["inputs"] for row in outcomes}, counts, seconds)


def settled(tables: Tables) -> bool:
    """Whether the live counts say what the changes say."""
    columns = "model, environment, status, documents, total"
    live, truth = (
        sorted(repr(sorted(row.items())) for row in tables.rows(statement))
        for statement in (
            f"SELECT {columns} FROM counts_by_model",
            "SELECT model, environment, status, SUM(documents) AS documents, SUM(total) AS total "
            "FROM counts_from_changes WHERE dimension = 'uf' GROUP BY model, environment, status "
            "HAVING documents != 0 OR total != 0",
        )
    )
    return live == truth


class Rate:
    """Inputs a second over the last while."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, at: float, arrived: int) -> float:
        """Takes in how many have arrived ``at`` a moment (seconds), and gives the rate."""
        self._seen.append((at, arrived))
        while len(self._seen) > 2 and self._seen[0][0] < at - RATE_SECONDS:
            self._seen.popleft()
        (first, before), seconds = self._seen[0], at - self._seen[0][0]
        return (arrived - before) / seconds if first < at else 0.0
