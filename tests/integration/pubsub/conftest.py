"""The Pub/Sub emulator, and a topic with a subscription for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import stack
from tests.integration.queues import Queue


@pytest.fixture(scope="session")
def pubsub() -> Iterator[dict[str, str]]:
    """The environment in which clients find the emulator."""
    with stack(bigtable=False, bigquery=False, pubsub=True) as running, running.exported():
        yield running.env


@pytest.fixture
def queue(pubsub: dict[str, str]) -> Iterator[Queue]:
    queue = Queue()
    yield queue
    queue.close()
