"""What a stream has done so far, as a terminal shows it."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.screen import plain_table
from pipelines.standing import Standing
from transforms.families import MODEL_NAMES

COUNTS = "in the stack"
ALL = "all"
# Below this width a row is a status and a column a model, of which fewer are long.
WIDE = 110
CLOCK = "{minutes:02}:{seconds:02}"
STOPS = "Ctrl-C stops it"


def line(published: int, seen: Standing, rate: float) -> str:
    """Arrivals in one line."""
    parts = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(seen.outcomes.items(), reverse=True))
    lag = f", lag {seen.lag[0]:.1f} s (99%: {seen.lag[1]:.1f} s)" if seen.lag else ""
    arrived = f"{seen.arrived:,} arrived" + (f" ({parts})" if parts else "")
    return f"{published:,} published, {arrived}, {rate:,.0f}/s{lag}"


def counted_line(seen: Standing) -> str:
    """Counts in one line."""
    documents = sorted(seen.documents().items(), key=lambda pair: (-pair[1], pair[0]))
    return "counted: " + (", ".join(f"{number:,} {status}" for status, number in documents if number) or "nothing yet")


def board(
    seconds: float, published: int, seen: Standing, rate: float, waiting: str = "", narrow: bool = False
) -> RenderableType:
    """All of it, for a terminal: a row for each model, a column for each status; the other way round where narrow."""
    clock = CLOCK.format(minutes=int(seconds) // 60, seconds=int(seconds) % 60)
    parts: list[RenderableType] = [Text(f"{clock}  {line(published, seen, rate)}", style="bold")]
    if waiting:
        parts.append(Text(f"{clock}  {waiting}", style="bold red"))
    return Group(*parts, Text(), counts_table(seen, narrow), Text(), Text(STOPS, style="dim"))


def counts_table(seen: Standing, narrow: bool) -> Table:
    """Documents by model and status, and their sums."""
    cells: dict[tuple[str, str], int] = {}
    for row in seen.counts:
        if row["documents"]:
            model = MODEL_NAMES.get(row["model"], row["model"] or "unknown")
            place = (row["status"], model) if narrow else (model, row["status"])
            cells[place] = cells.get(place, 0) + row["documents"]
    rows, columns = (sorted({place[axis] for place in cells}) for axis in (0, 1))
    table = plain_table("", (COUNTS, "left"), *((column, "right") for column in columns), (ALL, "right"))
    for name in [*rows, ALL]:
        of_row = {place: number for place, number in cells.items() if name in (place[0], ALL)}
        sums = [sum(number for place, number in of_row.items() if place[1] == column) for column in columns]
        table.add_row(name, *(f"{number:,}" if number else "" for number in sums), f"{sum(sums):,}")
    return table
