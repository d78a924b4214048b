"""How long a message takes from its publishing until it is seen in Bigtable and in BigQuery, and how many a second.

    python -m local.bench.stream [--messages 5000] [--rate 40] [--backlog 2000] [--queue kafka] [--runner flink]

The stream runs on Prism, or on a Flink of its own, on the same machine as the emulators. First messages come at a
steady rate: each is looked for in its Bigtable row, then as many in the BigQuery table. Then backlogs are published
while the stream's processes are stopped (SIGSTOP), and worked off when they go on, in turn without and with a tenth of
poison among them. Figures are kept as JSON with the date and the machine.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from local.bench import results
from local.bench.processes import below, cpu_below
from local.bench.results import Figure
from local.bench.visible import Watch, looks, sent
from local.flink import session
from local.flink.cluster import cluster
from local.generate import DEAD, Generated, documents
from local.queues import QUEUES
from local.session import services
from local.stack import find, stack
from local.stack.discover import LOCAL_PROJECT
from local.stack.process import Process
from local.stores import Tables
from pipelines import defaults, query, tables
from pipelines.publish import Pace
from transforms.collector import collect_seldom
from transforms.notify.kafka import Delivery, KafkaPublisher
from transforms.notify.messages import Outgoing
from transforms.notify.sqs import SqsPublisher
from transforms.notify.topic import Publisher
from transforms.truth.config import TruthConfig

NAME = "bench"
RUNNERS = ("PrismRunner", "flink")
WARM_UP = 200
# Watched a second at the most: looks for each of many messages take the cores from the stream.
_MOST_WATCHED = 100
PATIENCE_SECONDS = 300.0


@dataclass
class Bench:
    """A running stream, and what is published to it."""

    job: Process
    publisher: Publisher | KafkaPublisher | SqsPublisher
    truth: TruthConfig
    stores: Tables
    good: Iterator[Generated]
    poison: Iterator[Generated]

    def publish(self, inputs: Sequence[Generated], watch: Watch | None = None, rate: float | None = None) -> None:
        """Publishes all, and waits until the service has them. Those that are watched are good ones."""
        pace, futures = Pace(rate), list[Future[str] | Delivery]()
        every = max(1, round((rate or 0) / _MOST_WATCHED))
        for number, one in enumerate(inputs):
            pace.wait(number)
            if watch is not None and number % every == 0:
                watch.expect(sent(one.key, one.payload))
            futures.append(self.publisher.send(Outgoing(one.payload, {"origin": one.name})))
        for future in futures:
            future.result(60)

    def wait_until(self, done: Callable[[], bool], pause: float = 0.25) -> None:
        """Raises SystemExit when the job ends, or takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done():
            if not self.job.running or time.monotonic() > deadline:
                raise SystemExit(f"the stream does not get there:\n{self.job.tail(40)}")
            time.sleep(pause)

    def arrived(self) -> int:
        """Inputs with an outcome, as the table says by itself: a query costs the emulator more than some messages."""
        return int(self.stores.client.get_table(f"{self.stores.dataset}.arrivals").num_rows)

    def lag(self, messages: int, rate: float) -> dict[str, Any]:
        """Seconds to each store for messages that come at a rate: for each store as many."""
        began, watches = datetime.now(UTC), dict[str, Watch]()
        for store, look in looks(self.truth, self.stores).items():
            # The first look takes the emulator a second.
            look([sent("", b"")])
            watches[store] = watch = Watch(look)
            with watch.watching():
                self.publish(list(itertools.islice(self.good, messages)), watch, rate)
                self.wait_until(watch.seen)
        [read] = self.stores.rows(
            "SELECT APPROX_QUANTILES(lag, 100)[OFFSET(50)] AS p50, APPROX_QUANTILES(lag, 100)[OFFSET(99)] AS p99 FROM "
            "(SELECT TIMESTAMP_DIFF(applied_at, received_at, MILLISECOND) / 1000.0 AS lag FROM arrivals "
            f"WHERE received_at >= TIMESTAMP '{began.isoformat()}')"
        )
        return {
            "messages": messages,
            "rate": rate,
            "published_to_read": {name: round(float(value), 3) for name, value in read.items()},
            **{store: percentiles(watch.seconds.values()) for store, watch in watches.items()},
            "seconds_between_looks": {store: percentiles(watch.gaps) for store, watch in watches.items()},
        }

    def backlog(self, messages: int, poisoned: int) -> dict[str, float]:
        """Messages a second, and the job's CPU for each (ms), of a backlog of which that many are poison."""
        inputs = [*itertools.islice(self.good, messages - poisoned), *itertools.islice(self.poison, poisoned)]
        random.Random(messages).shuffle(inputs)
        expected = self.arrived() + len(inputs)
        self._signal(signal.SIGSTOP)
        try:
            self.publish(inputs)
            started, cpu = time.monotonic(), cpu_below(self.job.pid)
        finally:
            self._signal(signal.SIGCONT)
        self.wait_until(lambda: self.arrived() >= expected, pause=0.1)
        seconds, cpu = time.monotonic() - started, cpu_below(self.job.pid) - cpu
        return {"a_second": round(messages / seconds, 1), "cpu_ms": round(cpu * 1_000 / messages, 3)}

    def _signal(self, number: signal.Signals) -> None:
        for pid in (self.job.pid, *below(self.job.pid)):
            os.kill(pid, number)


