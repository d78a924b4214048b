"""``ReadQueue``: what the splittable DoFns over queues share, for runners that have no source of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from transforms import metrics
from transforms.ingest.queue.message import Message
from transforms.per_process import PerProcess

FOREVER = 2**62


class TailTracker(OffsetRestrictionTracker):
    """Goes on for ever. It can be stopped where it is, and not divided: what is behind the end of a queue is not there
    yet, and whoever reads on gets the next message."""

    def try_split(self, fraction_of_remainder: float) -> tuple[OffsetRange, OffsetRange] | None:
        return super().try_split(0) if fraction_of_remainder == 0 else None

    def is_bounded(self) -> bool:
        return False


class TailProvider(RestrictionProvider):
    """Every reader reads for ever, and counts. A drain reads nothing more: what is left stays in the queue (this is
    what Beam does with an unbounded restriction)."""

    def initial_restriction(self, element: Any) -> OffsetRange:
        return OffsetRange(0, FOREVER)

    def create_tracker(self, restriction: OffsetRange) -> TailTracker:
        return TailTracker(restriction)

    def restriction_size(self, element: Any, restriction: OffsetRange) -> int:
        return 1


class Lease(Protocol):
    """Messages taken together by one bundle."""

    @property
    def messages(self) -> Sequence[Message]:
        """In the order in which they are handed on."""


class Held(Protocol):
    """Where a lease comes from: what a process holds of a queue. Any thread may call it."""

    def acknowledge(self, lease: Any) -> None:
        """What came of the messages is committed."""

    def give_back(self, lease: Any) -> None:
        """The messages are not worked on: they come again."""

    def watermark(self) -> int | None:
        """Micros: no message published before this is expected; None while that cannot be said."""

    def redelivered(self) -> int:
        """Deliveries that were dropped as repeated, since this was last asked."""


class Intake(Held, Protocol):
    """What a process holds of a queue that has no positions."""

    def take(self, max_messages: int, max_bytes: int, timeout: float) -> Any:
        """The next messages, a lease; an empty one when none comes within ``timeout`` seconds."""

    def close(self) -> None:
        """Reads no more, and gives back all that is held."""


@dataclass(frozen=True)
class Bounds:
    """Of one bundle: it takes what has come since the last one, up to ``messages`` and ``size`` bytes; on a quiet queue
    each message alone and at once. It waits up to ``idle_seconds`` for the first, and then ends all the same, so that
    watermark, checkpoints and cancellation move on."""

    messages: int = 1_000
    size: int = 16_000_000
    idle_seconds: float = 1.0


class ReadQueue(beam.DoFn):
    """The base of a DoFn that reads a queue, with messages' publishing times as timestamps. Its ``process`` takes a
    lease, and gives what ``bundle`` gives.

    Messages are acknowledged when the runner has committed the bundle. If it fails they are given back.
    """

    def __init__(self) -> None:
        self._reads = metrics.counter("subscription_reads")
        self._received = metrics.counter("messages_received")
        self._redelivered = metrics.counter("messages_redelivered")
        self._bytes = metrics.counter("message_bytes")
        self._lag = metrics.distribution("message_lag_millis")

    def setup(self) -> None:
        self._leases: dict[int, tuple[Held, Any]] = {}

    def unfinished(self, held: Held) -> list[Any]:
        """Leases of which no commit has been heard: here a bundle failed, or the job is being stopped."""
        return [lease for whose, lease in list(self._leases.values()) if whose is held]

    def bundle(
        self, held: Held, lease: Any, last: int | None, finalizer: Any, tracker: Any, estimator: Any
    ) -> Iterator[TimestampedValue]:
        """The messages of a lease, and the rest of the restriction for later. ``last``: the position behind which the
        next bundle begins; None where there is nothing new."""
        self._leases[id(lease)] = held, lease
        # Also for an empty bundle: a runner that was told of finalisation asks for it every time.
        finalizer.register(partial(self._acknowledge, held, lease))
        if last is not None and not tracker.try_claim(last):
            self._leases.pop(id(lease), None)
            held.give_back(lease)
            return
        self._reads.inc()
        self._redelivered.inc(held.redelivered())
        now = Timestamp.now().micros
        for message in lease.messages:
            self._received.inc()
            self._bytes.inc(len(message.data))
            self._lag.update(max(now - message.published_at, 0) // 1_000)
            yield TimestampedValue(message, Timestamp(micros=message.published_at))
        advance(estimator, held.watermark())
        tracker.defer_remainder()

    def next_bundle(
        self, intake: Intake, bounds: Bounds, finalizer: Any, tracker: Any, estimator: Any
    ) -> Iterator[TimestampedValue]:
        """``bundle`` for a queue without positions, of which a restriction counts the messages."""
        lease = intake.take(bounds.messages, bounds.size, bounds.idle_seconds)
        last = tracker.current_restriction().start + len(lease) - 1 if lease else None
        yield from self.bundle(intake, lease, last, finalizer, tracker, estimator)

    def leave(self, intakes: PerProcess[Any, Any], settings: Any, intake: Intake) -> None:
        """Ends one use of a process's intake; the last one closes it. Gives back what no commit has been heard of."""
        if intakes.release(settings):
            intake.close()
            return
        for lease in self.unfinished(intake):
            intake.give_back(lease)

    def _acknowledge(self, held: Held, lease: Any) -> None:
        if self._leases.pop(id(lease), None) is not None:
            held.acknowledge(lease)


def advance(estimator: Any, micros: int | None) -> None:
    """Moves a manual watermark forward, never back."""
    if micros is None:
        return
    watermark, current = Timestamp(micros=micros), estimator.current_watermark()
    if current is None or watermark > current:
        estimator.set_watermark(watermark)
