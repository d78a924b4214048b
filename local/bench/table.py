"""The README's table of figures, made from the newest result of each benchmark."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from local.bench.results import Figure, newest

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- figures: make bench writes what follows -->\n", "<!-- figures end -->\n"
SHOWN = (
    "parse",
    "variety",
    "storage",
    "truth",
    "sink",
    "job",
    "backfill",
    "cores",
    "flink",
    "states",
    "alternatives",
    "postgres",
    "stream",
)


def lines(names: Iterable[str] = SHOWN) -> Iterator[str]:
    """Rows of the table, with the day of each result and the maker of its processor."""
    for name in names:
        found = newest(name)
        if found is not None:
            module = importlib.import_module(f"local.bench.{name}")
            figures: list[Figure] = module.figures(found)
            seen = f"{found['date']}, {_maker(found['machine']['cpu'])}"
            yield from (f"| {' | '.join(figure)} | {seen} |" for figure in figures)


def _maker(cpu: str) -> str:
    return cpu.split("(")[0].split()[0]


def text() -> str:
    """The table, and the machine."""
    machines = {_machine(name) for name in SHOWN} - {None}
    head = ["| what | figure | compared with | goal | seen |", "|---|---|---|---|---|"]
    return "\n".join([*head, *lines(), "", f"On {' and '.join(sorted(map(str, machines)))}.", ""])


def _machine(name: str) -> str | None:
    found = newest(name)
    if found is None:
        return None
    machine = found["machine"]
    return f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, Beam {machine['beam']}"


def replaced(readme: str) -> str:
    """The README with the table as it is now. Raises ValueError where its marks are missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks {BEGIN.strip()} or {END.strip()}")
    return before + begin + text() + end + after


def write() -> None:
    """Puts the table into the README."""
    README.write_text(replaced(README.read_text()))
