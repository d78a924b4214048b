"""The queue that feeds the local stream: how it is made, read and written to."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.session import KAFKA, PUBSUB, SQS, STORES
from transforms.errors import AcervoError
from transforms.kafka.cluster import create_topic
from transforms.kafka.connection import Connection
from transforms.notify.kafka import KafkaPublisher, KafkaTopic
from transforms.notify.sqs import SqsPublisher
from transforms.notify.topic import Publisher, ensure_queue, explained
from transforms.sqs.connection import Connection as SqsConnection
from transforms.sqs.errors import explained as explained_by_sqs
from transforms.sqs.queues import create_queue, find

PARTITIONS = 3


@dataclass(frozen=True)
class Queue:
    """``needs``: variables that name what the stack has to have. ``prepare`` makes it where it is not there,
    ``arguments`` are those of the stream that reads it, ``open`` gives what writes to it, ``explained`` its errors."""

    needs: tuple[str, ...]
    prepare: Callable[[], None]
    arguments: Sequence[str]
    open: Callable[[], Publisher | KafkaPublisher | SqsPublisher]
    explained: Callable[[BaseException], AcervoError]


def pubsub(project: str, name: str) -> Queue:
    """A topic of Pub/Sub with a subscription of the same name."""
    topic = f"projects/{project}/topics/{name}"
    return Queue(
        (*STORES, PUBSUB),
        lambda: ensure_queue(topic, f"projects/{project}/subscriptions/{name}"),
        ("--subscription", name),
        lambda: Publisher(topic),
        lambda error: explained(topic, error),
    )


def kafka(project: str, name: str) -> Queue:
    """A topic of the stack's broker."""

    def place() -> KafkaTopic:
        return KafkaTopic(Connection(os.environ[KAFKA]), name)

    return Queue(
        (*STORES, KAFKA),
        lambda: create_topic(place().connection, name, PARTITIONS),
        ("--kafka_topic", name),
        lambda: KafkaPublisher(place()),
        lambda error: AcervoError(f"{name}: {error}"),
    )


def sqs(project: str, name: str) -> Queue:
    """A queue of the stack's ElasticMQ."""
    connection = SqsConnection()
    return Queue(
        (*STORES, SQS),
        lambda: create_queue(connection, name),
        ("--sqs_queue", name),
        lambda: SqsPublisher(connection, find(connection, name).url),
        lambda error: explained_by_sqs("cannot write to", name, error),
    )


QUEUES = {"pubsub": pubsub, "kafka": kafka, "sqs": sqs}
"""By the name of each, what makes it of a project and a name."""
