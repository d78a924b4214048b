"""A topic of Kafka and what is published to it, as to one of Pub/Sub. Free of Beam."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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
_POLL_SECONDS = 0.1
_LARGE_BYTES = MAX_MESSAGE_BYTES // 2


@dataclass(frozen=True)
class KafkaTopic:
    """Where messages go; it travels with the job."""

    connection: Connection
    topic: str


class Delivery:
    """Whether a message arrived: what is asked of a ``Future``, at a tenth of its cost."""

    __slots__ = ("_callbacks", "_done", "_error", "_message")

    def __init__(self) -> None:
        self._done = False
        self._error: BaseException | None = None
        self._message: Any = None
        self._callbacks: list[Callable[[Delivery], object]] | None = None

    def done(self) -> bool:
        return self._done

    def exception(self) -> BaseException | None:
        """What went wrong, of one that is done."""
        return self._error

    def result(self, timeout: float | None = None) -> str:
        """Partition and offset. Raises what went wrong, or TimeoutError."""
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while not self._done:
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.002)
        if self._error:
            raise self._error
        return f"{self._message.partition()}/{self._message.offset()}"

    def add_done_callback(self, callback: Callable[[Delivery], object]) -> None:
        """Calls it once, when the message has arrived or failed."""
        callbacks = self._callbacks = self._callbacks or []
        callbacks.append(callback)
        if self._done:
            _call(callbacks, self)

    def settle(self, error: Any, message: Any) -> None:
        """Told by the client, in the thread that polls."""
        if error is not None:
            self._error = library().KafkaException(error)
        self._message = message
        self._done = True
        if self._callbacks:
            _call(self._callbacks, self)


def _call(callbacks: list[Callable[[Delivery], object]], delivery: Delivery) -> None:
    # Taking one out is atomic, so that of two threads one calls it.
    with contextlib.suppress(IndexError):
        while True:
            callbacks.pop()(delivery)


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

    def send(self, message: Outgoing) -> Delivery:
        """Partition and offset of the message, to come. Raises KafkaError for a message that is too large."""
        if len(message.data) > _LARGE_BYTES and message.size > MAX_MESSAGE_BYTES:
            raise KafkaError(
                say(
                    "a message of {size:,} bytes is too large: at most {most:,}.",
                    size=message.size,
                    most=MAX_MESSAGE_BYTES,
                )
            )
        delivery = Delivery()
        while True:
            try:
                self._producer.produce(
                    self.topic,
                    None if message.tombstone else message.data,
                    key=message.ordering_key or message.attributes.get("access_key"),
                    headers=message.attributes,
                    on_delivery=delivery.settle,
                )
                return delivery
            except BufferError:
                self._producer.poll(0.02)  # what is on its way has to arrive first

    def settle(self, sent: Iterable[tuple[Outgoing, Delivery]], timeout: float = 180.0) -> None:
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

    def _check(self, delivery: Delivery, timeout: float) -> None:
        error = (
            delivery.exception()
            if delivery.done()
            else TimeoutError(say("no answer within {seconds:.0f} s", seconds=timeout))
        )
        if error is not None:
            raise self.explained(error) from error

    def _poll(self) -> None:
        """For who never settles, and for tokens that run out. Only now and then: the client takes the interpreter's
        lock for each message that it tells of, from whoever is making the next one."""
        while not self._stop.wait(_POLL_SECONDS):
            self._producer.poll(0)


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


def _is_too_large(message: Outgoing, delivery: Delivery) -> bool:
    """Whether the topic did not take a dead letter of this size, so that less of it does."""
    if "truncated" not in message.attributes or len(message.data) <= _KEPT_BYTES or not delivery.done():
        return False
    error = delivery.exception()
    return error is not None and bool(error.args) and getattr(error.args[0], "name", str)() == _TOO_LARGE
