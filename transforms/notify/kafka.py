"""A topic of Kafka and what is published to it, as to one of Pub/Sub. Free of Beam."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from transforms.kafka.connection import Connection, library
from transforms.kafka.errors import KafkaError, explained
from transforms.language import say
from transforms.notify.messages import MAX_MESSAGE_BYTES, Outgoing

_QUIET = logging.getLogger(f"{__name__}.librdkafka")
_QUIET.setLevel(logging.CRITICAL)
_TOO_LARGE = "MSG_SIZE_TOO_LARGE"
_KEPT_BYTES = 900_000
"""Of a dead letter that its topic does not take: what one of the usual limit (1 MB) does."""
_DELIVERY_SECONDS = 150


@dataclass(frozen=True)
class KafkaTopic:
    """Where messages go; it travels with the job."""

    connection: Connection
    topic: str


class KafkaPublisher:
    """Messages to one topic. Those of one key are in one partition, in the order in which they were sent: the key is
    the access key, and the partition the one that Java's clients would choose. Safe for threads."""

    def __init__(self, place: KafkaTopic, **settings: Any) -> None:
        self.topic = place.topic
        self._bootstrap = place.connection.bootstrap
        self._exception = library().KafkaException
        self._producer = library().Producer(place.connection.settings() | producer_settings() | settings, logger=_QUIET)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="kafka-publisher", daemon=True)
        self._thread.start()

    def send(self, message: Outgoing) -> Future[str]:
        """Partition and offset of the message, to come. Raises KafkaError for a message that is too large."""
        if message.size > MAX_MESSAGE_BYTES:
            raise KafkaError(
                say(
                    "a message of {size:,} bytes is too large: at most {most:,}.",
                    size=message.size,
                    most=MAX_MESSAGE_BYTES,
                )
            )
        future: Future[str] = Future()
        while True:
            try:
                self._producer.produce(
                    self.topic,
                    message.data,
                    key=message.ordering_key or message.attributes.get("access_key"),
                    headers=message.attributes,
                    on_delivery=partial(_delivered, future),
                )
                return future
            except BufferError:
                self._stop.wait(0.02)  # what is on its way has to arrive first

    def settle(self, sent: Iterable[tuple[Outgoing, Future[str]]], timeout: float = 180.0) -> None:
        """Waits until all of these are published. Raises KafkaError when one of them is not."""
        pairs = list(sent)
        self._producer.flush(timeout)
        again = [cut(message) for message, future in pairs if _is_too_large(message, future)]
        retried = [(message, self.send(message)) for message in again]
        if retried:
            self._producer.flush(timeout)
        for message, future in [*pairs, *retried]:
            if not _is_too_large(message, future):
                self._check(future, timeout)

    def close(self) -> None:
        """Publishes what is left and ends the thread."""
        self._producer.flush(30)
        self._stop.set()
        self._thread.join(5)

    def explained(self, error: BaseException) -> KafkaError:
        """What to do about a message that was not published."""
        if isinstance(error, self._exception):
            inner = error.args[0]
            return explained(
                say("cannot write to {topic}", topic=self.topic), self._bootstrap, inner.name(), inner.str()
            )
        return KafkaError(str(error))

    def _check(self, future: Future[str], timeout: float) -> None:
        error = (
            future.exception()
            if future.done()
            else TimeoutError(say("no answer within {seconds:.0f} s", seconds=timeout))
        )
        if error is not None:
            raise self.explained(error) from error

    def _poll(self) -> None:
        while not self._stop.is_set():
            self._producer.poll(0.1)


def producer_settings() -> dict[str, Any]:
    """Of a producer that loses nothing, repeats nothing of one session, and chooses partitions as Java's does."""
    return {
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": 5,
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "message.max.bytes": MAX_MESSAGE_BYTES + 100_000,
        "delivery.timeout.ms": _DELIVERY_SECONDS * 1_000,
        "queue.buffering.max.messages": 20_000,
        "queue.buffering.max.kbytes": 65_536,
    }


def cut(message: Outgoing) -> Outgoing:
    """A dead letter's message with the beginning of its bytes, and that told."""
    return Outgoing(message.data[:_KEPT_BYTES], {**message.attributes, "truncated": "true"}, message.ordering_key)


def _is_too_large(message: Outgoing, future: Future[str]) -> bool:
    """Whether the topic did not take a dead letter of this size, so that less of it does."""
    if "truncated" not in message.attributes or len(message.data) <= _KEPT_BYTES or not future.done():
        return False
    error = future.exception()
    return error is not None and bool(error.args) and getattr(error.args[0], "name", str)() == _TOO_LARGE


def _delivered(future: Future[str], error: Any, message: Any) -> None:
    if error is not None:
        future.set_exception(library().KafkaException(error))
    else:
        future.set_result(f"{message.partition()}/{message.offset()}")
