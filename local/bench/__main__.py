"""``make bench``: every benchmark, one after the other, each kept as dated JSON; then the table in the README.

    python -m local.bench [parse storage ...] [--rounds 7] [--table]

Ratios count, and CPU time: what is compared takes turns in one process, on the same documents. ``--table`` measures
nothing and writes the table from what is kept. Streams and PostgreSQL are measured by make targets of their own.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from local.bench import table
from local.bench.results import keep


class Bench(NamedTuple):
    """A module with ``run(rounds)`` and ``figures(found)``, and the rounds that it needs for a steady median."""

    name: str
    rounds: int

    @property
    def run(self) -> Callable[[int], dict[str, Any]]:
        run: Callable[[int], dict[str, Any]] = importlib.import_module(f"local.bench.{self.name}").run
        return run


SUITE = (
    Bench("parse", 15),
    Bench("variety", 3),
    Bench("storage", 7),
    Bench("truth", 5),
    Bench("sink", 5),
    Bench("job", 5),
    Bench("backfill", 1),
    Bench("cores", 1),
    Bench("states", 1),
    Bench("alternatives", 1),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    names = [bench.name for bench in SUITE]
    parser = argparse.ArgumentParser(prog="python -m local.bench", description="Benchmarks, kept and shown.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(names)} (default: all)")
    parser.add_argument("--rounds", type=int, help="rounds of each (default: as many as it needs)")
    parser.add_argument("--table", action="store_true", help="write the README's table from what is kept, and no more")
    options = parser.parse_args(argv)
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(names)}")
    if not options.table:
        for bench in SUITE:
            if not options.names or bench.name in options.names:
                _measure(bench, options.rounds or bench.rounds)
    table.write()
    return 0


def _measure(bench: Bench, rounds: int) -> None:
    print(f"{bench.name}: measuring", file=sys.stderr, flush=True)
    started = time.monotonic()
    path = keep(bench.name, bench.run(rounds))
    print(f"{bench.name}: {time.monotonic() - started:.0f} s, kept in {os.path.relpath(path)}", file=sys.stderr)
    for line in table.lines([bench.name]):
        print(f"  {line}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
