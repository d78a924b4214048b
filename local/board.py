"""What a stream has done so far, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.screen import plain_table
from pipelines.standing import Standing
from transforms import language
from transforms.families import MODEL_NAMES
from transforms.language import mark, say, tr

COUNTS = mark("in the stack")
ALL = mark("all")
# Below this width a row is a status and a column a model, of which fewer are long.
WIDE = 110
CLOCK = "{minutes:02}:{seconds:02}"
STOPS = mark("Ctrl-C stops it")
NUMBER_OF = "{number:,} {what}"


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
