"""What a job says at its end: what was read, what became of it, how long it took, and what to do next. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines import input_counts, screen
from pipelines.input_counts import InputCounts
from pipelines.job_ends import JOBS, RESUMED, Job, Line, Next
from pipelines.letter_codes import CODES
from transforms import language
from transforms.language import mark, say, tr

TITLE = mark("{job}, run {run}: done in {seconds:,.1f} s")
TITLE_UNNAMED = mark("{job}: done in {seconds:,.1f} s")
TITLE_STOPPED = mark("{job}: stopped after {seconds:,.1f} s. So far, from the counters of this process:")
RATE = mark("{rate:,.0f} a second")
TRACED = mark("traced, counted nowhere")
KEPT = mark("kept with their bytes")
BARRED = mark("erased before: tombstones and bars keep them out")
STORED = mark("stored in {size} ({share:.0%}), fields, changes and lineage included")
WRONG = mark("Not as it must be: {what}")
NEXT = mark("What next")
DEAD_BY_REASON = mark("Dead letters by reason")
UNKNOWN_CODE = mark("see the catalogue of codes")


@dataclass(frozen=True)
class Ended:
    """The end of one launch. ``run`` and ``launch`` are its names, ``where`` the options that name its stores."""

    job: str
    run: str
    launch: str
    seconds: float
    counters: Mapping[str, int]
    sums: Mapping[str, int] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    stopped: bool = False

    @property
    def inputs(self) -> InputCounts:
        """How many of its inputs became what."""
        return input_counts.input_counts_of(self.counters, self.sums)

    def placed(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """A command with the options that name the stores of this launch; a query reads BigQuery alone."""
        name, *arguments = command
        known = ("project", "dataset") if name == "query" else tuple(self.where)
        return (name, *(f"--{one}={self.where[one]}" for one in known if one in self.where), *arguments)


def as_json(ended: Ended) -> dict[str, Any]:
    """The end for programs: names, seconds, what became of the inputs, and every counter that is not 0."""
    told = JOBS.get(ended.job, Job())
    return {
        "job": ended.job,
        "run": ended.run,
        "launch": ended.launch,
        "wall_seconds": round(ended.seconds, 2),
        **(input_counts.as_json(ended.inputs) if told.ingests else {}),
        "counters": {name: number for name, number in sorted(ended.counters.items()) if number},
    }


def show(console: Console, ended: Ended, typed: Callable[..., str]) -> None:
    """Prints the end; ``typed`` gives a command as it is to be typed, from its name and arguments."""
    told = JOBS.get(ended.job, Job())
    console.print()
    console.print(title(ended), style="bold", markup=False)
    console.print(figures(told, ended))
    if told.ingests and ended.inputs.dead_letters:
        console.print()
        console.print(reasons(ended.inputs))
    if told.ingests and not ended.stopped:
        for problem in input_counts.problems(ended.inputs):
            console.print(say(WRONG, what=problem), markup=False)
    if told.endless or not ended.stopped:
        _show_next(console, told, ended, typed)


def title(ended: Ended) -> str:
    """What ended, and after how long."""
    text = TITLE_STOPPED if ended.stopped else TITLE if ended.run else TITLE_UNNAMED
    return say(text, job=ended.job, run=ended.run, seconds=ended.seconds)


def figures(told: Job, ended: Ended) -> Table:
    """All figures, a line each."""
    table = screen.plain_table("", ("", "left"), ("", "right"), ("", "left"))
    for line in told.lines:
        for label, number in _numbers(line, ended.counters):
            table.add_row(label, language.number(number), tr(line.note))
    if told.ingests:
        for row in ingested(ended.inputs, ended.seconds, told.resumed):
            table.add_row(*row)
    prefixes, nothing = told.nothing
    if nothing and not any(number for name, number in ended.counters.items() if name.startswith(prefixes)):
        table.add_row(tr("differences"), "0", tr(nothing))
    return table


def _numbers(line: Line, counters: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    prefix, several, _ = line.counter.partition("<")
    if not several:
        number = counters.get(line.counter, 0)
        if number or line.always:
            yield tr(line.label), number
        return
    for name, number in sorted(counters.items()):
        if name.startswith(prefix) and number:
            yield say(line.label, which=name.removeprefix(prefix)), number


def ingested(found: InputCounts, seconds: float, resumed: str = RESUMED) -> list[tuple[str, str, str]]:
    """What became of inputs: label, figure and remark."""
    rate = say(RATE, rate=found.inputs / seconds) if seconds and found.inputs else ""
    xml = [("XML", screen.size(found.xml_bytes), stored_text(found))] if found.xml_bytes else []
    return [
        (tr("inputs"), language.number(found.inputs), rate),
        (tr("  documents"), language.number(found.documents), ""),
        (tr("  events"), language.number(found.events), ""),
        (tr("  voided ranges"), language.number(found.voided_ranges), ""),
        (tr("  dead letters"), language.number(found.dead), tr(KEPT) if found.dead else ""),
        (tr("new"), language.number(found.new), say(resumed, resumed=found.resumed) if found.resumed else ""),
        (tr("duplicate"), language.number(found.duplicates), tr(TRACED) if found.duplicates else ""),
        *([(tr("kept out"), language.number(found.barred), tr(BARRED))] if found.barred else []),
        *xml,
    ]


def stored_text(found: InputCounts) -> str:
    """How much of the bytes received is stored: XML, fields, changes and lineage together."""
    if not found.stored_bytes or not found.xml_bytes:
        return ""
    return say(STORED, size=screen.size(found.stored_bytes), share=found.stored_bytes / found.xml_bytes)


def reasons(found: InputCounts) -> Table:
    """Dead letters by code, with what the code says."""
    table = screen.plain_table(
        DEAD_BY_REASON, (mark("reason"), "left"), (mark("inputs"), "right"), (mark("which is"), "left")
    )
    for code, number in by_number(found.dead_letters):
        table.add_row(code, language.number(number), tr(CODES.get(code, UNKNOWN_CODE)))
    return table


def by_number(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    """The largest first."""
    return sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))


def _show_next(console: Console, told: Job, ended: Ended, typed: Callable[..., str]) -> None:
    due = [one for one in told.nexts if _is_due(one, ended.counters)]
    if due:
        console.print(f"\n{tr(NEXT)}", style="bold")
    codes = ",".join(code for code, _ in by_number(ended.inputs.dead_letters))
    for one in due:
        command = tuple(part.replace("{codes}", codes) for part in one.command)
        console.print(f"  {tr(one.why)}", style="dim", markup=False)
        # Never folded: it is to be copied.
        console.print(f"    {typed(*ended.placed(command))}", markup=False, soft_wrap=True)


def _is_due(one: Next, counters: Mapping[str, int]) -> bool:
    return (not one.when or bool(counters.get(one.when))) and not (one.unless and counters.get(one.unless))
