"""What a cluster says of a topic: its id, its partitions, and offsets by position. For the launch, and for checks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from transforms.kafka.connection import Connection, library
from transforms.kafka.errors import AWAY, GONE, KafkaError, explained, refuses, unanswered
from transforms.language import say

_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())
# librdkafka tells of each attempt to connect; what matters of it is told once, by whoever asked.
_LOG.setLevel(logging.CRITICAL)

ANSWER_SECONDS = 10.0
EARLIEST, LATEST = "earliest", "latest"
_NO_ID = "AAAAAAAAAAAAAAAAAAAAAA"


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

    def offsets(self, topic: str, partitions: Iterable[int], at: str | int) -> dict[int, int]:
        """Offsets of partitions at EARLIEST, at LATEST (before transactions that are open), or of the first message at
        an instant (micros) or behind it; -1 where there is none. Raises Away as well."""
        kafka, spec = library(), self._admin_module().OffsetSpec
        if isinstance(at, int):
            wanted = spec.for_timestamp(-(-at // 1_000))
        else:
            wanted = spec.earliest() if at == EARLIEST else spec.latest()
        asked = {kafka.TopicPartition(topic, partition): wanted for partition in partitions}
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

    def create(self, topic: str, partitions: int) -> None:
        """Creates a topic where there is none, replicated as the brokers do it. Raises Away as well."""
        if self.topic(topic) is None:
            new = self._admin_module().NewTopic(topic, partitions)
            self._ask(lambda admin: admin.create_topics([new], request_timeout=self._seconds), f"a new topic {topic}")

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
                if refuses(error) or error.name() in GONE:
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
        return [error for error in self._errors if refuses(error)]

    def _said(self, error: Any) -> str:
        """The most telling of what the client reported: that a host is not known says more than a time that is over."""
        reported = [one for one in self._errors if one.name() not in ("_ALL_BROKERS_DOWN", "_TIMED_OUT")]
        return str((reported or [error])[0].str())


def create_topic(connection: Connection, topic: str, partitions: int) -> None:
    """Creates a topic where there is none. Raises KafkaError."""
    try:
        Cluster(connection).create(topic, partitions)
    except Away as away:
        raise unanswered(connection.bootstrap, str(away)) from away


def check_writable(connection: Connection, topic: str) -> None:
    """Raises KafkaError for a topic that a job could not write to."""
    try:
        found = Cluster(connection).topic(topic)
    except Away as away:
        raise unanswered(connection.bootstrap, str(away)) from away
    if found is None or (found.operations is not None and "WRITE" not in found.operations):
        raise KafkaError(
            say(
                "there is no topic {topic} at {bootstrap} that this user may write to: create it, or grant WRITE and "
                "DESCRIBE on it.",
                topic=topic,
                bootstrap=connection.bootstrap,
            )
        )


def known_id(topic_id: str) -> str:
    """The id of a topic, in letters that suit an origin; empty from a broker that gives none."""
    return "" if topic_id == _NO_ID else topic_id.replace("+", "-").replace("/", "_")
