"""How far a job is, while it runs: a live line on a terminal, a line now and then elsewhere.

The figures are those of the counters of this process, and of the processes that it started for the job
(``pipelines.tallies``), so they cost next to nothing. Workers of other runners are not included where they are in
processes of their own: then only the time is told, and which services do not answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

from pipelines import screen, tallies
from pipelines.outage import Outages
from transforms.language import mark, say, tr

LIVE_SECONDS = 1.0
PLAIN_SECONDS = 10.0
# A job of hours says so less and less often.
SHARE, LONGEST_SECONDS = 0.1, 60.0
# Columns of the bar, and of spinner, clock, blanks and the ^C of a terminal.
_BAR, _ASIDE = 20, 15
LINE = mark("  {seconds:.0f} s: {told}")
OF_TOTAL = mark("{told} (of {total:,} inputs)")
NOTHING_YET = mark("nothing read yet")
ELSEWHERE = mark("running; what its workers read is told at the end")
RATE = mark("{rate:,.0f}/s")
READY = mark("Ready: {reads} is being read. Ctrl-C stops it; nothing is lost.")
# What is told of each counter, in this order; those that end in _ stand for all that begin so, added up.
PARTS = {
    "postgres_rows": mark("{n:,} rows"),
    "messages_received": mark("{n:,} messages"),
    "histories_read": mark("{n:,} keys read"),
    "records_read_again": mark("{n:,} records read again"),
    "records_reparsed": mark("{n:,} of them otherwise"),
    "redrive_chosen": mark("{n:,} dead letters taken"),
    "inputs": mark("{n:,} read"),
    "records_new": mark("{n:,} new"),
    "records_resumed": mark("{n:,} resumed"),
    "records_duplicate": mark("{n:,} duplicate"),
    "records_barred": mark("{n:,} kept out"),
    "dead_letters": mark("{n:,} dead"),
    "states_refolded": mark("{n:,} states rewritten"),
    "difference_": mark("{n:,} differences"),
    "rows_written_": mark("{n:,} rows written"),
}


def describe(counters: Mapping[str, int], seconds: float) -> str:
    """One line of progress."""
    parts = [say(text, n=number) for name, text in PARTS.items() if (number := _sum(counters, name))]
    if counters.get("inputs"):
        parts.append(say(RATE, rate=counters["inputs"] / max(seconds, 0.001)))
    return ", ".join(parts) or tr(NOTHING_YET)


def _sum(counters: Mapping[str, int], name: str) -> int:
    if not name.endswith("_"):
        return counters.get(name, 0)
    return sum(number for other, number in counters.items() if other.startswith(name))


def since(before: Mapping[str, int]) -> dict[str, int]:
    """What was counted since a tally was taken."""
    return {name: number - before.get(name, 0) for name, number in tallies.tally().items()}


class Watch:
    """What is told of one job: its name, the inputs expected where that is known, and what a stream reads.
    ``elsewhere``: whether its workers are in processes of their own."""

    def __init__(
        self, text: str, outages: Outages, total: int | None = None, reads: str = "", elsewhere: bool = False
    ) -> None:
        self.text = text
        self._elsewhere = elsewhere
        self.total = total
        self._outages = outages
        self._reads = reads
        self._before = tallies.tally()
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the job was started."""
        return time.monotonic() - self._began

    def counters(self) -> dict[str, int]:
        """What was counted since."""
        return since(self._before)

    def news(self) -> list[str]:
        """What happened since this was last asked: a stream is ready, a service is gone or back."""
        told = self._outages.look()
        if self._reads and self.counters().get("subscription_reads"):
            told.append(say(READY, reads=self._reads))
            self._reads = ""
        return told

    def line(self) -> str:
        """How far it is."""
        told = tr(ELSEWHERE) if self._elsewhere else describe(self.counters(), self.seconds)
        return ", ".join(filter(None, (told, self._outages.waiting)))


@contextmanager
def watching(console: Console, watch: Watch) -> Iterator[None]:
    """Tells how far a job is until the block ends."""
    done = threading.Event()
    show = _live if screen.moves(console) else _plain
    thread = threading.Thread(target=_safely, args=(show, console, watch, done), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5)  # one that hangs is left behind: the thread is a daemon


def _safely(show: Callable[[Console, Watch, threading.Event], None], *arguments: object) -> None:
    # Whatever fails in telling must not end a job, nor write a traceback between its lines.
    with suppress(Exception):
        show(*arguments)  # type: ignore[arg-type]


def _plain(console: Console, watch: Watch, done: threading.Event) -> None:
    console.print(watch.text)
    due = PLAIN_SECONDS
    while not done.wait(LIVE_SECONDS):
        for line in watch.news():
            console.print(line)
        if watch.seconds >= due:
            told = watch.line()
            if watch.total:
                told = say(OF_TOTAL, told=told, total=watch.total)
            console.print(say(LINE, seconds=watch.seconds, told=told))
            due = watch.seconds + min(max(PLAIN_SECONDS, watch.seconds * SHARE), LONGEST_SECONDS)


def _live(console: Console, watch: Watch, done: threading.Event) -> None:
    with _bar(console, watch) as bar:
        task: TaskID = bar.add_task(watch.text, total=watch.total, told="")
        while not done.wait(LIVE_SECONDS):
            for line in watch.news():
                bar.console.print(line)
            read = watch.counters().get("inputs", 0)
            total = max(watch.total, read) if watch.total else None
            bar.update(task, completed=read, total=total, told=watch.line())


def _bar(console: Console, watch: Watch) -> Progress:
    columns = [SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()]
    if watch.total:
        columns.insert(2, BarColumn(bar_width=_BAR))
    # Never the whole width: the ^C that a terminal writes behind it would begin a line, and this one would stay.
    room = max(console.width - len(watch.text) - (_BAR + 1 if watch.total else 0) - _ASIDE, 10)
    told = TextColumn("{task.fields[told]}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=room))
    return Progress(*columns, told, console=console, transient=True)
