"""A broker of Kafka for tests: it can be killed and started again with what it had, and asked for topics."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from local.stack import StackError, find
from tests.integration.servers import Server
from transforms.kafka.connection import Connection


class Broker(Server):
    """One broker on a port of its own, with its data in a folder."""

    def __init__(
        self,
        folder: Path,
        settings: Sequence[str] = (),
        more: Mapping[str, Any] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """``settings``: of ``server.properties``; ``more``: of clients; ``options``: of ``local.kafka_broker``."""
        super().__init__("Kafka", "local.kafka_broker", folder, [*options, "--", *settings])
        self.client = {"bootstrap.servers": self.address, "reconnect.backoff.max.ms": 500, **(more or {})}

    @property
    def connection(self) -> Connection:
        return Connection(self.address)

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient(self.client)

    def create(self, partitions: int = 1, name: str = "", **settings: str) -> str:
        """A new topic; its name."""
        name = name or f"t-{uuid.uuid4().hex[:12]}"
        for future in self.admin.create_topics([NewTopic(name, partitions, 1, config=settings)]).values():
            future.result(30)
        return name

    def delete(self, topic: str) -> None:
        for future in self.admin.delete_topics([topic]).values():
            future.result(30)
        while True:
            with contextlib.suppress(KafkaException):
                if self.admin.describe_topics(TopicCollection([topic]))[topic].result(10):
                    continue
            return

    def grow(self, topic: str, partitions: int) -> None:
        for future in self.admin.create_partitions([NewPartitions(topic, partitions)]).values():
            future.result(30)

    def publish(
        self,
        topic: str,
        payloads: Sequence[bytes | None],
        headers: Mapping[str, bytes] | None = None,
        partition: int | None = None,
        **settings: Any,
    ) -> None:
        """Writes all; to one partition after the other, or to one."""
        producer = Producer({**self.client, "enable.idempotence": True, "linger.ms": 5, **settings})
        failed: list[object] = []
        partitions = len(producer.list_topics(topic, 30).topics[topic].partitions)
        for number, payload in enumerate(payloads):
            where = number % partitions if partition is None else partition
            while True:
                try:
                    producer.produce(
                        topic,
                        payload,
                        partition=where,
                        headers=dict(headers or {}),
                        on_delivery=lambda error, _: failed.extend([error] if error else []),
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(60) == 0 and not failed, failed

    def committed(self, topic: str, partitions: int, group: str = "acervo") -> list[int]:
        """Offsets that the group has kept; -1001 where none."""
        consumer = Consumer({**self.client, "group.id": group})
        try:
            found = consumer.committed([TopicPartition(topic, number) for number in range(partitions)], 30)
            return [one.offset for one in found]
        finally:
            consumer.close()


def needs_kafka() -> None:
    try:
        find.kafka()
    except StackError as missing:
        pytest.skip(str(missing))
