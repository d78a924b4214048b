"""Which step of a command of the workshop is under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from pipelines import screen


class Steps:
    """Tells which step is under way: a live line on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """One step without a measure."""
        if screen.moves(self.console):
            with self.console.status(text):
                yield
        else:
            self.console.print(text)
            yield
