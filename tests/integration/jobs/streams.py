"""Streams of one test: a queue, the job in processes of its own, and what is asked of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from local.stack.discover import LOCAL_PROJECT
from local.stack.find import prism as find_prism
from pipelines import exits
from tests.integration.brokers import Broker
from tests.integration.jobs.stores import Stores
from tests.integration.queues import Queue
from tests.integration.sqs.server import Sqs

JOB, SHORT_LEASES = "pipelines.stream", "tests.integration.jobs.short_leases"


class DocumentQueue(Queue):
    """A queue of documents that say where they come from."""

    def __init__(self, kind: str = "documents") -> None:
        super().__init__(kind)

    @property
    def arguments(self) -> list[str]:
        """What a stream is given to read it."""
        return ["--subscription", self.subscription]

    def publish(self, payloads: Sequence[bytes], attributes: Mapping[str, str] | None = None) -> list[str]:
        """Publishes all, and waits until the service has them; their message ids."""
        return super().publish(payloads, {"origin": "test", **(attributes or {})})

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


class DocumentTopic:
    """A topic of Kafka with documents that say where they come from."""

    def __init__(self, broker: Broker, partitions: int = 3) -> None:
        self.broker = broker
        self.topic = broker.create(partitions)

    @property
    def arguments(self) -> list[str]:
        """What a stream is given to read it."""
        return ["--kafka_topic", self.topic, "--kafka_bootstrap", self.broker.address]

    def publish(self, payloads: Sequence[bytes]) -> None:
        """Publishes all, and waits until the broker has them."""
        self.broker.publish(self.topic, payloads, {"origin": b"test"})


def on_prism() -> list[str]:
    """Options of the runner; skips the test where Prism is missing."""
    prism = find_prism()
    if prism is None:
        pytest.skip("Prism is not there: make prism")
    return ["--runner", "PrismRunner", "--prism_location", str(prism)]


class DocumentsInSqs:
    """A queue of SQS with documents that say where they come from."""

    def __init__(self, sqs: Sqs) -> None:
        self.sqs = sqs
        self.url = sqs.create()

    @property
    def arguments(self) -> list[str]:
        """What a stream is given to read it."""
        return ["--sqs_queue", self.url, "--sqs_endpoint", self.sqs.endpoint]

    def publish(self, payloads: Sequence[bytes]) -> None:
        """Sends all, and waits until the server has them."""
        self.sqs.publish(self.url, payloads, {"origin": "test"})


class Streaming:
    """The job, in a process group of its own, until the end of a ``with`` block; on Prism, or where ``runner`` says."""

    def __init__(
        self,
        stores: Stores,
        queue: DocumentQueue | DocumentTopic | DocumentsInSqs,
        log: Path,
        *more: str,
        module: str = JOB,
        environment: Mapping[str, str] | None = None,
        runner: Sequence[str] = (),
    ) -> None:
        places = ["--project", LOCAL_PROJECT, "--bigtable_table", stores.name, "--dataset", stores.name]
        command = [sys.executable, "-m", module, *queue.arguments, *places, *(runner or on_prism()), *more]
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
            ended = self.process.poll()
            assert ended is None, f"{exits.told(ended)}: {self._log.read_text()[-3000:]}"
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
