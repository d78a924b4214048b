"""The summary of a run, for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from local.summary import Outcome
from transforms.families import MODEL_NAMES

TEST_ENVIRONMENT = 2
SHOWN_LINES = 8
ORIGIN_CHARACTERS = 60


def show(
    console: Console,
    outcome: Outcome,
    counts: Sequence[Mapping[str, Any]],
    dead_letters: Mapping[str, Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
    seconds: float,
) -> None:
    """Prints what a run read and made, with counts, dead letters and one history as the views of BigQuery give them."""
    console.print()
    console.print(read_table(outcome, seconds))
    if outcome.dead_letters:
        console.print()
        console.print(dead_table(outcome, dead_letters))
    if counts:
        console.print("\nDocuments by model, UF, month and state, from the view counts_by_uf", style="bold")
        console.print(Columns(count_tables(counts), padding=(0, 3)))
        if tests := test_text(counts):
            console.print(tests)
    if history:
        console.print()
        console.print(history_table(history))


def read_table(outcome: Outcome, seconds: float) -> Table:
    table = plain_table("Read", ("", "left"), ("", "right"), ("", "left"))
    rate = outcome.inputs / seconds if seconds else 0
    table.add_row("inputs", f"{outcome.inputs:,}", f"in {seconds:,.1f} s, {rate:,.0f} a second")
    table.add_row("  documents", f"{outcome.documents:,}", "")
    table.add_row("  events", f"{outcome.events:,}", "")
    table.add_row("  voided ranges", f"{outcome.voided_ranges:,}", "")
    table.add_row("  dead letters", f"{outcome.dead:,}", "kept with their bytes" if outcome.dead else "")
    resumed = f"of these {outcome.resumed:,} written by an earlier attempt of this run" if outcome.resumed else ""
    table.add_row("new", f"{outcome.new:,}", resumed)
    table.add_row("duplicate", f"{outcome.duplicates:,}", "traced, counted nowhere" if outcome.duplicates else "")
    table.add_row("XML", size(outcome.xml_bytes), stored_text(outcome))
    return table


def stored_text(outcome: Outcome) -> str:
    """How much of the bytes received is stored: XML, fields, changes and lineage together."""
    if not outcome.stored_bytes or not outcome.xml_bytes:
        return ""
    share = outcome.stored_bytes / outcome.xml_bytes
    return f"stored in {size(outcome.stored_bytes)} ({share:.0%}), fields, changes and lineage included"


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


def history_table(history: Sequence[Mapping[str, Any]]) -> Table:
    table = plain_table(
        f"History of {history[0]['access_key']}",
        ("happened", "left"), ("what", "left"), ("answer", "right"), ("state", "left"), ("arrived from", "left"),
    )  # fmt: skip
    for record in history:
        happened = record["happened_at"]
        before = record["status_before"] or "nothing"
        table.add_row(
            f"{happened:%Y-%m-%d %H:%M:%S}" if happened else "",
            f"{record['kind']} {record['what'] or ''}",
            str(record["result"] or ""),
            f"{record['revision']}. {before} -> {record['status_after']}",
            Text(_short(record["origin"]), overflow="ellipsis", no_wrap=True),
        )
    return table


def size(number: int) -> str:
    """Bytes in the unit that keeps the number short."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"


def _short(origin: str) -> str:
    """Enough of an origin to recognise it by: its file without folders, and the end of the entry."""
    path, mark, entry = origin.partition("#")
    name = path.rsplit("/", 1)[-1] + mark
    room = max(ORIGIN_CHARACTERS - len(name), 20)
    return name + (entry if len(entry) <= room else f"…{entry[-room:]}")


def plain_table(title: str, *columns: tuple[str, Any]) -> Table:
    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    table.show_header = any(name for name, _ in columns)
    for name, justify in columns:
        table.add_column(name, justify=justify, header_style="dim")
    return table
