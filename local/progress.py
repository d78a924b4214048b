"""Progress of a run while it works, as the stores show it: keys in Bigtable, inputs with an outcome in BigQuery.

The numbers are read from outside the job, so they are the same on any runner and never run ahead of what is stored;
they are asked for rarely enough to cost the job next to nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

EVERY_SECONDS = 2.0
PLAIN_EVERY_SECONDS = 10.0
# Looking takes at most this share of the time, or happens this rarely.
SHARE = 0.1
LONGEST_SECONDS = 30.0


class Seen(NamedTuple):
    """What the stores hold: keys in all, and the inputs of this run by outcome."""

    keys: int
    outcomes: Mapping[str, int]

    @property
    def inputs(self) -> int:
        """Inputs that reached an outcome."""
        return sum(self.outcomes.values())


Look = Callable[[], Seen]


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
    def watching(self, text: str, look: Look, total: int | None = None) -> Iterator[None]:
        """The step whose progress ``look`` tells; ``total`` inputs are expected, where that is known."""
        watch = _watch_live if self.console.is_terminal else _watch_plain
        done = threading.Event()
        thread = threading.Thread(target=watch, args=(self.console, text, look, total, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(timeout=2 * EVERY_SECONDS)  # a look that hangs is left behind: the thread is a daemon


def describe(seen: Seen, seconds: float) -> str:
    """One line of progress."""
    if not seen.inputs:
        return f"{seen.keys:,} keys stored" if seen.keys else "reading"
    parts = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(seen.outcomes.items(), reverse=True))
    return f"{seen.keys:,} keys stored, {seen.inputs:,} inputs served ({parts}), {seen.inputs / seconds:,.0f}/s"


def _watch_live(console: Console, text: str, look: Look, total: int | None, done: threading.Event) -> None:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[told]}"), console=console, transient=True) as bar:
        task: TaskID = bar.add_task(text, total=total, told="")
        for seen, seconds in _looks(look, EVERY_SECONDS, done):
            bar.update(task, completed=seen.inputs, told=describe(seen, seconds))


def _watch_plain(console: Console, text: str, look: Look, total: int | None, done: threading.Event) -> None:
    console.print(text)
    for seen, seconds in _looks(look, PLAIN_EVERY_SECONDS, done):
        expected = f" (of {total:,} inputs)" if total else ""
        console.print(f"  {seconds:.0f} s: {describe(seen, seconds)}{expected}")


def _looks(look: Look, every: float, done: threading.Event) -> Iterator[tuple[Seen, float]]:
    """What is seen and after how many seconds, until done. A look that fails is repeated: it must never end a run."""
    started = time.monotonic()
    pause = every
    while not done.wait(pause):
        asked = time.monotonic()
        with suppress(Exception):
            yield look(), asked - started
        pause = max(every, min((time.monotonic() - asked) / SHARE, LONGEST_SECONDS))
