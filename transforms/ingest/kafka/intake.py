"""A process's connection to a topic: partitions read in the background, offsets committed.

One consumer serves all partitions that a process reads: they are ``assign``ed one by one as they are asked for, and no
group decides about them. One thread polls it, and is the only one that moves it.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from transforms.ingest.kafka.consumer import cannot_read, consumer_of
from transforms.ingest.kafka.lookup import out_of_range
from transforms.ingest.kafka.messages import message_of
from transforms.ingest.kafka.settings import TopicSource
from transforms.ingest.kafka.tail import Lease, Tail
from transforms.ingest.queue.intake import BackgroundIntake
from transforms.ingest.queue.message import Message
from transforms.kafka.cluster import EARLIEST, LATEST, Away, Cluster
from transforms.kafka.connection import library
from transforms.kafka.errors import AWAY, GONE, KafkaError, refuses
from transforms.language import mark, say
from transforms.per_process import PerProcess

_LOG = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_AT_ONCE = 500
_COMMIT_SECONDS = 0.25
_IDENTITY_SECONDS = 1.0
_UNASKED_SECONDS = 60.0
"""A partition that nobody here has asked for so long is read elsewhere."""
_REFUSED_SECONDS = 60.0
"""A cluster that starts again may refuse for a while what it accepts later."""


class Intake(BackgroundIntake):
    """Messages of one topic, for this process. Its thread starts with it and ends with ``close``."""

    def __init__(self, source: TopicSource) -> None:
        super().__init__("kafka")
        self._source = source
        self._kafka = library()
        self._consumer = consumer_of(source, self._reported)
        self._cluster = Cluster(source.connection, answer_seconds=5.0)
        self._changed = threading.Condition()
        self._tails: dict[int, Tail] = {}
        self._assigned: dict[int, Tail] = {}
        self._done: dict[int, int] = {}
        self._failure: KafkaError | None = None
        self._outages = 0
        self._refused_since: float | None = None
        self._known_at = 0.0
        self._start({"intake": self._run})

    def take(self, partition: int, start: int, max_messages: int, max_bytes: int, timeout: float) -> Lease:
        """The next messages of a partition from an offset on; none when none comes within ``timeout`` seconds, or
        others have some: readers that share a thread then get their turn. Raises KafkaError when the topic cannot be
        read."""
        deadline = time.monotonic() + timeout
        with self._changed:
            tail = self._tails.get(partition)
            if tail is None or tail.start != start:
                # New here, or a bundle is done again.
                tail = self._tails[partition] = Tail(partition, start, self._source.settle_seconds)
            while not tail.waiting and not self._failure and not self._stop.is_set():
                left = deadline - time.monotonic()
                if any(one.waiting for one in self._tails.values()):
                    left = min(left, tail.beside_seconds)
                    if not self._changed.wait_for(lambda: tail.waiting or self._failure, left):
                        tail.stood_back()
                        break
                elif left <= 0 or tail.end > tail.start:
                    break
                else:
                    self._changed.wait(left)
            if self._failure and not tail.waiting:
                raise self._failure
            tail.asked_at = time.monotonic()
            return tail.take(max_messages, max_bytes)

    def acknowledge(self, lease: Lease) -> None:
        """What came of the messages is committed: their offsets are, soon."""
        with self._changed:
            self._done[lease.partition] = max(self._done.get(lease.partition, 0), lease.end)

    def give_back(self, lease: Lease) -> None:
        """Whoever reads on begins where the lease does."""
        with self._changed:
            self._tails.pop(lease.partition, None)

    def watermark(self, partition: int) -> int | None:
        with self._changed:
            tail = self._tails.get(partition)
            return tail.watermark() if tail else None

    def outages(self) -> int:
        """Connections that were lost, or not made, since this was last asked."""
        with self._changed:
            count, self._outages = self._outages, 0
            return count

    def backlog(self, partition: int, start: int) -> int | None:
        """Bytes, about, to the end of the partition; None where it is not read here."""
        with self._changed:
            tail = self._tails.get(partition)
            return tail.backlog(start) if tail else None

    def close(self) -> None:
        """Ends the thread, and commits what is known to be done."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        self._join(10.0)

    def _run(self) -> None:
        committed_at = 0.0
        try:
            while not self._stop.is_set() and not self._failure:
                self._move()
                self._receive()
                if time.monotonic() - committed_at >= _COMMIT_SECONDS:
                    committed_at = time.monotonic()
                    self._commit(asynchronous=True)
        except KafkaError as error:
            self._fail(error)
        except self._kafka.KafkaException as error:
            self._fail(cannot_read(self._source, error.args[0]))
        finally:
            self._commit(asynchronous=False)
            self._consumer.close()

    def _move(self) -> None:
        """Makes the consumer read what is wanted: where a place was changed, from there."""
        place, source = self._kafka.TopicPartition, self._source
        with self._changed:
            oldest = time.monotonic() - _UNASKED_SECONDS
            for partition in [one for one, tail in self._tails.items() if tail.asked_at < oldest]:
                del self._tails[partition]
            wanted = dict(self._tails)
            paused = [tail for tail in wanted.values() if tail.paused and not self._is_full(tail)]
        gone = [one for one, tail in self._assigned.items() if wanted.get(one) is not tail]
        new = [tail for one, tail in wanted.items() if self._assigned.get(one) is not tail]
        if gone:
            self._consumer.incremental_unassign([place(source.topic, one) for one in gone])
        if new:
            self._consumer.incremental_assign([place(source.topic, tail.partition, tail.end) for tail in new])
        if paused:
            self._consumer.resume([place(source.topic, tail.partition) for tail in paused])
            for tail in paused:
                tail.paused = False
        self._assigned = wanted

    def _receive(self) -> None:
        """What has come, within a moment. It is handed on when the topic is known to be the same still."""
        first = self._consumer.poll(_POLL_SECONDS)
        received = [] if first is None else [first, *self._consumer.consume(_AT_ONCE, 0)]
        if time.monotonic() - self._known_at >= _IDENTITY_SECONDS:
            self._check_identity(bool(received))
        self._check_refusal()
        read: dict[int, list[tuple[int, Message]]] = {}
        for raw in received:
            if raw.error() is None:
                read.setdefault(raw.partition(), []).append((raw.offset(), message_of(raw, self._source)))
        with self._changed:
            for partition, batch in read.items():
                if tail := self._assigned.get(partition):
                    tail.add(batch)
            for raw in received:
                if raw.error() is not None:
                    self._noted(raw)
            if read:
                self._refused_since = None
            full = [tail for tail in self._assigned.values() if not tail.paused and self._is_full(tail)]
            if received:
                self._changed.notify_all()
        if full:
            self._consumer.pause([self._kafka.TopicPartition(self._source.topic, tail.partition) for tail in full])
            for tail in full:
                tail.paused = True

    def _is_full(self, tail: Tail) -> bool:
        return tail.size >= self._source.buffer_bytes or tail.waiting >= self._source.buffer_messages

    def _noted(self, raw: Any) -> None:
        """An event of a partition in the place of a message."""
        error, tail = raw.error(), self._assigned.get(raw.partition())
        name = error.name()
        if name == "_PARTITION_EOF":
            if tail:
                tail.at_end(raw.offset())
                tail.horizon.connected(True)
        elif name == "_AUTO_OFFSET_RESET":
            # An offset that another topic of the name does not have says nothing of retention.
            self._check_identity(needed=True)
            raise self._out_of_range(raw.partition(), tail.end if tail else raw.offset())
        elif refuses(error):
            raise cannot_read(self._source, error)
        elif name in GONE:
            self._known_at = 0.0
        else:
            self._outages += name in AWAY
            _LOG.info("%s/%s: %s", self._source.topic, raw.partition(), error)

    def _reported(self, error: Any) -> None:
        """An error that belongs to no partition, from the thread that polls."""
        if refuses(error):
            if self._refused_since is None:
                self._refused_since = time.monotonic()
                _LOG.warning("%s Trying again for %.0f s.", cannot_read(self._source, error), _REFUSED_SECONDS)
            self._refusal = error
        elif error.name() != "_ALL_BROKERS_DOWN":
            with self._changed:
                self._outages += 1

    def _check_refusal(self) -> None:
        since = self._refused_since
        if since is not None and time.monotonic() - since > _REFUSED_SECONDS:
            raise cannot_read(self._source, self._refusal)

    def _check_identity(self, needed: bool) -> None:
        """Raises KafkaError where the topic was deleted, or is another. ``needed``: messages wait for it, so that one
        that does not answer is asked again."""
        source = self._source
        while source.topic_id and not self._stop.is_set():
            try:
                found = self._cluster.topic(source.topic)
            except Away:
                if needed:
                    continue
                return
            if found is None:
                raise KafkaError(
                    say(
                        "the topic {topic} was deleted. What was read of it is kept. Where it is made again, start the "
                        "job again: the new topic is read from its beginning.",
                        topic=source.topic,
                    )
                )
            if found.topic_id != source.topic_id:
                raise KafkaError(
                    say(
                        "the topic {topic} was deleted and made again: offsets of the old one say nothing of the new "
                        "one. Start the job again: the new topic is read from its beginning.",
                        topic=source.topic,
                    )
                )
            break
        self._known_at = time.monotonic()

    def _out_of_range(self, partition: int, wanted: int) -> KafkaError:
        topic, found = self._source.topic, {}
        for kind in (EARLIEST, LATEST):
            try:
                found[kind] = self._cluster.offsets(topic, [partition], kind)[partition]
            except (Away, KafkaError):
                gone = mark("{topic}, partition {partition}: offset {offset} is not there any more.")
                return KafkaError(say(gone, topic=topic, partition=partition, offset=wanted))
        return out_of_range(topic, partition, wanted, found[EARLIEST], found[LATEST])

    def _fail(self, error: KafkaError) -> None:
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    def _commit(self, asynchronous: bool) -> None:
        """Tells the cluster how far the effects are. What it does not hear is read again by the next job."""
        with self._changed:
            done, self._done = self._done, {}
        if not done:
            return
        source = self._source
        offsets = [
            self._kafka.TopicPartition(source.topic, partition, offset, metadata=source.topic_id)
            for partition, offset in done.items()
        ]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=asynchronous)
        except self._kafka.KafkaException as error:
            _LOG.warning("offsets of %s were not committed: %s", source.topic, error)


INTAKES: PerProcess[TopicSource, Intake] = PerProcess(Intake)
