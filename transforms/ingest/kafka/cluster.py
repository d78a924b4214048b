"""What a cluster says of a topic: its id, its partitions, and offsets by position. For the launch, and for checks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from transforms.ingest.kafka.positions import COMMITTED, EARLIEST, LATEST, OFFSETS, Position
from transforms.ingest.kafka.settings import known_id
from transforms.kafka.connection import Connection, library
from transforms.kafka.errors import AWAY, GONE, REFUSED, KafkaError, explained
from transforms.language import say

_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())
# librdkafka tells of each attempt to connect; what matters of it is told once, by whoever asked.
_LOG.setLevel(logging.CRITICAL)

ANSWER_SECONDS = 10.0


class Topic(NamedTuple):
    """``operations``: what the user may do, by names of ACLs; None where the broker does not tell."""

    topic_id: str
    partitions: int
    operations: frozenset[str] | None


class Away(Exception):
    """The cluster does not answer now."""


class Cluster:
    """Questions to one cluster. Any thread may ask. Raises KafkaError for what somebody has to mend."""

    def __init__(self, connection: Connection, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._connection = connection
        self._seconds = answer_seconds
        self._admin: Any = None
        self._errors: list[Any] = []

    def topic(self, name: str) -> Topic | None:
        """The topic as it is now; None where there is none. Raises Away as well."""
        kafka = library()
        [described] = self._ask(
            lambda admin: admin.describe_topics(
                kafka.TopicCollection([name]), include_authorized_operations=True, request_timeout=self._seconds
            ),
            f"the topic {name}",
            may_be_gone=True,
        ) or [None]
        if described is None:
            return None
        operations = described.authorized_operations
        return Topic(
            known_id(str(described.topic_id)),
            len(described.partitions),
            None if operations is None else frozenset(operation.name for operation in operations),
        )

    def offsets(self, topic: str, partitions: Iterable[int], position: Position) -> dict[int, int]:
        """Offsets of partitions at EARLIEST, LATEST (before transactions that are open), or the first at a TIMESTAMP or
        behind it. Raises Away as well."""
        kafka, admin_module = library(), self._admin_module()
        spec = {
            EARLIEST: admin_module.OffsetSpec.earliest,
            LATEST: admin_module.OffsetSpec.latest,
        }.get(position.kind, lambda: admin_module.OffsetSpec.for_timestamp(-(-position.micros // 1_000)))
        asked = {kafka.TopicPartition(topic, partition): spec() for partition in partitions}
        found = self._ask(
            lambda admin: admin.list_offsets(
                asked, isolation_level=kafka.IsolationLevel.READ_COMMITTED, request_timeout=self._seconds
            ),
            f"offsets of {topic}",
        )
        return {one.partition: int(result.offset) for one, result in zip(asked, found, strict=True)}

    def committed(self, topic: str, partitions: Iterable[int], group: str, topic_id: str) -> dict[int, int]:
        """Offsets that the group has kept of this topic, and not of an earlier one of the name. Raises Away as well."""
        kafka = library()
        wanted = [kafka.TopicPartition(topic, partition) for partition in partitions]
        request = kafka.ConsumerGroupTopicPartitions(group, wanted)
        [found] = self._ask(
            lambda admin: admin.list_consumer_group_offsets([request], request_timeout=self._seconds),
            f"offsets of the group {group}",
        )
        return {
            one.partition: one.offset
            for one in found.topic_partitions
            if one.offset >= 0 and (not one.metadata or not topic_id or one.metadata == topic_id)
        }

    def _admin_module(self) -> Any:
        library()
        from confluent_kafka import admin

        return admin

    def _client(self) -> Any:
        if self._admin is None:
            settings = self._connection.settings() | {"error_cb": self._errors.append}
            self._admin = self._admin_module().AdminClient(settings, logger=_LOG)
        return self._admin

    def _ask(self, ask: Callable[[Any], Mapping[Any, Any]], what: str, may_be_gone: bool = False) -> list[Any]:
        """The answers, in the order asked; none where the topic is gone. What goes wrong is told as the first thing
        that somebody can mend."""
        deadline = time.monotonic() + self._seconds
        while True:
            try:
                return self._answers(ask, what, deadline)
            except library().KafkaException as raised:
                error = raised.args[0]
                if may_be_gone and error.name() in GONE:
                    return []
                if error.name() in REFUSED or error.name() in GONE:
                    raise self._explained(what, error) from raised
                # A broker that has just come up says for a moment that it is not ready.
                if error.name() not in AWAY or time.monotonic() >= deadline:
                    raise Away(self._said(error)) from raised
                time.sleep(0.1)
            except TimeoutError as raised:
                raise Away("no answer") from raised

    def _answers(self, ask: Callable[[Any], Mapping[Any, Any]], what: str, deadline: float) -> list[Any]:
        admin = self._client()
        self._errors.clear()
        answers = list(ask(admin).values())
        while not all(one.done() for one in answers) and time.monotonic() < deadline + 1 and not self._refusals():
            admin.poll(0.02)
        for error in self._refusals():
            raise self._explained(what, error)
        return [one.result(0) for one in answers]

    def _explained(self, what: str, error: Any) -> KafkaError:
        return explained(f"cannot ask for {what}", self._connection.bootstrap, error.name(), error.str())

    def _refusals(self) -> list[Any]:
        return [error for error in self._errors if error.name() in REFUSED]

    def _said(self, error: Any) -> str:
        """The most telling of what the client reported: that a host is not known says more than a time that is over."""
        reported = [one for one in self._errors if one.name() not in ("_ALL_BROKERS_DOWN", "_TIMED_OUT")]
        return str((reported or [error])[0].str())


def resolve(cluster: Cluster, topic: str, found: Topic, position: Position, group: str, of: str) -> dict[int, int]:
    """The offset of each partition at a position; of those that it names, where it is one of offsets. Raises KafkaError
    for an offset that is not, or no longer, in the topic; ``of`` is the option that named it. Raises Away as well."""
    partitions = range(found.partitions)
    earliest = cluster.offsets(topic, partitions, Position(EARLIEST))
    if position.kind == EARLIEST:
        return earliest
    latest = cluster.offsets(topic, partitions, Position(LATEST))
    if position.kind == LATEST:
        return latest
    if position.kind == COMMITTED:
        wanted = earliest | cluster.committed(topic, partitions, group, found.topic_id)
    elif position.kind == OFFSETS:
        wanted = dict(position.offsets)
    else:
        at = cluster.offsets(topic, partitions, position)
        # Nothing is as late as that: behind all that is there.
        return {partition: offset if offset >= 0 else latest[partition] for partition, offset in at.items()}
    check(topic, wanted, earliest, latest, of)
    return wanted


def check(
    topic: str, wanted: Mapping[int, int], earliest: Mapping[int, int], latest: Mapping[int, int], of: str
) -> None:
    """Raises KafkaError for offsets that are not there."""
    for partition, offset in sorted(wanted.items()):
        if partition not in earliest:
            raise KafkaError(
                say(
                    "{option}: {topic} has no partition {partition}; it has {partitions}, from 0 on.",
                    option=of,
                    topic=topic,
                    partition=partition,
                    partitions=len(earliest),
                )
            )
        if not earliest[partition] <= offset <= latest[partition]:
            raise out_of_range(topic, partition, offset, earliest[partition], latest[partition])


def out_of_range(topic: str, partition: int, offset: int, earliest: int, latest: int) -> KafkaError:
    """What was asked for was removed (retention), or never was."""
    return KafkaError(
        say(
            "{topic}, partition {partition}: offset {offset} is not there; the earliest is {earliest}, the end "
            "{latest}, so {lost} messages are lost. --kafka_start says where to go on: earliest, timestamp:..., or "
            "offsets:{partition}={earliest},...",
            topic=topic,
            partition=partition,
            offset=offset,
            earliest=earliest,
            latest=latest,
            lost=max(earliest - offset, 0),
        )
    )
