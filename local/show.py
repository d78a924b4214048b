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
from pipelines.input_counts import InputCounts
from pipelines.screen import plain_table
from transforms import language
from transforms.families import MODEL_NAMES
from transforms.language import mark, say, tr

TEST_ENVIRONMENT = 2
SHOWN_LINES = 8
ORIGIN_CHARACTERS = 60
READ = mark("Read in {seconds:,.1f} s, run {run}")
OF_ALL = mark("Documents by model, UF, month and state, from the view counts_by_uf")
OF_THIS_RUN = mark("Documents of this run by model, UF, month and state, as they are now")
HISTORY = mark("History of {key}")
OF_ANOTHER = mark("(another run) {origin}")
WIDE = 130
HELD_BEFORE = mark("The stack holds {keys:,} keys in all; before this run it held {before:,}.")


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


def show(console: Console, run: str, inputs: InputCounts, found: Found, seconds: float) -> None:
    """Prints what a run read and made, with counts, dead letters and one history as the views of BigQuery give them."""
    console.print()
    console.print(say(READ, run=run, seconds=seconds), style="bold", markup=False)
    console.print(read_table(inputs, seconds))
    if inputs.dead_letters:
        console.print()
        console.print(dead_table(inputs, found.dead_letters))
    if found.counts:
        console.print(f"\n{tr(OF_THIS_RUN if found.before else OF_ALL)}", style="bold")
        console.print(Columns(count_tables(found.counts), padding=(0, 3)))
        if tests := test_text(found.counts):
            console.print(tests)
    if found.before:
        console.print(f"\n{say(HELD_BEFORE, keys=found.keys, before=found.before)}")
    if found.history:
        console.print()
        console.print(history_table(found.history, run, narrow=console.width < WIDE))


def read_table(inputs: InputCounts, seconds: float) -> Table:
    """What was read, as at the end of every job."""
    table = plain_table("", ("", "left"), ("", "right"), ("", "left"))
    for row in summary.ingested(inputs, seconds):
        table.add_row(*row)
    return table


def dead_table(inputs: InputCounts, details: Mapping[str, Mapping[str, Any]]) -> Table:
    table = plain_table(
        mark("Dead letters"), (mark("reason"), "left"), (mark("inputs"), "right"), (mark("one of them"), "left")
    )
    for code, number in sorted(inputs.dead_letters.items(), key=lambda pair: (-pair[1], pair[0])):
        detail = details.get(code)
        example = _example(detail["example_origin"], detail["example_message"]) if detail else ""
        table.add_row(code, language.number(number), Text(example, overflow="ellipsis", no_wrap=True))
    return table


def _example(origin: str, message: str) -> str:
    """Where a dead letter came from and why, in one line that does not name the place twice."""
    reason = message.replace(origin, "").lstrip(": ").partition("\n")[0]
    return f"{_short(origin)}: {reason}"


def count_tables(counts: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    """By model, by UF, by month and by state, each added up from the same rows."""
    return [
        _count_table(mark("model"), counts, lambda row: MODEL_NAMES.get(row["model"], row["model"]), by_name=False),
        _count_table("UF", counts, lambda row: row["uf"], by_name=False),
        _count_table(mark("month"), counts, lambda row: f"{row['month']:%Y-%m}" if row["month"] else "", by_name=True),
        _count_table(mark("state"), counts, lambda row: row["status"], by_name=False),
    ]


def test_text(counts: Sequence[Mapping[str, Any]]) -> str:
    """What of the counts is no business at all: documents of the tax office's test environment (homologação)."""
    rows = [row for row in counts if row.get("environment") == TEST_ENVIRONMENT]
    if not rows:
        return ""
    documents = sum(row["documents"] for row in rows)
    total = sum((Decimal(row["total"] or 0) for row in rows), Decimal())
    return say(
        "\nOf these, {documents:,} (R$ {total:,.2f}) are of the test environment (tpAmb 2), without fiscal value.",
        documents=documents,
        total=total,
    )


def _count_table(title: str, counts: Sequence[Mapping[str, Any]], name_of: Any, *, by_name: bool) -> Table:
    documents: dict[str, int] = defaultdict(int)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in counts:
        name = str(name_of(row) or tr("none"))
        documents[name] += int(row["documents"])
        totals[name] += Decimal(row["total"] or 0)
    names = sorted(documents) if by_name else sorted(documents, key=lambda name: (-documents[name], name))
    shown = names[-SHOWN_LINES:] if by_name else names[:SHOWN_LINES]
    table = plain_table("", (title, "left"), (mark("documents"), "right"), ("R$", "right"))
    if by_name and len(names) > len(shown):
        _add_rest(table, tr("earlier"), names[:-SHOWN_LINES], documents, totals)
    for name in shown:
        table.add_row(name, language.number(documents[name]), say("{total:,.2f}", total=totals[name]))
    if not by_name and len(names) > len(shown):
        left = len(names) - len(shown)
        label = tr("1 other") if left == 1 else say("{number} others", number=left)
        _add_rest(table, label, names[SHOWN_LINES:], documents, totals)
    return table


def _add_rest(
    table: Table, label: str, names: Iterable[str], documents: Mapping[str, int], totals: Mapping[str, Decimal]
) -> None:
    rest = list(names)
    number, total = sum(documents[name] for name in rest), sum((totals[name] for name in rest), Decimal())
    table.add_row(label, language.number(number), say("{total:,.2f}", total=total))


def history_table(history: Sequence[Mapping[str, Any]], run: str, narrow: bool = False) -> RenderableType:
    """The records of a key, each with what it changed; where the screen is narrow, origins have lines of their own."""
    table = plain_table(
        say(HISTORY, key=history[0]["access_key"]),
        (mark("happened"), "left"), (mark("what"), "left"), (mark("answer"), "left"), (mark("state"), "left"),
        *(() if narrow else ((mark("arrived from"), "left"),)),
    )  # fmt: skip
    for record in history:
        origin = _short(record["origin"])
        if record["run"] != run:
            origin = say(OF_ANOTHER, origin=origin)
        table.add_row(
            legend.moment(record["happened_at"]) if record["happened_at"] else "",
            f"{record['kind']} {record['what'] or ''}",
            legend.answer(record["result"]),
            legend.change(record["revision"], record["status_before"], record["status_after"]),
            *(() if narrow else (Text(origin, overflow="ellipsis", no_wrap=True),)),
        )
    return Group(table, Text(tr(legend.READING), style="dim"))


def _short(origin: str) -> str:
    """Enough of an origin to recognise it by: its file without folders, and the end of the entry."""
    path, hash_sign, entry = origin.partition("#")
    name = path.rsplit("/", 1)[-1] + hash_sign
    room = max(ORIGIN_CHARACTERS - len(name), 20)
    return name + (entry if len(entry) <= room else f"…{entry[-room:]}")
