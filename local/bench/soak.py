"""Whether a stream that is left alone stays as it is: memory, threads and open files of the job and its runner.

    python -m local.bench.soak [--seconds 3600] [--rate 50] [--queue kafka] [options of pipelines.stream]

The stream runs on Prism, started as ``make stream`` starts it, on the stack that is up or on one of its own, and is fed
at a steady rate. Its processes are looked at every few seconds. What they use in the last quarter of the time is held
against the second quarter (the first is warming up). In the end all that was published must have arrived. The result
is kept as JSON with the date and the machine; the exit status is 0 where nothing grew, nothing is missing, and the
stream did not end by itself. The Pub/Sub emulator keeps all that was published in memory: above 50 a second for an
hour, feed it from Kafka.
"""

from __future__ import annotations

import argparse
import os
import secrets
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

# Set before gRPC is loaded, which reads it once.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from local.bench import results
from local.bench.processes import Use, below, use_of
from local.live import runner_arguments
from local.queues import QUEUES
from local.session import Interrupted, RunError, emulators, interruptible, quieten
from local.stack import StackError, discover, find
from local.stack.process import PROJECT, Process
from local.steps import Steps
from local.stores import Tables
from local.trickle import Trickle
from pipelines import defaults, query, standing, tables
from pipelines.screen import console
from transforms.notify.topic import TopicError
from transforms.truth.config import TruthConfig

NAME = "acervo-soak"
TOLD_SECONDS = 60.0
SETTLE_SECONDS = 180.0
# Growth from the second quarter to the last that is tolerated: noise of allocators, a connection opened again.
MEMORY_SHARE, MEMORY_MIB, THREADS, FILES = 0.05, 10.0, 2, 4


class Sample(NamedTuple):
    """The stream's processes at one moment, by what they are: seconds since the start, use."""

    seconds: float
    uses: dict[str, Use]


def role_of(command: str) -> str:
    """What a process below the stream's is."""
    if "pipelines.stream" in command:
        return "job and worker"
    return "Prism" if "--job_port" in command else "others"


def sample(pid: int, seconds: float) -> Sample:
    """Looks at all that the stream is made of; processes of one role are added up. The guard is left out."""
    uses: dict[str, Use] = {}
    for one in below(pid):
        if found := use_of(one):
            role = role_of(found.command)
            known = uses.get(role, Use(role, 0.0, 0, 0, 0.0))
            uses[role] = Use(
                role,
                known.memory + found.memory,
                known.threads + found.threads,
                known.files + found.files,
                known.cpu + found.cpu,
            )
    return Sample(seconds, uses)


