"""Where ``acervo publish`` sends to: a topic of Pub/Sub or of Kafka, or a queue of SQS."""

from __future__ import annotations

import argparse
import os
from typing import Protocol

from google.cloud.pubsub_v1.types import BatchSettings

from transforms.errors import AcervoError
from transforms.ingest.kafka.options import connection_of
from transforms.kafka.cluster import check_writable, create_topic
from transforms.notify.kafka import KafkaPublisher, KafkaTopic
from transforms.notify.sqs import SqsPublisher
from transforms.notify.topic import Publisher, TopicError, check_topic, ensure_queue, explained, topic_path
from transforms.sqs.queues import connection_for, create_queue, find


class Destination(Protocol):
    """A topic or a queue. ``prepare`` creates it where that is asked for, and raises an AcervoError where it cannot be
    used."""

    name: str

    def prepare(self) -> None: ...

    def open(self) -> Publisher | KafkaPublisher | SqsPublisher: ...

    def explained(self, error: BaseException) -> AcervoError: ...


def destination(args: argparse.Namespace) -> Destination:
    """The one that the command line names. Raises an AcervoError where the name is none."""
    if args.sqs_queue:
        return _Sqs(args)
    return _Kafka(args) if args.kafka_topic else _PubSub(args)


class _PubSub:
    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self.name = topic_path(args.topic, args.project or os.environ.get("GOOGLE_CLOUD_PROJECT"))

    def prepare(self) -> None:
        if self._args.create:
            ensure_queue(self.name, self._subscription())
        check_topic(self.name)

    def open(self) -> Publisher:
        args = self._args
        batch = BatchSettings(args.batch_bytes, args.batch_seconds, args.batch_messages)
        return Publisher(self.name, batch, outstanding=args.outstanding)

    def explained(self, error: BaseException) -> TopicError:
        return explained(self.name, error)

    def _subscription(self) -> str | None:
        name = self._args.subscription
        return name if not name or "/" in name else f"projects/{self.name.split('/')[1]}/subscriptions/{name}"


class _Kafka:
    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._place = KafkaTopic(connection_of(args), args.kafka_topic)
        self._publisher: KafkaPublisher | None = None
        self.name = args.kafka_topic

    def prepare(self) -> None:
        if self._args.create:
            create_topic(self._place.connection, self.name, self._args.kafka_partitions)
        check_writable(self._place.connection, self.name)

    def open(self) -> KafkaPublisher:
        self._publisher = KafkaPublisher(self._place)
        return self._publisher

    def explained(self, error: BaseException) -> AcervoError:
        assert self._publisher is not None
        return self._publisher.explained(error)


class _Sqs:
    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._connection = connection_for(args.sqs_queue, args.sqs_region, args.sqs_endpoint)
        self._publisher: SqsPublisher | None = None
        self.name = args.sqs_queue

    def prepare(self) -> None:
        if self._args.create:
            create_queue(self._connection, self.name)
        self._url = find(self._connection, self.name).url

    def open(self) -> SqsPublisher:
        self._publisher = SqsPublisher(self._connection, self._url, self._args.outstanding)
        return self._publisher

    def explained(self, error: BaseException) -> AcervoError:
        assert self._publisher is not None
        return self._publisher.explained(error)
