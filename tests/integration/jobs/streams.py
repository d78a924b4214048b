"""Streams of one test: a queue, the job in processes of its own, and what is asked of it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from google.cloud import pubsub_v1

from local.stack.discover import LOCAL_PROJECT
from local.stack.find import prism as find_prism
from tests.integration.jobs.stores import Stores

JOB, SHORT_LEASES = "pipelines.stream", "tests.integration.jobs.short_leases"

_names = itertools.count(1)


class Queue:
    """A topic with one subscription."""

    def __init__(self, kind: str = "documents") -> None:
        name = f"{kind}-{next(_names)}"
        self.topic = f"projects/{LOCAL_PROJECT}/topics/{name}"
        self.subscription = f"projects/{LOCAL_PROJECT}/subscriptions/{name}"
        self.publisher = pubsub_v1.PublisherClient()
        self.publisher.create_topic(name=self.topic)
        with pubsub_v1.SubscriberClient() as client:
            client.create_subscription(name=self.subscription, topic=self.topic)

    def publish(self, payloads: list[bytes]) -> list[str]:
        """Publishes all, and waits until the service has them; their message ids."""
        futures = [self.publisher.publish(self.topic, payload, origin="test") for payload in payloads]
        return [future.result(timeout=60) for future in futures]

    @contextlib.contextmanager
    def publishing(self, payloads: list[bytes], rate: float) -> Iterator[None]:
        """Publishes so many a second meanwhile; at the end of the block all is published."""

        def publish() -> None:
            for payload in payloads:
                self.publish([payload])
                time.sleep(1 / rate)

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def pull(self, wanted: int, seconds: float = 30) -> list[pubsub_v1.types.PubsubMessage]:
        """Up to ``wanted`` messages, acknowledged, until nothing comes for ``seconds``."""
        found: list[pubsub_v1.types.PubsubMessage] = []
        deadline = time.monotonic() + seconds
        with pubsub_v1.SubscriberClient() as client:
            while len(found) < wanted and time.monotonic() < deadline:
                pulled = client.pull(
                    subscription=self.subscription, max_messages=1_000, return_immediately=True, timeout=10
                ).received_messages
                if pulled:
                    client.acknowledge(subscription=self.subscription, ack_ids=[one.ack_id for one in pulled])
                    found += [one.message for one in pulled]
                    deadline = time.monotonic() + seconds
                else:
                    time.sleep(0.2)
        return found


class Streaming:
    """The job on Prism, in a process group of its own, until the end of a ``with`` block."""

    def __init__(
        self,
        stores: Stores,
        queue: Queue,
        log: Path,
        *more: str,
        module: str = JOB,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        prism = find_prism()
        if prism is None:
            pytest.skip("Prism is not there: make prism")
        places = ["--project", LOCAL_PROJECT, "--bigtable_table", stores.name, "--dataset", stores.name]
        runner = ["--runner", "PrismRunner", "--prism_location", str(prism)]
        command = [sys.executable, "-m", module, "--subscription", queue.subscription, *places, *runner, *more]
        self.stores = stores
        self._log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
            )

    def __enter__(self) -> Streaming:
        return self

    def __exit__(self, *_: object) -> None:
        """Cancels it, as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            finally:
                self.kill()

    def kill(self) -> None:
        """Kills the job and its runner, without a word."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float = 600) -> None:
        """Waits while the job runs; ``what`` is wrong when the time is over."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self._log.read_text()[-3000:]
            assert time.monotonic() < deadline, f"{what}\n{self._log.read_text()[-3000:]}"
            time.sleep(0.5)

    def wait_for_arrivals(self, number: int) -> None:
        """Until so many inputs have reached an outcome."""
        self.wait_until(lambda: arrivals(self.stores) >= number, f"not all of {number} inputs arrive")


def arrivals(stores: Stores) -> int:
    """Inputs that reached an outcome."""
    return int(stores.query("SELECT COUNT(*) AS n FROM unique_arrivals")[0]["n"])


def counted(stores: Stores) -> bool:
    """Whether the live counts are what the changes say."""
    columns = "dimension, value, model, environment, status, day, month, documents, total"
    live, truth = (
        sorted(map(repr, stores.query(f"SELECT {columns} FROM {view}")))
        for view in ("counts_total", "counts_from_changes")
    )
    return live == truth
