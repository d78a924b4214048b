"""``ReadQueueOfSqs``: an unbounded splittable DoFn over a queue of SQS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.utils.windowed_value import WindowedValue

from transforms import metrics
from transforms.ingest.queue.message import Message
from transforms.ingest.queue.reader import Bounds, ReadQueue, TailProvider
from transforms.ingest.sqs.intake import INTAKES, Intake
from transforms.ingest.sqs.settings import QueueSource


class Reader(NamedTuple):
    """One of the readers of a queue. Settings travel with it: what provides restrictions sees nothing else."""

    source: QueueSource
    number: int


class ReaderProvider(TailProvider):
    """For ever; its size is a reader's share of what there is to be read, about."""

    def restriction_size(self, element: Reader, restriction: OffsetRange) -> int:
        intake = INTAKES.peek(element.source)
        return max(intake.backlog() // element.source.readers, 1) if intake else 1


@beam.typehints.with_input_types(Reader)
@beam.typehints.with_output_types(Message)
class ReadQueueOfSqs(ReadQueue):
    """Reader -> messages. A queue has no positions: its restriction counts messages.

    If the process dies, what it held comes again when SQS shows it again.
    """

    intakes = INTAKES

    def __init__(self, bounds: Bounds = Bounds()) -> None:  # noqa: B008
        super().__init__()
        self._bounds = bounds
        self._outages = metrics.counter("sqs_outages")

    # As in the reader of Pub/Sub: the finaliser as a class, and before the parameters that are passed by keyword.
    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        reader: Reader,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(ReaderProvider()),  # noqa: B008
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),  # noqa: B008
    ) -> Iterator[WindowedValue]:
        intake: Intake | None = self.intake_of(reader.source)
        if intake is None:
            tracker.defer_remainder()
            return
        self._outages.inc(intake.outages())
        yield from self.next_bundle(intake, self._bounds, finalizer, tracker, estimator)
