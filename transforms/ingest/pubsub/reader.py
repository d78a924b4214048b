"""``ReadMessages``: an unbounded splittable DoFn over a subscription, for runners that have no source of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from transforms import metrics
from transforms.ingest.pubsub.backlog import Lease
from transforms.ingest.pubsub.intake import Intake, close_intake, open_intake
from transforms.ingest.pubsub.message import Message
from transforms.ingest.pubsub.settings import ReadSettings

_FOREVER = 2**62


class TailTracker(OffsetRestrictionTracker):
    """Counts messages and goes on for ever. It can be stopped where it is, and not divided: a queue has no positions,
    and whoever reads it gets the next message."""

    def try_split(self, fraction_of_remainder: float) -> tuple[OffsetRange, OffsetRange] | None:
        return super().try_split(0) if fraction_of_remainder == 0 else None

    def is_bounded(self) -> bool:
        return False


class TailProvider(RestrictionProvider):
    """Every reader reads for ever. A drain reads nothing more: what is left stays in the subscription (this is what
    Beam does with an unbounded restriction)."""

    def initial_restriction(self, element: int) -> OffsetRange:
        return OffsetRange(0, _FOREVER)

    def create_tracker(self, restriction: OffsetRange) -> TailTracker:
        return TailTracker(restriction)

    def restriction_size(self, element: int, restriction: OffsetRange) -> int:
        return 1


@beam.typehints.with_input_types(int)
@beam.typehints.with_output_types(Message)
class ReadMessages(beam.DoFn):
    """Reader number -> messages, with their publishing time as timestamp.

    A bundle is what has arrived since the last one, up to ``bundle_messages`` and ``bundle_bytes``: alone and at once
    on a quiet subscription, larger as work piles up. It waits up to ``idle_seconds`` for the first message, and then
    ends all the same, so that watermark and cancellation move on.

    Messages are acknowledged when the runner has committed the bundle. If it fails they are given back, and if the
    process dies their lease runs out.
    """

    def __init__(
        self,
        settings: ReadSettings,
        bundle_messages: int = 1_000,
        bundle_bytes: int = 16_000_000,
        idle_seconds: float = 1.0,
    ) -> None:
        self._settings = settings
        self._bundle_messages = bundle_messages
        self._bundle_bytes = bundle_bytes
        self._idle_seconds = idle_seconds
        self._reads = metrics.counter("subscription_reads")
        self._received = metrics.counter("messages_received")
        self._redelivered = metrics.counter("messages_redelivered")
        self._bytes = metrics.counter("message_bytes")
        self._lag = metrics.distribution("message_lag_millis")

    def setup(self) -> None:
        self._leases: set[Lease] = set()
        self._intake: Intake | None = open_intake(self._settings)

    def teardown(self) -> None:
        """Gives back what no commit has been heard of: here a bundle failed, or the job is being stopped."""
        intake, self._intake = self._intake, None
        if intake is not None:
            close_intake(self._settings, intake, list(self._leases))

    # The finaliser is named as a class and before the parameters that are passed by keyword: an instance is never
    # called back, and behind them Beam passes an argument twice.
    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        reader: int,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(TailProvider()),  # noqa: B008
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),  # noqa: B008
    ) -> Iterator[TimestampedValue]:
        intake = self._intake
        if intake is None:  # a bundle that the cancelled job's runner has forgotten
            tracker.defer_remainder()
            return
        lease = intake.take(self._bundle_messages, self._bundle_bytes, self._idle_seconds)
        self._leases.add(lease)
        # Also for an empty bundle: a runner that was told of finalisation asks for it every time.
        finalizer.register(lambda: self._acknowledge(intake, lease))
        if lease and not tracker.try_claim(tracker.current_restriction().start + len(lease) - 1):
            self._leases.discard(lease)
            intake.give_back(lease)
            return
        self._reads.inc()
        self._redelivered.inc(intake.redelivered())
        now = Timestamp.now().micros
        for delivery in lease.deliveries:
            message = delivery.message
            self._received.inc()
            self._bytes.inc(len(message.data))
            self._lag.update(max(now - message.published_at, 0) // 1_000)
            yield TimestampedValue(message, Timestamp(micros=message.published_at))
        _advance(estimator, intake.watermark())
        tracker.defer_remainder()

    def _acknowledge(self, intake: Intake, lease: Lease) -> None:
        if lease in self._leases:
            self._leases.discard(lease)
            intake.acknowledge(lease)


def _advance(estimator: Any, micros: int | None) -> None:
    if micros is None:
        return
    watermark, current = Timestamp(micros=micros), estimator.current_watermark()
    if current is None or watermark > current:
        estimator.set_watermark(watermark)
