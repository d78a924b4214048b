"""The source of a bounded job: ranges of offsets, each read from its first to its last."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from transforms import metrics
from transforms.ingest.kafka.consumer import cannot_read, consumer_of
from transforms.ingest.kafka.lookup import out_of_range
from transforms.ingest.kafka.messages import message_of
from transforms.ingest.kafka.settings import TopicSource
from transforms.ingest.queue.message import Message
from transforms.kafka.cluster import EARLIEST, LATEST, Cluster
from transforms.kafka.connection import library
from transforms.kafka.errors import AWAY, GONE, KafkaError, refuses
from transforms.language import mark, say

_LOG = logging.getLogger(__name__)

RANGE = 20_000
"""Offsets that are read together: the unit of what workers share, and of what is done again."""
_AT_ONCE = 500
_SILENCE_SECONDS = 30.0


class Range(NamedTuple):
    """Offsets of a partition from ``start`` on, before ``stop``."""

    source: TopicSource
    partition: int
    start: int
    stop: int


def ranges_of(source: TopicSource) -> Iterator[Range]:
    """What a bounded source reads, in parts."""
    stops = dict(source.stops)
    for partition, start in source.starts:
        for first in range(start, stops.get(partition, start), RANGE):
            yield Range(source, partition, first, min(first + RANGE, stops[partition]))


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(Message)
class ReadRange(beam.DoFn):
    """A range -> its messages. Nothing is committed: a range that is read says nothing of those before it."""

    def __init__(self) -> None:
        self._received = metrics.counter("messages_received")
        self._bytes = metrics.counter("message_bytes")
        self._outages = metrics.counter("kafka_outages")

    def setup(self) -> None:
        self._consumers: dict[TopicSource, Any] = {}
        self._errors: list[Any] = []

    def teardown(self) -> None:
        for consumer in self._consumers.values():
            consumer.close()

    def process(self, wanted: Range) -> Iterator[TimestampedValue]:
        source, consumer = wanted.source, self._consumer(wanted.source)
        check_same(Cluster(source.connection), source)
        place = library().TopicPartition(source.topic, wanted.partition, wanted.start)
        consumer.assign([place])
        try:
            for raw in self._read(consumer, wanted):
                message = message_of(raw, source)
                self._received.inc()
                self._bytes.inc(len(message.data))
                yield TimestampedValue(message, Timestamp(micros=message.published_at))
        finally:
            consumer.unassign()

    def _read(self, consumer: Any, wanted: Range) -> Iterator[Any]:
        """Messages of the range, until one is behind it or there are none before that."""
        at, heard = wanted.start, time.monotonic()
        while at < wanted.stop:
            first = consumer.poll(1.0)
            self._outages.inc(self._checked(wanted.source))
            if first is None and time.monotonic() - heard > _SILENCE_SECONDS:
                heard = time.monotonic()
                _LOG.warning("nothing comes of %s/%d at %d", wanted.source.topic, wanted.partition, at)
            for raw in [] if first is None else [first, *consumer.consume(_AT_ONCE, 0)]:
                heard = time.monotonic()
                if (error := raw.error()) is None or error.name() == "_PARTITION_EOF":
                    at = max(at, raw.offset() + (error is None))
                    if error is None and raw.offset() < wanted.stop:
                        yield raw
                elif error.name() == "_AUTO_OFFSET_RESET":
                    raise _lost(wanted, at)
                elif refuses(error) or error.name() in GONE:
                    raise cannot_read(wanted.source, error)
                else:
                    self._outages.inc(error.name() in AWAY)

    def _checked(self, source: TopicSource) -> int:
        """How many connections failed meanwhile. Raises KafkaError for a refusal."""
        errors, self._errors[:] = list(self._errors), []
        for error in errors:
            if refuses(error):
                raise cannot_read(source, error)
        return sum(error.name() != "_ALL_BROKERS_DOWN" for error in errors)

    def _consumer(self, source: TopicSource) -> Any:
        if source not in self._consumers:
            self._consumers[source] = consumer_of(source, self._errors.append)
        return self._consumers[source]


def check_same(cluster: Cluster, source: TopicSource) -> None:
    """Raises KafkaError where the topic is not the one of the launch; Away while that cannot be asked."""
    found = cluster.topic(source.topic)
    if found is None or found.topic_id != source.topic_id:
        gone = mark("the topic {topic} was deleted since the job was launched: its offsets are not there.")
        new = mark(
            "the topic {topic} was deleted and made again since the job was launched: its offsets are not there."
        )
        raise KafkaError(say(gone if found is None else new, topic=source.topic))


def _lost(wanted: Range, at: int) -> KafkaError:
    cluster, source = Cluster(wanted.source.connection), wanted.source
    ends = [cluster.offsets(source.topic, [wanted.partition], kind)[wanted.partition] for kind in (EARLIEST, LATEST)]
    return out_of_range(source.topic, wanted.partition, at, *ends)
