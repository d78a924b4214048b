"""``python -m local.live`` (``make stream``): the stream on the local stack, fed with generated documents, and its
counts as they come.

Ctrl-C, or the end of --seconds, stops the publisher, waits until all that was published is counted, says whether it
is, and stops the rest. A second Ctrl-C stops at once. A running stack (``make stack``) is used and keeps what came.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

# Set before gRPC is loaded, which reads it once.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from rich.live import Live

from local import board
from local.flink import session as flink
from local.queues import QUEUES
from local.session import STOPPED, Interrupted, RunError, emulators, interruptible, quieten
from local.stack import discover, find
from local.stack.process import PROJECT, Process
from local.steps import Steps
from local.stores import Tables
from local.trickle import Trickle
from pipelines import defaults, query, standing, tables
from pipelines.guard import guarded
from pipelines.outage import Outages
from pipelines.screen import console, moves
from transforms.counting.cells import COUNT_TABLES
from transforms.language import mark, say, tr
from transforms.truth import admin
from transforms.truth.config import TruthConfig
from transforms.typed import typed

NAME = "acervo-live"
EVERY_SECONDS = 1.0
PLAIN_EVERY_SECONDS = 5.0
SETTLE_SECONDS = 60.0
STREAMING = mark("Streaming, {rate:g} messages a second, until Ctrl-C")
STARTING = mark("Starting the stream")
AGAIN = "make stream"
LOOKED = mark("{seconds:4.0f} s: {told}")
EMPTIED = mark(
    "the stack was started again and is empty, so nothing more can come of this stream. Begin another: make stream"
)
NO_PRISM = mark("""Prism is not there, so this runs on Beam's old direct runner: good for a look, and
for nothing else. It acknowledges messages before they are processed, so that a
crash loses them; it drops what it takes for late without a word; and where
nothing is published for a while it stalls for half a minute.
With Prism there is none of that: make prism (needs Go, https://go.dev/dl/).""")


def parse(argv: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """The options of this command, and those that go on to the job as they are."""
    parser = argparse.ArgumentParser(
        prog="python -m local.live",
        description=tr("The stream on the local stack, with live counts. Other options go to pipelines.stream."),
    )
    parser.add_argument("--seconds", type=float, help=tr("stop after so many seconds (default: at Ctrl-C)"))
    parser.add_argument(
        "--rate", type=float, default=10.0, help=tr("messages published a second (default: %(default)s)")
    )
    parser.add_argument("--queue", choices=QUEUES, default="pubsub", help=tr("what feeds it (default: %(default)s)"))
    parser.add_argument("--runner", help=tr("Beam runner (default: Prism, where it is there)"))
    parser.add_argument("--seed", type=int, help=tr("of the generated documents (default: another each time)"))
    parser.add_argument("--logs", type=Path, default=PROJECT / "out" / "stream", help=tr("folder of the job's log"))
    options, passed_on = parser.parse_known_args(argv)
    if options.rate <= 0 or (options.seconds is not None and options.seconds <= 0):
        parser.error(tr("--rate and --seconds must be more than 0"))
    return options, passed_on


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 when all that was published has arrived and is counted."""
    options, passed_on = parse(argv)
    quieten(verbose=False)
    told = Steps(console(sys.stdout))
    interruptible()
    try:
        with ExitStack() as cleanup:
            session = Session(options, passed_on, told)
            cleanup.enter_context(emulators(told, session.queue.needs))
            return session.run(cleanup)
    except Interrupted:
        print(tr(STOPPED), file=sys.stderr)
        return 130


class Session:
    """One run: the job in a process of its own, the publisher in a thread, and the view of both."""

    def __init__(self, options: argparse.Namespace, passed_on: Sequence[str], told: Steps) -> None:
        self._options = options
        self._passed_on = passed_on
        self._told = told
        self._project = os.environ.get("GOOGLE_CLOUD_PROJECT") or discover.LOCAL_PROJECT
        self.queue = QUEUES[options.queue](self._project, NAME)
        self._began = datetime.now(UTC)
        self._rate = standing.Rate()
        self._truth = TruthConfig(self._project, defaults.DEFAULT_INSTANCE, defaults.DEFAULT_TABLE)
        self._outages = Outages(self._problem, AGAIN)
        self._tables: Tables
        self._job: Process
        self._trickle: Trickle

    def run(self, cleanup: ExitStack) -> int:
        """All of it; what it starts is stopped by ``cleanup``. Gives the exit status."""
        with self._told.step(tr("Preparing the queue, tables and views")):
            self.queue.prepare()
            tables.set_up(self._truth, defaults.DEFAULT_DATASET)
        self._tables = Tables(query.connect(self._project), defaults.DEFAULT_DATASET)
        self._job = self._start(cleanup)
        cleanup.callback(self._job.stop)
        self._trickle = cleanup.enter_context(Trickle(self.queue, self._seed(), self._options.rate))
        with self._outages.told(self._told.console.print):
            with suppress(Interrupted):
                self._watch()
            return self._finish()

    def _problem(self) -> str:
        """What is wrong with the source of truth; empty where nothing is."""
        return next(iter(admin.problems(self._truth, COUNT_TABLES)), "")

    def _seed(self) -> int:
        return secrets.randbelow(10**6) if self._options.seed is None else int(self._options.seed)

    def _start(self, cleanup: ExitStack) -> Process:
        if flink.is_flink(self._options.runner):
            runner = cleanup.enter_context(flink.flink(self._told))
        else:
            runner = runner_arguments(find.prism(), self._options.runner)
        if "BundleBasedDirectRunner" in runner:
            self._told.console.print(tr(NO_PRISM), style="yellow")
        self._options.logs.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pipelines.stream", *self.queue.arguments, "--project", self._project]
        command += [*runner, *self._passed_on]
        return Process(tr("the stream"), command, self._options.logs / "stream.log", {})

    def _watch(self) -> None:
        """Shows what comes until the time is over."""
        screen = self._told.console
        if not moves(screen):
            screen.print(say(STREAMING, rate=self._options.rate))
            for seconds, seen, rate in self._looks(PLAIN_EVERY_SECONDS):
                told = self._outages.waiting or board.line(self._trickle.published, seen, rate)
                screen.print(say(LOOKED, seconds=seconds, told=told))
                screen.print(f"        {board.counted_line(seen)}")
            return
        with Live(console=screen, auto_refresh=False, transient=True) as live:
            live.update(tr(STARTING), refresh=True)
            for seconds, seen, rate in self._looks(EVERY_SECONDS):
                published, waiting, narrow = self._trickle.published, self._outages.waiting, screen.width < board.WIDE
                live.update(board.board(seconds, published, seen, rate, waiting, narrow), refresh=True)

    def _looks(self, every: float) -> Iterator[tuple[float, standing.Standing, float]]:
        """Seconds, what the tables say, and inputs a second, until the time is over. Raises RunError.

        What was seen last is given again while a store does not answer.
        """
        started = time.monotonic()
        seen = standing.Standing({}, [], None)
        while True:
            time.sleep(every)
            seconds = time.monotonic() - started
            self._check()
            seen = self._standing() or seen
            yield seconds, seen, self._rate.of(seconds, seen.arrived)
            if self._options.seconds and seconds >= self._options.seconds:
                return

    def _standing(self) -> standing.Standing | None:
        """What the tables say; None while a service does not answer. Raises QueryError for anything else."""
        if self._outages.waiting:
            return None
        try:
            return standing.standing(self._tables, self._began)
        except query.QueryError:
            if discover.silent() or self._outages.waiting or self._outages.emptied:
                return None
            raise

    def _check(self) -> None:
        if self._outages.emptied:
            raise RunError(tr(EMPTIED))
        if not discover.silent():
            self._trickle.check()
        if not self._job.running:
            raise RunError(
                say(
                    "the stream ended by itself: {how}. Its log, {log}:\n{tail}",
                    how=self._job.ending,
                    log=self._job.log,
                    tail=self._job.tail(),
                )
            )

    def _finish(self) -> int:
        """Waits until what was published is counted, and tells; the exit status."""
        screen = self._told.console
        with self._told.step(tr("Publishing no more; waiting until all that was published is counted")):
            self._trickle.stop()
            published, deadline = self._trickle.published, time.monotonic() + SETTLE_SECONDS
            seen = standing.Standing({}, [], None)
            while True:
                self._check()
                seen = self._standing() or seen
                complete = not self._outages.waiting and seen.arrived >= published and standing.settled(self._tables)
                if complete or time.monotonic() > deadline:
                    break
                time.sleep(EVERY_SECONDS)
        screen.print(board.line(published, seen, published / max(0.001, self._seconds())))
        screen.print(board.counted_line(seen))
        if not complete:
            command = typed("rebuild")
            screen.print(
                say(
                    "Not as it must be: see {log}; this mends the counts: {command}", log=self._job.log, command=command
                )
            )
            return 1
        screen.print(tr("All that was published has arrived, and the live counts are what the changes say."))
        return 0

    def _seconds(self) -> float:
        return (datetime.now(UTC) - self._began).total_seconds()


def runner_arguments(prism: Path | None, runner: str | None = None) -> list[str]:
    """Options that choose the runner: the one asked for, else Prism, or the old direct runner where it is missing."""
    if runner and runner != "PrismRunner":
        return ["--runner", runner]
    if prism is None:
        return ["--runner", "BundleBasedDirectRunner"]
    return ["--runner", "PrismRunner", "--prism_location", str(prism)]


if __name__ == "__main__":
    sys.exit(main())
