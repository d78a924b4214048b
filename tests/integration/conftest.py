"""What integration tests share: a broker of Kafka and a server of SQS, started once for those that ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack.find import prism as find_prism
from tests.integration.brokers import Broker, needs_kafka
from tests.integration.sqs.server import Sqs, needs_sqs


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of Kafka for the session."""
    needs_kafka()
    running = Broker(tmp_path_factory.mktemp("kafka") / "broker", ["log.cleaner.backoff.ms=200"])
    yield running
    running.stop()


@pytest.fixture(scope="session")
def sqs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sqs]:
    """A server of SQS for the session."""
    needs_sqs()
    running = Sqs(tmp_path_factory.mktemp("sqs") / "elasticmq")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def prism() -> Path:
    found = find_prism()
    if not found:
        pytest.skip("Prism is not there: make prism")
    return found
