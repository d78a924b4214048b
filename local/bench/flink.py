"""What Flink adds to a backfill: CPU and seconds of the same job on Flink with two TaskManagers and on FnApiRunner.

    python -m local.bench.flink [--documents 3000] [--rounds 1]

CPU is all that a runner takes: on Flink of the JobManager, the TaskManagers, the job server, the Python workers and the
launcher. An almost empty job says what is fixed; what a document costs is counted beyond that. The two take turns,
over the same archives, into tables of their own, against the same emulators. ``make bench-flink`` measures the stream's
latency on Flink too, with ``local.bench.stream``.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from local.bench.processes import below
from local.bench.results import Figure, keep
from local.flink import session
from local.flink.cluster import Cluster, cluster
from local.generate.__main__ import INPUT, MANIFEST, write_set
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from pipelines import defaults, tables
from transforms.truth.config import TruthConfig

GOAL = 1.3
_HANDFUL = 20
_TICKS = os.sysconf("SC_CLK_TCK")
_numbers = itertools.count(1)


class Cost(NamedTuple):
    """Seconds of one job: of the clock, and of CPU."""

    wall: float
    cpu: float


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures and keeps them."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.flink", description="A backfill on Flink.")
    parser.add_argument("--documents", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args(argv)
    found = run(options.rounds, options.documents)
    for what, figure, beside, _ in figures(found):
        print(f"{what}: {figure} ({beside})")
    print(f"kept in {os.path.relpath(keep('flink', found))}")
    return 0


def run(rounds: int, documents: int = 3_000) -> dict[str, Any]:
    """CPU in µs of a document on each runner, and what is fixed; starts and stops emulators and a Flink of its own."""
    costs: dict[str, list[tuple[Cost, Cost]]] = {"FnApiRunner": [], "FlinkRunner": []}
    with tempfile.TemporaryDirectory(prefix="acervo-bench-") as folder, stack() as running, running.exported():
        (few, _), (many, inputs) = _set(Path(folder, "few"), _HANDFUL), _set(Path(folder, "many"), documents)
        with cluster() as flink:
            _job(few, "FlinkRunner", flink)  # the first job loads and compiles Java's classes
            for _ in range(rounds):
                for runner, found in costs.items():
                    found.append((_job(few, runner, flink), _job(many, runner, flink)))
    return {
        "inputs": inputs,
        **{runner: _beyond(found, inputs) for runner, found in costs.items()},
        "goal_beside_fnapirunner": GOAL,
    }


def _set(folder: Path, documents: int) -> tuple[Path, int]:
    """Input of a job, and the number of inputs in it."""
    write_set(folder, 1, documents, broken=0.0, duplicates=0.0, archive="zip")
    return folder / INPUT, orjson.loads((folder / MANIFEST).read_bytes())["expected"]["inputs"]


def _beyond(found: list[tuple[Cost, Cost]], inputs: int) -> dict[str, float]:
    cpu = [(many.cpu - few.cpu) / inputs for few, many in found]
    wall = [inputs / max(many.wall - few.wall, 0.001) for few, many in found]
    return {
        "cpu_micros": round(statistics.median(cpu) * 1e6, 1),
        "a_second": round(statistics.median(wall), 1),
        "fixed_cpu_seconds": round(statistics.median(few.cpu for few, _ in found), 1),
        "fixed_seconds": round(statistics.median(few.wall for few, _ in found), 1),
    }


def _job(given: Path, runner: str, flink: Cluster) -> Cost:
    """One job in a process of its own, into tables of its own."""
    name = f"bench_{next(_numbers)}"
    tables.set_up(TruthConfig(LOCAL_PROJECT, defaults.DEFAULT_INSTANCE, name), name)
    where = session.arguments(session.place_of(flink)) if runner == "FlinkRunner" else ["--runner", runner]
    places = ["--project", LOCAL_PROJECT, "--bigtable_table", name, "--dataset", name]
    command = [sys.executable, "-m", "pipelines.backfill", "--input", str(given), *places, *where]
    began, before = time.monotonic(), _cpu_of(flink)
    job = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "GRPC_VERBOSITY": "ERROR"})
    _, status, usage = os.wait4(job.pid, 0)
    wall = time.monotonic() - began
    if status:
        raise SystemExit(f"the backfill on {runner} failed; its messages are above")
    own = usage.ru_utime + usage.ru_stime
    time.sleep(2)  # its workers end, and what they took is then their TaskManager's
    return Cost(wall, own + (_cpu_of(flink) - before if runner == "FlinkRunner" else 0.0))


def _cpu_of(flink: Cluster) -> float:
    """Seconds of CPU that a Flink and the workers it started have used, those that have ended included."""
    pids = {pid for process in flink.processes.values() for pid in below(process.pid)}
    return sum(_cpu(pid) for pid in pids)


def _cpu(pid: int) -> float:
    """Of a process, and of its children that have ended."""
    try:
        return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15])) / _TICKS
    except OSError:
        return 0.0


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    flink, beside = found["FlinkRunner"], found["FnApiRunner"]
    ratio = flink["cpu_micros"] / beside["cpu_micros"]
    return [
        Figure(
            f"backfill on Flink, two TaskManagers, {found['inputs']:,} inputs",
            f"{flink['cpu_micros']:,.0f} µs CPU each, {ratio:.2f} times FnApiRunner, {flink['a_second']:,.0f}/s",
            f"FnApiRunner {beside['cpu_micros']:,.0f} µs, {beside['a_second']:,.0f}/s",
            f"{GOAL:g}",
        ),
        Figure(
            "the same, an almost empty job",
            f"{flink['fixed_seconds']:.0f} s, {flink['fixed_cpu_seconds']:.0f} s CPU",
            f"FnApiRunner {beside['fixed_seconds']:.0f} s, {beside['fixed_cpu_seconds']:.0f} s CPU",
        ),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
