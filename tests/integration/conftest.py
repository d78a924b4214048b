"""What integration tests share: a broker of Kafka, started once for those that ask for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.brokers import Broker, needs_kafka


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of Kafka for the session."""
    needs_kafka()
    running = Broker(tmp_path_factory.mktemp("kafka") / "broker", ["log.cleaner.backoff.ms=200"])
    yield running
    running.stop()
