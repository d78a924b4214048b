"""The source of a stream: a splittable DoFn that finds partitions, and one that reads a partition for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Duration, Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from transforms import metrics
from transforms.ingest.kafka.intake import INTAKES, Intake
from transforms.ingest.kafka.settings import TopicSource
from transforms.ingest.kafka.tail import Lease
from transforms.ingest.queue.message import Message
from transforms.ingest.queue.reader import FOREVER, Bounds, ReadQueue, TailProvider, advance
from transforms.kafka.cluster import Away, Cluster
from transforms.pace import Pace

_LOOK_SECONDS = 5
"""How often new partitions are looked for."""


class Partition(NamedTuple):
    """A partition to read from ``start`` on. Settings travel with it: what provides restrictions sees nothing else."""

    source: TopicSource
    number: int
    start: int


@beam.typehints.with_input_types(TopicSource)
@beam.typehints.with_output_types(Partition)
class FindPartitions(beam.DoFn):
    """A topic -> its partitions, each once, as there come to be more. Its restriction counts them."""

    def setup(self) -> None:
        self._clusters: dict[TopicSource, Cluster] = {}
        self._pace = Pace(_LOOK_SECONDS)

    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        source: TopicSource,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(TailProvider()),  # noqa: B008
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),  # noqa: B008
    ) -> Iterator[TimestampedValue]:
        # A runner that was told of finalisation by one splittable DoFn asks every one of them for it.
        finalizer.register(_nothing)
        self._pace.wait()
        now = Timestamp.now()
        for number in range(tracker.current_restriction().start, self._count(source)):
            if not tracker.try_claim(number):
                return
            yield TimestampedValue(Partition(source, number, source.start_of(number)), now)
        advance(estimator, now.micros)
        tracker.defer_remainder(Duration(seconds=_LOOK_SECONDS))

    def _count(self, source: TopicSource) -> int:
        """Partitions now; none new while the cluster is away, or where the topic is gone, which its readers tell."""
        cluster = self._clusters.setdefault(source, Cluster(source.connection, answer_seconds=5.0))
        try:
            found = cluster.topic(source.topic)
        except Away:
            return len(source.starts)
        return found.partitions if found and found.topic_id == source.topic_id else 0


def _nothing() -> None:
    pass


class PartitionProvider(TailProvider):
    """From the partition's start on; its size is about what is there to be read."""

    def initial_restriction(self, element: Partition) -> OffsetRange:
        return OffsetRange(element.start, FOREVER)

    def restriction_size(self, element: Partition, restriction: OffsetRange) -> int:
        intake = INTAKES.peek(element.source)
        known = intake.backlog(element.number, restriction.start) if intake else None
        return 1 if known is None else max(known, 1)


class _Held:
    """What an intake holds of one partition."""

    def __init__(self, intake: Intake, partition: int) -> None:
        self._intake = intake
        self._partition = partition

    def acknowledge(self, lease: Lease) -> None:
        self._intake.acknowledge(lease)

    def give_back(self, lease: Lease) -> None:
        self._intake.give_back(lease)

    def watermark(self) -> int | None:
        return self._intake.watermark(self._partition)

    def redelivered(self) -> int:
        return 0


@beam.typehints.with_input_types(Partition)
@beam.typehints.with_output_types(Message)
class ReadPartition(ReadQueue):
    """A partition -> its messages. Positions are its offsets.

    Offsets are committed for a launch after this one: this job keeps its own place, in its restriction.
    """

    intakes = INTAKES

    def __init__(self, bounds: Bounds = Bounds()) -> None:  # noqa: B008
        super().__init__()
        self._bounds = bounds
        self._outages = metrics.counter("kafka_outages")

    # As in the reader of Pub/Sub: the finaliser as a class, and before the parameters that are passed by keyword.
    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        partition: Partition,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(PartitionProvider()),  # noqa: B008
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),  # noqa: B008
    ) -> Iterator[WindowedValue]:
        source, number, _ = partition
        intake: Intake | None = self.intake_of(source)
        if intake is None:
            tracker.defer_remainder()
            return
        bounds = self._bounds
        start = tracker.current_restriction().start
        lease = intake.take(number, start, bounds.messages, bounds.size, bounds.idle_seconds)
        self._outages.inc(intake.outages())
        last = lease.end - 1 if lease.end > start else None
        yield from self.bundle(_Held(intake, number), lease, last, finalizer, tracker, estimator)
