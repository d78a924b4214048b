"""Whether a backfill of one folder spreads over processes: CPU and documents a second with one process and with more.

    python -m local.bench.cores [--documents 20000] [--processes 1,2] [--archive zip] [--rounds 1]

Each job runs in processes of its own against emulators of its own, and once more over a handful of documents, whose
figures are taken off: connecting, the graph, starting workers. CPU is that of all processes of the job; that of the
emulators is told apart, for on a laptop they take the same cores. So documents a second tell little where there are no
more cores than processes; what is judged is ``scaling``: CPU of a document with one process, beside that with several.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from local.bench import processes, watched
from local.bench.results import Figure, keep
from local.generate.__main__ import INPUT, MANIFEST, write_set
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from pipelines import defaults, tables
from transforms.truth.config import TruthConfig

DOCUMENTS = 20_000
PROCESSES = (1, 2)
ARCHIVE = "zip"
GOAL = 0.85
_HANDFUL = 20


class Job(NamedTuple):
    """One job: ``cpu`` seconds of all its processes, and of the emulators beside it."""

    inputs: int
    wall: float
    cpu: float
    emulators: float


class Archives(NamedTuple):
    """What a job reads, and how many inputs are in it."""

    input: str
    inputs: int


def run(rounds: int, documents: int = DOCUMENTS, counts: Sequence[int] = PROCESSES) -> dict[str, Any]:
    """Figures of jobs with so many processes, by turns, the median of the rounds."""
    return measure(rounds, documents, counts, ARCHIVE)


def measure(rounds: int, documents: int, counts: Sequence[int], archive: str) -> dict[str, Any]:
    """``archive``: what the documents are in, as the generator calls it."""
    with tempfile.TemporaryDirectory(prefix="acervo-bench-") as folder:
        few, many = (_archives(Path(folder, str(size)), size, archive) for size in (_HANDFUL, documents))
        jobs = [{count: (_job(few, count), _job(many, count)) for count in counts} for _ in range(rounds)]
    found = [_figures(each) for each in jobs]
    middle = {
        str(count): {name: statistics.median(each[count][name] for each in found) for name in found[0][count]}
        for count in counts
    }
    return {"documents": many.inputs, "archive": archive, "goal_scaling": GOAL, "processes": middle}


def _archives(folder: Path, documents: int, archive: str) -> Archives:
    write_set(folder, 1, documents, archive=archive)
    return Archives(str(folder / INPUT), orjson.loads((folder / MANIFEST).read_bytes())["expected"]["inputs"])


def _figures(jobs: dict[int, tuple[Job, Job]]) -> dict[int, dict[str, float]]:
    """Of each number of processes, without what a handful of documents takes."""
    marginal = {count: _beyond(*pair) for count, pair in jobs.items()}
    alone = marginal[min(marginal)]
    return {
        count: {
            "cpu_micros": job.cpu / job.inputs * 1e6,
            "emulator_micros": job.emulators / job.inputs * 1e6,
            "per_second": job.inputs / job.wall,
            "start_cpu_seconds": jobs[count][0].cpu,
            "scaling": alone.cpu / alone.inputs / (job.cpu / job.inputs),
        }
        for count, job in marginal.items()
    }


def _beyond(few: Job, many: Job) -> Job:
    wall, cpu = many.wall - few.wall, many.cpu - few.cpu
    return Job(many.inputs - few.inputs, wall, cpu, many.emulators - few.emulators)


def _job(archives: Archives, count: int) -> Job:
    with stack() as running, running.exported():
        tables.set_up(TruthConfig(LOCAL_PROJECT, defaults.DEFAULT_INSTANCE, defaults.DEFAULT_TABLE), "acervo")
        before = processes.cpu_below(os.getpid())
        arguments = ["--input", archives.input, "--project", LOCAL_PROJECT, "--runner", "FnApiRunner"]
        if count > 1:
            arguments += ["--direct_running_mode", "multi_processing"]
        arguments += ["--direct_num_workers", str(count)]
        started = time.monotonic()
        took = watched.run([sys.executable, "-m", "pipelines.backfill", *arguments], quiet=True)
        wall = time.monotonic() - started
        return Job(archives.inputs, wall, took.cpu_seconds, processes.cpu_below(os.getpid()) - before)


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    alone, *others = found["processes"].items()
    base = f"one process {alone[1]['cpu_micros']:,.0f} µs, {alone[1]['per_second']:,.0f}/s"
    return [
        Figure(
            f"backfill of {found['documents']:,} inputs in {count} processes, beside one",
            f"{each['cpu_micros']:,.0f} µs CPU a document: {each['scaling']:.2f}; {each['per_second']:,.0f}/s",
            f"{base}; emulators {each['emulator_micros']:,.0f} µs beside it",
            f"{found['goal_scaling']}",
        )
        for count, each in others
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures and keeps them."""
    described = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m local.bench.cores", description=described)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--processes", default=",".join(map(str, PROCESSES)))
    parser.add_argument("--archive", choices=("zip", "tar.gz", "folder", "mixed"), default=ARCHIVE)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args(argv)
    counts = sorted({1, *map(int, options.processes.split(","))})
    found = measure(options.rounds, options.documents, counts, options.archive)
    for count, each in found["processes"].items():
        print(f"{count} processes: " + ", ".join(f"{name} {value:,.3f}" for name, value in each.items()), flush=True)
    print(f"kept in {os.path.relpath(keep('cores', found))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
