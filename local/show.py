"""The summary of a run, for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines import legend, summary
from pipelines.outcome import Outcome
from pipelines.screen import plain_table
from transforms.families import MODEL_NAMES

TEST_ENVIRONMENT = 2
SHOWN_LINES = 8
ORIGIN_CHARACTERS = 60
READ = "Read in {seconds:,.1f} s, run {run}"
OF_ALL = "Documents by model, UF, month and state, from the view counts_by_uf"
OF_THIS_RUN = "Documents of this run by model, UF, month and state, as they are now"
HISTORY = "History of {key}"
OF_ANOTHER = "(another run) {origin}"
WIDE = 130
HELD_BEFORE = "The stack holds {keys:,} keys in all; before this run it held {before:,}."


class Found(NamedTuple):
    """What the views of BigQuery tell after a run.

    ``counts``: of this run's documents where ``before`` (keys that the stack held before the run) is not 0, else of all
    there are, which is the same. ``dead_letters`` and ``history``: of this run.
    """

    counts: Sequence[Mapping[str, Any]]
    dead_letters: Mapping[str, Mapping[str, Any]]
    history: Sequence[Mapping[str, Any]]
    keys: int
    before: int


def show(console: Console, run: str, outcome: Outcome, found: Found, seconds: float) -> None:
    """Prints what a run read and made, with counts, dead letters and one history as the views of BigQuery give them."""
    console.print()
    console.print(READ.format(run=run, seconds=seconds), style="bold", markup=False)
    console.print(read_table(outcome, seconds))
    if outcome.dead_letters:
        console.print()
        console.print(dead_table(outcome, found.dead_letters))
    if found.counts:
        console.print(f"\n{OF_THIS_RUN if found.before else OF_ALL}", style="bold")
        console.print(Columns(count_tables(found.counts), padding=(0, 3)))
        if tests := test_text(found.counts):
            console.print(tests)
    if found.before:
        console.print(f"\n{HELD_BEFORE.format(keys=found.keys, before=found.before)}")
    if found.history:
        console.print()
        console.print(history_table(found.history, run, narrow=console.width < WIDE))


def read_table(outcome: Outcome, seconds: float) -> Table:
    """What was read, as at the end of every job."""
    table = plain_table("", ("", "left"), ("", "right"), ("", "left"))
    for row in summary.ingested(outcome, seconds):
        table.add_row(*row)
    return table


def dead_table(outcome: Outcome, details: Mapping[str, Mapping[str, Any]]) -> Table:
    table = plain_table("Dead letters", ("reason", "left"), ("inputs", "right"), ("one of them", "left"))
    for code, number in sorted(outcome.dead_letters.items(), key=lambda pair: (-pair[1], pair[0])):
        detail = details.get(code)
        example = _example(detail["example_origin"], detail["example_message"]) if detail else ""
        table.add_row(code, f"{number:,}", Text(example, overflow="ellipsis", no_wrap=True))
    return table


def _example(origin: str, message: str) -> str:
    """Where a dead letter came from and why, in one line that does not name the place twice."""
    reason = message.replace(origin, "").lstrip(": ").partition("\n")[0]
    return f"{_short(origin)}: {reason}"


def count_tables(counts: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    """By model, by UF, by month and by state, each added up from the same rows."""
    return [
        _count_table("model", counts, lambda row: MODEL_NAMES.get(row["model"], row["model"]), by_name=False),
        _count_table("UF", counts, lambda row: row["uf"], by_name=False),
        _count_table("month", counts, lambda row: f"{row['month']:%Y-%m}" if row["month"] else "", by_name=True),
        _count_table("state", counts, lambda row: row["status"], by_name=False),
    ]


def test_text(counts: Sequence[Mapping[str, Any]]) -> str:
    """What of the counts is no business at all: documents of the tax office's test environment (homologação)."""
    rows = [row for row in counts if row.get("environment") == TEST_ENVIRONMENT]
    if not rows:
        return ""
    documents = sum(row["documents"] for row in rows)
    total = sum((Decimal(row["total"] or 0) for row in rows), Decimal())
    return f"\nOf these, {documents:,} (R$ {total:,.2f}) are of the test environment (tpAmb 2), without fiscal value."


def _count_table(title: str, counts: Sequence[Mapping[str, Any]], name_of: Any, *, by_name: bool) -> Table:
    documents: dict[str, int] = defaultdict(int)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in counts:
        name = str(name_of(row) or "none")
        documents[name] += int(row["documents"])
        totals[name] += Decimal(row["total"] or 0)
    names = sorted(documents) if by_name else sorted(documents, key=lambda name: (-documents[name], name))
    shown = names[-SHOWN_LINES:] if by_name else names[:SHOWN_LINES]
    table = plain_table("", (title, "left"), ("documents", "right"), ("R$", "right"))
    if by_name and len(names) > len(shown):
        _add_rest(table, "earlier", names[:-SHOWN_LINES], documents, totals)
    for name in shown:
        table.add_row(name, f"{documents[name]:,}", f"{totals[name]:,.2f}")
    if not by_name and len(names) > len(shown):
        _add_rest(table, f"{len(names) - len(shown)} others", names[SHOWN_LINES:], documents, totals)
    return table


def _add_rest(
    table: Table, label: str, names: Iterable[str], documents: Mapping[str, int], totals: Mapping[str, Decimal]
) -> None:
    rest = list(names)
    number, total = sum(documents[name] for name in rest), sum((totals[name] for name in rest), Decimal())
    table.add_row(label, f"{number:,}", f"{total:,.2f}")


def history_table(history: Sequence[Mapping[str, Any]], run: str, narrow: bool = False) -> RenderableType:
    """The records of a key, each with what it changed; where the screen is narrow, origins have lines of their own."""
    table = plain_table(
        HISTORY.format(key=history[0]["access_key"]),
        ("happened", "left"), ("what", "left"), ("answer", "left"), ("state", "left"),
        *(() if narrow else (("arrived from", "left"),)),
    )  # fmt: skip
    for record in history:
        origin = _short(record["origin"])
        if record["run"] != run:
            origin = OF_ANOTHER.format(origin=origin)
        table.add_row(
            legend.moment(record["happened_at"]) if record["happened_at"] else "",
            f"{record['kind']} {record['what'] or ''}",
            legend.answer(record["result"]),
            legend.change(record["revision"], record["status_before"], record["status_after"]),
            *(() if narrow else (Text(origin, overflow="ellipsis", no_wrap=True),)),
        )
    return Group(table, Text(legend.READING, style="dim"))


def _short(origin: str) -> str:
    """Enough of an origin to recognise it by: its file without folders, and the end of the entry."""
    path, mark, entry = origin.partition("#")
    name = path.rsplit("/", 1)[-1] + mark
    room = max(ORIGIN_CHARACTERS - len(name), 20)
    return name + (entry if len(entry) <= room else f"…{entry[-room:]}")