def growth(samples: Sequence[Sample]) -> dict[str, dict[str, dict[str, Any]]]:
    """By role and measure: the medians of the second and of the last quarter, what that comes to in an hour, the most,
    and whether it is growth."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    roles = sorted({role for one in samples for role in one.uses})
    end = samples[-1].seconds
    for role in roles:
        for measure in ("memory", "threads", "files"):
            series = [(one.seconds, getattr(one.uses[role], measure)) for one in samples if role in one.uses]
            early = [value for seconds, value in series if end / 4 <= seconds < end / 2]
            late = [value for seconds, value in series if seconds >= end * 3 / 4]
            if not early or not late:
                continue
            before, after = statistics.median(early), statistics.median(late)
            found.setdefault(role, {})[measure] = {
                "second_quarter": round(before, 1),
                "last_quarter": round(after, 1),
                "an_hour": round((after - before) / (end / 2) * 3_600, 1),
                "most": round(max(value for _, value in series), 1),
                "grew": after - before > allowed(measure, before),
            }
    return found


def allowed(measure: str, before: float) -> float:
    """What a measure may be above what it was and count as the same."""
    if measure == "memory":
        return max(before * MEMORY_SHARE, MEMORY_MIB)
    return THREADS if measure == "threads" else FILES


class Soak:
    """One run: the job, what feeds it, and what was seen of it."""

    def __init__(self, options: argparse.Namespace, passed_on: Sequence[str], told: Steps) -> None:
        self._options = options
        self._passed_on = passed_on
        self._told = told
        self._project = os.environ.get("GOOGLE_CLOUD_PROJECT") or discover.LOCAL_PROJECT
        self._name = f"{NAME}-{secrets.token_hex(3)}"
        self._samples: list[Sample] = []
        self.queue = QUEUES[options.queue](self._project, self._name)

    def run(self, cleanup: ExitStack) -> int:
        """All of it; the exit status."""
        prism = find.prism()
        if prism is None:
            raise RunError("Prism is not there: make prism")
        self.queue.prepare()
        tables.set_up(
            TruthConfig(self._project, defaults.DEFAULT_INSTANCE, defaults.DEFAULT_TABLE), defaults.DEFAULT_DATASET
        )
        self._tables = Tables(query.connect(self._project), defaults.DEFAULT_DATASET)
        log = PROJECT / "out" / "soak" / "stream.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pipelines.stream", *self.queue.arguments, "--project", self._project]
        self._job = Process("The stream", [*command, *runner_arguments(prism), *self._passed_on], log, {})
        cleanup.callback(self._job.stop)
        with Trickle(self.queue, 7, self._options.rate) as self._trickle:
            self._watch()
        return self._tell()

    def _watch(self) -> None:
        started, told, published = time.monotonic(), 0.0, 0
        while (seconds := time.monotonic() - started) < self._options.seconds:
            time.sleep(self._options.every)
            self._trickle.check()
            if not self._job.running:
                raise RunError(
                    f"the stream ended by itself after {seconds:.0f} s: {self._job.ending}.\n{self._job.tail(40)}"
                )
            self._samples.append(sample(self._job.pid, time.monotonic() - started))
            if seconds - told >= TOLD_SECONDS:
                told = seconds
                self._told.console.print(self._line())
                if self._trickle.published == published:
                    raise RunError("nothing could be published for a minute: look at the emulator of the queue")
                published = self._trickle.published

    def _line(self) -> str:
        last = self._samples[-1]
        parts = [
            f"{role} {use.memory:.0f} MiB, {use.threads} threads, {use.files} files, {use.cpu:.0f} s CPU"
            for role, use in sorted(last.uses.items())
        ]
        return f"{last.seconds:5.0f} s: {self._trickle.published:,} published; " + "; ".join(parts)

    def _tell(self) -> int:
        published, arrived, complete = self._trickle.published, 0, False
        deadline = time.monotonic() + SETTLE_SECONDS
        while not complete and time.monotonic() < deadline and self._job.running:
            time.sleep(2)
            arrived = self._arrived()
            complete = arrived >= published
        counted = complete and self._counted(deadline)
        found = growth(self._samples)
        grew = [f"{measure} of {role}" for role, of in found.items() for measure, one in of.items() if one["grew"]]
        result = {
            "seconds": self._options.seconds,
            "rate": self._options.rate,
            "queue": self._options.queue,
            "published": published,
            "arrived": arrived,
            "counts_are_what_the_changes_say": counted,
            "cpu_ms_each": round(sum(use.cpu for use in self._samples[-1].uses.values()) * 1_000 / published, 3),
            "processes": found,
            "grew": grew,
        }
        screen = self._told.console
        for role, of in found.items():
            for measure, one in of.items():
                change = f"{one['an_hour']:+g} an hour, most {one['most']:g}"
                values = f"{one['second_quarter']:g} -> {one['last_quarter']:g} ({change})"
                screen.print(f"{role}, {measure}: {values}{'  GREW' if one['grew'] else ''}")
        screen.print(f"{published:,} published, {arrived:,} arrived; {result['cpu_ms_each']} ms of CPU each")
        screen.print(f"live counts are {'' if counted else 'NOT '}what the changes say")
        path = results.keep("soak", result)
        screen.print(f"kept in {os.path.relpath(path)}; the job's log is {os.path.relpath(self._job.log)}")
        return int(bool(grew) or not complete or not counted)

    def _arrived(self) -> int:
        # Not over the view: the table is large by now, and a message has one origin.
        statement = f"SELECT COUNT(DISTINCT origin) AS n FROM arrivals WHERE STRPOS(origin, '{self._name}') > 0"
        return int(self._tables.rows(statement)[0]["n"])

    def _counted(self, deadline: float) -> bool:
        while not (settled := standing.settled(self._tables)) and time.monotonic() < deadline:
            time.sleep(5)
        return settled


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 when the stream stayed as it was."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.soak", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=3_600.0, help="how long (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=50.0, help="messages published a second (default: %(default)s)")
    parser.add_argument("--queue", choices=QUEUES, default="pubsub", help="what feeds it (default: %(default)s)")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks (default: %(default)s)")
    options, passed_on = parser.parse_known_args(argv)
    quieten(verbose=False)
    told = Steps(console(sys.stdout))
    interruptible()
    try:
        with ExitStack() as cleanup:
            soak = Soak(options, passed_on, told)
            cleanup.enter_context(emulators(told, soak.queue.needs))
            return soak.run(cleanup)
    except (RunError, StackError, TopicError, query.QueryError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Interrupted:
        print("Stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
