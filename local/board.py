"""What a stream has done so far, read from the stores it writes to, and how that is shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.stores import Tables
from pipelines.screen import plain_table
from transforms import language
from transforms.families import MODEL_NAMES
from transforms.language import mark, say, tr

RATE_SECONDS = 15.0
LATELY = timedelta(seconds=30)
COUNTS = mark("in the stack")
ALL = mark("all")
# Below this width a row is a status and a column a model, of which fewer are long.
WIDE = 110
CLOCK = "{minutes:02}:{seconds:02}"
STOPS = mark("Ctrl-C stops it")
NUMBER_OF = "{number:,} {what}"


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


def line(published: int, seen: Standing, rate: float) -> str:
    """Arrivals in one line."""
    parts = ", ".join(
        say(NUMBER_OF, number=number, what=what) for what, number in sorted(seen.outcomes.items(), reverse=True)
    )
    told = say(
        "{published:,} published, {arrived:,} arrived{outcomes}, {rate:,.0f}/s",
        published=published,
        arrived=seen.arrived,
        outcomes=f" ({parts})" if parts else "",
        rate=rate,
    )
    if not seen.lag:
        return told
    half, most = seen.lag
    return told + say(", lag {half:.1f} s (99%: {most:.1f} s)", half=half, most=most)


def counted_line(seen: Standing) -> str:
    """Counts in one line."""
    documents = sorted(seen.documents().items(), key=lambda pair: (-pair[1], pair[0]))
    parts = ", ".join(say(NUMBER_OF, number=number, what=status) for status, number in documents if number)
    return say("counted: {what}", what=parts or tr("nothing yet"))


def board(
    seconds: float, published: int, seen: Standing, rate: float, waiting: str = "", narrow: bool = False
) -> RenderableType:
    """All of it, for a terminal: a row for each model, a column for each status; the other way round where narrow."""
    clock = CLOCK.format(minutes=int(seconds) // 60, seconds=int(seconds) % 60)
    parts: list[RenderableType] = [Text(f"{clock}  {line(published, seen, rate)}", style="bold")]
    if waiting:
        parts.append(Text(f"{clock}  {waiting}", style="bold red"))
    return Group(*parts, Text(), counts_table(seen, narrow), Text(), Text(tr(STOPS), style="dim"))


def counts_table(seen: Standing, narrow: bool) -> Table:
    """Documents by model and status, and their sums."""
    cells: dict[tuple[str, str], int] = {}
    for row in seen.counts:
        if row["documents"]:
            model = MODEL_NAMES.get(row["model"], row["model"] or "unknown")
            place = (row["status"], model) if narrow else (model, row["status"])
            cells[place] = cells.get(place, 0) + row["documents"]
    rows, columns = (sorted({place[axis] for place in cells}) for axis in (0, 1))
    table = plain_table("", (tr(COUNTS), "left"), *((column, "right") for column in columns), (tr(ALL), "right"))
    for name in rows:
        table.add_row(name, *_sums(columns, {place: number for place, number in cells.items() if place[0] == name}))
    table.add_row(tr(ALL), *_sums(columns, cells))
    return table


def _sums(columns: Sequence[str], cells: Mapping[tuple[str, str], int]) -> list[str]:
    """Of each column, and of all."""
    sums = [sum(number for (_, column), number in cells.items() if column == wanted) for wanted in columns]
    return [*(language.number(number) if number else "" for number in sums), language.number(sum(sums))]
