"""Where commands print for people: a terminal as wide as it is; a file or pipe without colours and trailing blanks."""

from __future__ import annotations

import io
import logging
import sys
from typing import IO, Any, TextIO, cast

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from transforms import language
from transforms.language import say, tr

PIPED_WIDTH = 140


class _Trimmed(io.TextIOBase):
    """Lines without trailing blanks, with which tables pad their columns."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = f"{self._begun}{text}".split("\n")
        self._out.write("".join(f"{line.rstrip()}\n" for line in lines))
        return len(text)

    def flush(self) -> None:
        self._out.write(self._begun)
        self._begun = ""
        self._out.flush()


def console(out: TextIO) -> Console:
    """A console as wide as the terminal, or with a width that suits a file."""
    if out.isatty():
        return Console(file=out, highlight=False)
    return Console(file=cast(IO[str], _Trimmed(out)), width=PIPED_WIDTH, highlight=False)


def text_of(table: Table, out: TextIO) -> str:
    """A table as text, for a message that goes to ``out``; each line is indented."""
    shown = console(out)
    with shown.capture() as captured:
        shown.print(Padding(table, (0, 0, 0, 2)))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


class StderrHandler(logging.StreamHandler[TextIO]):
    """Logs to what is stderr at that moment: while a line moves there, what is logged goes above it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def moves(screen: Console) -> bool:
    """Whether lines can be overwritten, as a bar or a spinner requires."""
    return screen.is_terminal and not screen.is_dumb_terminal


def plain_table(title: str, *columns: tuple[str, Any]) -> Table:
    """A table without lines; columns are name and justification, and no names are no header."""
    table = Table(
        title=tr(title) or None,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    table.show_header = any(name for name, _ in columns)
    for name, justify in columns:
        table.add_column(tr(name), justify=justify, header_style="dim")
    return table


def size(number: int) -> str:
    """Bytes in the unit that keeps the number short."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return say("{value:,.0f} bytes", value=value) if unit == "bytes" else f"{language.short(value)} {unit}"
        value /= 1000
    return f"{language.short(value)} TB"
