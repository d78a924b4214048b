"""Progress of a run while it works: how many inputs have reached an outcome, as BigQuery shows it.

The numbers are read from the table ``arrivals`` every few seconds, so they cost the job nothing, are the same on any
runner, and never run ahead of what is stored.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

Served = Callable[[], Mapping[str, int]]

EVERY_SECONDS = 2.0
PLAIN_EVERY_SECONDS = 10.0


class Steps:
    """Tells which step is under way: a live line on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """One step without a measure."""
        if self.console.is_terminal:
            with self.console.status(text):
                yield
        else:
            self.console.print(text)
            yield

    @contextmanager
    def serving(self, text: str, served: Served, total: int | None = None) -> Iterator[None]:
        """The step whose progress ``served`` tells; ``total`` inputs are expected, where that is known."""
        watch = _watch_live if self.console.is_terminal else _watch_plain
        done = threading.Event()
        thread = threading.Thread(target=watch, args=(self.console, text, served, total, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def describe(served: Mapping[str, int], seconds: float) -> str:
    """One line of progress."""
    inputs = sum(served.values())
    if not inputs:
        return "reading"
    parts = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(served.items(), reverse=True))
    return f"{inputs:,} inputs served ({parts}), {inputs / max(seconds, 0.001):,.0f}/s"


def _watch_live(console: Console, text: str, served: Served, total: int | None, done: threading.Event) -> None:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[told]}"), console=console, transient=True) as bar:
        task: TaskID = bar.add_task(text, total=total, told="")
        started = time.monotonic()
        while not done.wait(EVERY_SECONDS):
            now = _ask(served)
            bar.update(task, completed=sum(now.values()), told=describe(now, time.monotonic() - started))


def _watch_plain(console: Console, text: str, served: Served, total: int | None, done: threading.Event) -> None:
    console.print(text)
    started = time.monotonic()
    while not done.wait(PLAIN_EVERY_SECONDS):
        seconds = time.monotonic() - started
        of = f" of {total:,}" if total else ""
        console.print(f"  {seconds:.0f} s: {describe(_ask(served), seconds)}{of}")


def _ask(served: Served) -> Mapping[str, int]:
    """A question that fails is asked again next time: progress must never end a run."""
    try:
        return served()
    except Exception:
        return {}