def percentiles(values: Any) -> dict[str, float]:
    """Median, 99th percentile and the most, in milliseconds' precision."""
    found = sorted(values)
    return {
        name: round(found[min(len(found) - 1, int(len(found) * share))], 3)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures and keeps them."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.stream", description="Lag and speed of the stream.")
    parser.add_argument("--messages", type=int, default=5_000, help="messages whose lag is measured, to each store")
    parser.add_argument("--rate", type=float, default=40.0, help="of these, a second")
    parser.add_argument("--backlog", type=int, default=6_000, help="messages of each backlog; 0 for none")
    parser.add_argument("--rounds", type=int, default=3, help="backlogs of each kind")
    parser.add_argument("--queue", choices=QUEUES, default="pubsub", help="what the stream reads")
    parser.add_argument("--runner", choices=RUNNERS, default=RUNNERS[0], help="where the stream runs")
    options, passed_on = parser.parse_known_args(argv)
    # Whoever looks does not stand still while it collects what it keeps.
    collect_seldom()
    with ExitStack() as cleanup:
        bench = start(cleanup, passed_on, options.queue, options.runner)
        found: dict[str, Any] = {"lag": bench.lag(options.messages, options.rate)}
        backlogs: dict[str, list[dict[str, float]]] = {"clean": [], "poisoned": []}
        kinds = (("clean", 0), ("poisoned", options.backlog // 10))
        for number in range(options.rounds if options.backlog else 0):
            # Each kind is first in turn: the emulators get slower as they fill.
            for kind, poisoned in kinds if number % 2 else kinds[::-1]:
                backlogs[kind].append(bench.backlog(options.backlog, poisoned))
                print(f"a backlog, {kind}: {backlogs[kind][-1]}", flush=True)
        if backlogs["clean"]:
            found["backlog"] = {"messages": options.backlog, **backlogs}
    for what, figure, beside, _ in figures(found):
        print(f"{what}: {figure} ({beside})")
    others = [one for one in (options.queue, options.runner) if one not in ("pubsub", RUNNERS[0])]
    path = results.keep("-".join(["stream", *others]), {"runner": options.runner, "options": passed_on, **found})
    print(f"kept in {os.path.relpath(path)}")
    return 0


def on(runner: str, cleanup: ExitStack) -> list[str]:
    """Options that choose the runner. A Flink is started, with the emulators of this process."""
    if runner == "flink":
        return session.arguments(session.place_of(cleanup.enter_context(cluster())))
    prism = find.prism()
    if prism is None:
        raise SystemExit("Prism is not there: make prism")
    return ["--runner", runner, "--prism_location", str(prism)]


def start(cleanup: ExitStack, passed_on: Sequence[str], kind: str, runner: str = "PrismRunner") -> Bench:
    """The stack and the stream on it, warmed up."""
    queue = QUEUES[kind](LOCAL_PROJECT, NAME)
    running = cleanup.enter_context(stack(**services(queue.needs)))
    cleanup.enter_context(running.exported())
    queue.prepare()
    truth = TruthConfig(LOCAL_PROJECT, defaults.DEFAULT_INSTANCE, defaults.DEFAULT_TABLE)
    tables.set_up(truth, defaults.DEFAULT_DATASET)
    log = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="acervo-bench-"))) / "stream.log"
    command = [sys.executable, "-m", "pipelines.stream", *queue.arguments, "--project", LOCAL_PROJECT]
    command += [*on(runner, cleanup), *passed_on]
    job = Process("The stream", command, log, {})
    cleanup.callback(job.stop)
    poison = (one for one in documents(3, broken=0.5, nfe=1) if one.kind == DEAD and one.payload)
    stores = Tables(query.connect(LOCAL_PROJECT), defaults.DEFAULT_DATASET)
    bench = Bench(job, queue.open(), truth, stores, documents(2, nfe=1), poison)
    bench.publish(list(itertools.islice(bench.good, WARM_UP)))
    bench.wait_until(lambda: bench.arrived() >= WARM_UP)
    return bench


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    lag, backlog = found["lag"], found.get("backlog")
    to = f"stream, {lag['messages']:,} messages at {lag['rate']:g}/s: published to seen in"
    lines = [
        Figure(f"{to} {name}", f"p50 {lag[store]['p50']:.2f} s, p99 {lag[store]['p99']:.2f} s", _looks(lag, store))
        for name, store in (("Bigtable", "bigtable"), ("BigQuery", "bigquery"))
    ]
    if backlog:
        poisoned = f"{_speed(backlog['poisoned'])} with a tenth of poison"
        lines.append(Figure(f"stream, backlogs of {backlog['messages']:,}", _speed(backlog["clean"]), poisoned))
    return lines


def _looks(lag: dict[str, Any], store: str) -> str:
    return f"looked for every {lag['seconds_between_looks'][store]['p50']:.2f} s"


def _speed(backlogs: list[dict[str, float]]) -> str:
    rate, cpu = (fmean(one[name] for one in backlogs) for name in ("a_second", "cpu_ms"))
    return f"{rate:,.0f}/s, {cpu:.1f} ms CPU each"


if __name__ == "__main__":
    raise SystemExit(main())
