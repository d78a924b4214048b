"""The stream against the real emulators, on Prism: it ends where a clean backfill ends."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud import pubsub_v1

from local.stack.discover import LOCAL_PROJECT
from local.stack.find import prism as find_prism
from tests.integration.jobs.stores import Stores, finish
from tests.integration.jobs.test_backfill import NewStores, payloads_of

_topics = itertools.count(1)


class Queue:
    """A topic with one subscription, of one test."""

    def __init__(self) -> None:
        name = f"documents-{next(_topics)}"
        self.topic = f"projects/{LOCAL_PROJECT}/topics/{name}"
        self.subscription = f"projects/{LOCAL_PROJECT}/subscriptions/{name}"
        self.publisher = pubsub_v1.PublisherClient()
        self.publisher.create_topic(name=self.topic)
        with pubsub_v1.SubscriberClient() as client:
            client.create_subscription(name=self.subscription, topic=self.topic)

    def publish(self, payloads: list[bytes]) -> None:
        for future in [self.publisher.publish(self.topic, payload) for payload in payloads]:
            future.result(timeout=60)


@pytest.fixture
def queue(running_stack: object) -> Queue:
    return Queue()


def start_stream(stores: Stores, queue: Queue) -> subprocess.Popen[bytes]:
    prism = find_prism()
    if prism is None:
        pytest.skip("Prism is not there: make prism")
    places = ["--project", LOCAL_PROJECT, "--bigtable_table", stores.name, "--dataset", stores.name]
    runner = ["--runner", "PrismRunner", "--prism_location", str(prism)]
    counting = ["--count_window_seconds", "5", "--count_early_seconds", "1"]
    command = [sys.executable, "-m", "pipelines.stream", "--subscription", queue.subscription]
    return subprocess.Popen([*command, *places, *runner, *counting], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_until(condition: Callable[[], bool], job: subprocess.Popen[bytes], what: str, seconds: float = 200) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert job.poll() is None, job.stderr and job.stderr.read().decode()[-2000:]
        assert time.monotonic() < deadline, what
        time.sleep(1)


def arrivals(stores: Stores) -> int:
    return int(stores.query("SELECT COUNT(*) AS n FROM unique_arrivals")[0]["n"])


def counted(stores: Stores) -> bool:
    """Whether the live counts are what the changes say."""
    columns = "dimension, value, model, environment, status, day, month, documents, total"
    live, truth = (
        sorted(map(repr, stores.query(f"SELECT {columns} FROM {view}")))
        for view in ("counts_total", "counts_from_changes")
    )
    return live == truth


def test_stream_with_repetitions_beside_a_backfill_ends_as_one_clean_backfill(
    new_stores: NewStores, queue: Queue, documents: Path, tmp_path: Path
) -> None:
    payloads = payloads_of(documents)
    half = tmp_path / "half.zip"
    with zipfile.ZipFile(half, "w") as archive:
        for index, payload in enumerate(payloads[::2]):
            archive.writestr(f"{index}.xml", payload)
    clean, mixed = new_stores(), new_stores()
    clean.backfill(documents)

    chance = random.Random(9)
    published = [payload for payload in payloads for _ in range(chance.randint(1, 3)) if 0 < len(payload) < 9_000_000]
    chance.shuffle(published)
    stream = start_stream(mixed, queue)
    try:
        queue.publish(published)
        finish(mixed.start_backfill(half))
        expected = set(clean.content())
        wait_until(lambda: set(mixed.content()) == expected, stream, "records are missing")
        wait_until(lambda: arrivals(mixed) >= len(published), stream, "arrivals are missing")
        wait_until(lambda: counted(mixed), stream, "counts do not settle")
    finally:
        stream.send_signal(signal.SIGINT)
        stream.communicate(timeout=60)
    assert mixed.content() == clean.content()
    assert mixed.views() == clean.views()
