"""``PublishChanges`` and ``PublishDeadLetters``: what a job tells others, at least once, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import BoundedWindow
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from transforms import metrics
from transforms.model import Change, DeadLetter
from transforms.notify.kafka import KafkaPublisher, KafkaTopic
from transforms.notify.messages import Outgoing, change_message, dead_letter_message, is_news
from transforms.notify.topic import Publisher
from transforms.per_process import PerProcess

_FLUSH_MESSAGES = 1_000
_FLUSH_BYTES = 16_000_000

Place = str | KafkaTopic
"""A topic of Pub/Sub by its full name, or one of Kafka."""


class PublishChanges(beam.PTransform):
    """PCollection[Change] -> the changes that were published: those that changed the folded state of an access key.

    A message is JSON with the state before and after; its attribute ``revision`` is the revision. Publishing is at
    least once, and several workers may publish changes of one key: a consumer that keeps the highest revision of each
    key has the order and drops repeats, with ordering keys and without. ``first_sight``: also the first state of a
    key. ``ordered``: the access key is the ordering key, which costs a request for each key.
    """

    def __init__(self, topic: Place, first_sight: bool = False, ordered: bool = False) -> None:
        """``topic``: full resource name, or a topic of Kafka, whose key is always the access key."""
        super().__init__()
        self._topic = topic
        self._first_sight = first_sight
        self._message_of = partial(change_message, ordered=ordered)

    def expand(self, changes: beam.PCollection[Change]) -> beam.PCollection[Change]:
        return (
            changes
            | "News" >> beam.Filter(is_news, self._first_sight).with_output_types(Change)
            | "Publish"
            >> beam.ParDo(PublishMessages(self._topic, self._message_of, "changes_published")).with_output_types(Change)
        )


class PublishDeadLetters(beam.PTransform):
    """PCollection[DeadLetter] -> the same, once published: their bytes, with code, message and origin as attributes."""

    def __init__(self, topic: Place) -> None:
        """``topic``: full resource name, or a topic of Kafka."""
        super().__init__()
        self._topic = topic

    def expand(self, letters: beam.PCollection[DeadLetter]) -> beam.PCollection[DeadLetter]:
        publish = PublishMessages(self._topic, dead_letter_message, "dead_letters_published")
        return letters | "Publish" >> beam.ParDo(publish).with_output_types(DeadLetter)


def _publisher(topic: Place) -> Publisher | KafkaPublisher:
    return KafkaPublisher(topic) if isinstance(topic, KafkaTopic) else Publisher(topic)


_PUBLISHERS: PerProcess[Place, Publisher | KafkaPublisher] = PerProcess(_publisher)


class PublishMessages(beam.DoFn):
    """Elements -> the same elements, each after the service has its message.

    Many are on their way at once; the bundle ends when all have arrived, and fails when one cannot.
    """

    def __init__(self, topic: Place, message_of: Callable[[Any], Outgoing], counter: str) -> None:
        self._topic = topic
        self._message_of = message_of
        self._published = metrics.counter(counter)

    def setup(self) -> None:
        self._publisher: Publisher | KafkaPublisher = _PUBLISHERS.acquire(self._topic)

    def start_bundle(self) -> None:
        self._sent: list[tuple[WindowedValue, Outgoing, Any]] = []
        self._bytes = 0

    def process(
        self,
        element: Any,
        timestamp: Timestamp = beam.DoFn.TimestampParam,
        window: BoundedWindow = beam.DoFn.WindowParam,
    ) -> Iterator[WindowedValue]:
        message = self._message_of(element)
        self._sent.append((WindowedValue(element, timestamp, (window,)), message, self._publisher.send(message)))
        self._bytes += message.size
        if len(self._sent) >= _FLUSH_MESSAGES or self._bytes >= _FLUSH_BYTES:
            yield from self._flush()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        yield from self._flush()

    def _flush(self) -> Iterator[WindowedValue]:
        sent, self._sent, self._bytes = self._sent, [], 0
        self._publisher.settle((message, future) for _, message, future in sent)
        for value, _, _ in sent:
            self._published.inc()
            yield value
