"""``ReadMessages``: an unbounded splittable DoFn over a subscription, for runners that have no source of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.utils.windowed_value import WindowedValue

from transforms.ingest.pubsub.intake import INTAKES, Intake
from transforms.ingest.pubsub.settings import ReadSettings
from transforms.ingest.queue.message import Message
from transforms.ingest.queue.reader import Bounds, ReadQueue, TailProvider


@beam.typehints.with_input_types(int)
@beam.typehints.with_output_types(Message)
class ReadMessages(ReadQueue):
    """Reader number -> messages. A subscription has no positions: its restriction counts messages.

    If the process dies, what it held comes again when its leases have run out.
    """

    intakes = INTAKES

    def __init__(self, settings: ReadSettings, bounds: Bounds = Bounds()) -> None:  # noqa: B008
        super().__init__()
        self._settings = settings
        self._bounds = bounds

    def setup(self) -> None:
        super().setup()
        self.intake_of(self._settings)  # messages come while the first bundle is waited for

    # The finaliser is named as a class and before the parameters that are passed by keyword: an instance is never
    # called back, and behind them Beam passes an argument twice.
    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        reader: int,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(TailProvider()),  # noqa: B008
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(ManualWatermarkEstimator.default_provider()),  # noqa: B008
    ) -> Iterator[WindowedValue]:
        intake: Intake | None = self.intake_of(self._settings)
        if intake is None:
            tracker.defer_remainder()
            return
        yield from self.next_bundle(intake, self._bounds, finalizer, tracker, estimator)
