"""ElasticMQ for tests, and the queues in it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from local.stack import StackError, find
from tests.integration.servers import Server
from transforms.ingest.sqs.settings import QueueSource
from transforms.notify.messages import Outgoing
from transforms.notify.sqs import SqsPublisher
from transforms.sqs.connection import Connection


class Sqs(Server):
    """ElasticMQ, with its data in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__("ElasticMQ", "local.elasticmq", folder)
        self.endpoint = f"http://{self.address}"
        self.connection = Connection(endpoint=self.endpoint)
        self.client = self.connection.client()

    def create(self, **attributes: str) -> str:
        """A new queue; its URL."""
        name = f"q-{uuid.uuid4().hex[:12]}"
        return str(self.client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def source(self, url: str, **settings: Any) -> QueueSource:
        """How tests read a queue: what is held comes again soon."""
        return QueueSource(
            self.connection, url, **{"lease_seconds": 3, "settle_seconds": 1, "wait_seconds": 1, **settings}
        )

    def publish(self, url: str, payloads: Sequence[bytes], attributes: Mapping[str, str] | None = None) -> None:
        """Sends all, and waits until the server has them."""
        publisher = SqsPublisher(self.connection, url)
        sent = [publisher.send(Outgoing(payload, dict(attributes or {}))) for payload in payloads]
        publisher.close()
        for each in sent:
            each.result(0)

    def left(self, url: str) -> int:
        """Messages that were not deleted, whoever holds them."""
        found = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(found[name]) for name in names)


def needs_sqs() -> None:
    try:
        find.elasticmq()
    except StackError as missing:
        pytest.skip(str(missing))
