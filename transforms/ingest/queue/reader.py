"""``ReadQueue``: what the splittable DoFns over queues share, for runners that have no source of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils import windowed_value
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from transforms import metrics
from transforms.ingest.queue.leasing import LeasingIntake
from transforms.ingest.queue.message import Message
from transforms.per_process import PerProcess

FOREVER = 2**62
_GLOBAL = (GlobalWindow(),)


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


@dataclass(frozen=True)
class Bounds:
    """Of one bundle: it takes what has come since the last one, up to ``messages`` and ``size`` bytes; on a quiet queue
    each message alone and at once. It waits up to ``idle_seconds`` for the first, and then ends all the same, so that
    watermark, checkpoints and cancellation move on."""

    messages: int = 3_000
    size: int = 24_000_000
    idle_seconds: float = 1.0


class ReadQueue(beam.DoFn):
    """The base of a DoFn that reads a queue, with messages' publishing times as timestamps. Its ``process`` takes a
    lease, and gives what ``bundle`` gives.

    Messages are acknowledged when the runner has committed the bundle. If it fails they are given back.
    """

    intakes: ClassVar[PerProcess[Any, Any]]
    """Those of the process over such queues, by their settings; for each source to say."""

    def __init__(self) -> None:
        self._reads = metrics.counter("subscription_reads")
        self._received = metrics.counter("messages_received")
        self._redelivered = metrics.counter("messages_redelivered")
        self._bytes = metrics.counter("message_bytes")
        self._lag = metrics.distribution("message_lag_millis")

    def setup(self) -> None:
        self._leases: dict[int, tuple[Held, Any]] = {}
        self._used: dict[Any, Any] | None = {}

    def teardown(self) -> None:
        """Ends the use of the process's intakes; the last one to use one closes it. Of the others, gives back what no
        commit has been heard of: here a bundle failed, or the job is being stopped."""
        used, self._used = self._used, None
        for settings, intake in (used or {}).items():
            if self.intakes.release(settings):
                intake.close()
                continue
            for held, lease in list(self._leases.values()):
                # Not so where an intake has parts that are held: whoever reads one on says from where.
                if held is intake:
                    intake.give_back(lease)

    def intake_of(self, settings: Any) -> Any:
        """The process's intake with such settings, made by whoever asks first. None after ``teardown``: in a bundle
        that the runner of a cancelled job has forgotten."""
        used = self._used
        if used is None:
            return None
        if settings not in used:
            used[settings] = self.intakes.acquire(settings)
        return used[settings]

    def bundle(
        self, held: Held, lease: Any, last: int | None, finalizer: Any, tracker: Any, estimator: Any
    ) -> Iterator[WindowedValue]:
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
        messages = lease.messages
        self._received.inc(len(messages))
        self._bytes.inc(sum(len(message.data) for message in messages))
        now, late = Timestamp.now().micros, self._lag.update
        for message in messages:
            published = message.published_at
            late((now - published) // 1_000 if now > published else 0)
            # Made without a Timestamp, which costs ten times as much.
            yield windowed_value.create(message, published, _GLOBAL)
        advance(estimator, held.watermark())
        tracker.defer_remainder()

    def next_bundle(
        self, intake: LeasingIntake, bounds: Bounds, finalizer: Any, tracker: Any, estimator: Any
    ) -> Iterator[WindowedValue]:
        """``bundle`` for a queue without positions, of which a restriction counts the messages."""
        lease = intake.take(bounds.messages, bounds.size, bounds.idle_seconds)
        last = tracker.current_restriction().start + len(lease) - 1 if lease else None
        yield from self.bundle(intake, lease, last, finalizer, tracker, estimator)

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
