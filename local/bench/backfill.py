"""How fast the backfill is, what it costs in CPU, and whether its memory grows with the input.

    python -m local.bench.backfill [--documents 10000,50000,200000]

Each size runs as a job of its own, against emulators of its own, which are not measured. CPU is of the job's process
and of the workers that a large job starts; memory is of its process alone. Figures are kept as JSON with the date and
the machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from local.bench import watched
from local.bench.results import Figure, keep
from local.generate.__main__ import INPUT, MANIFEST, write_set
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from pipelines import defaults, tables
from transforms.truth.config import TruthConfig

_MEGABYTE = 1 << 20
SIZES = (10_000, 100_000, 1_000_000)
RUNNER = "FnApiRunner"


class Measured(NamedTuple):
    """One job: ``seconds`` of wall clock and of CPU, resident memory in bytes (at its peak, and at the middle)."""

    inputs: int
    payload_bytes: int
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    middle_bytes: int


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints a line for each size and writes the results."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.backfill", description="Speed of the backfill.")
    parser.add_argument("--documents", default=",".join(map(str, SIZES)), help="sizes, separated by commas")
    parser.add_argument("--runner", default=RUNNER)
    options = parser.parse_args(argv)
    found = grown([int(text) for text in options.documents.split(",")], options.runner)
    print(f"kept in {os.path.relpath(keep('backfill', found))}")
    return 0


def run(rounds: int) -> dict[str, Any]:
    """The sizes of the suite. One round: a job of a hundred thousand documents is its own repetition."""
    return grown(SIZES, RUNNER)


def grown(sizes: Sequence[int], runner: str) -> dict[str, Any]:
    """Figures of a job for each size, and of one that has next to nothing to do."""
    floor = measure(20, runner)
    print(f"an almost empty job: {floor.cpu_seconds:.1f} s CPU, {floor.peak_bytes / _MEGABYTE:.0f} MiB")
    jobs = []
    for size in sizes:
        jobs.append(measure(size, runner))
        print(_line(jobs[-1], floor), flush=True)
    return {"runner": runner, "floor": floor._asdict(), "jobs": [job._asdict() for job in jobs]}


def _line(job: Measured, floor: Measured) -> str:
    cpu = (job.cpu_seconds - floor.cpu_seconds) / job.inputs
    wall = job.inputs / max(0.001, job.wall_seconds - floor.wall_seconds)
    return (
        f"{job.inputs:,} inputs ({job.payload_bytes / job.inputs:,.0f} bytes each): {wall:,.0f} a second, "
        f"{cpu * 1e6:,.0f} µs CPU each, memory without workers {job.middle_bytes / _MEGABYTE:.0f} MiB at the middle, "
        f"{job.peak_bytes / _MEGABYTE:.0f} MiB at its peak"
    )


def measure(documents: int, runner: str) -> Measured:
    """Generates that many files, and backfills them in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="acervo-bench-") as folder, stack() as running, running.exported():
        write_set(Path(folder), 1, documents, broken=0.0, duplicates=0.0, archive="zip")
        expected = orjson.loads((Path(folder) / MANIFEST).read_bytes())["expected"]
        tables.set_up(TruthConfig(LOCAL_PROJECT, defaults.DEFAULT_INSTANCE, defaults.DEFAULT_TABLE), "acervo")
        arguments = ["--input", str(Path(folder) / INPUT), "--project", LOCAL_PROJECT, "--runner", runner]
        found = watched.run([sys.executable, "-m", "pipelines.backfill", *arguments])
        return Measured(expected["inputs"], expected["payload_bytes"], *found)


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    floor, jobs = found["floor"], found["jobs"]
    lines = []
    for job in jobs:
        cpu = (job["cpu_seconds"] - floor["cpu_seconds"]) / job["inputs"]
        rate = job["inputs"] / (job["wall_seconds"] - floor["wall_seconds"])
        peak = f"{job['peak_bytes'] / _MEGABYTE:,.0f} MiB at its peak, without the workers that a large job starts"
        lines.append(
            Figure(f"backfill of {job['inputs']:,} inputs", f"{cpu * 1e6:,.0f} µs CPU each, {rate:,.0f}/s", peak)
        )
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
