"""The counts of a stream, as transforms: ``LogChanges`` follows the commit, ``SweepLog`` runs on its own."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from apache_beam.pvalue import PBegin
from apache_beam.transforms.core import RestrictionProvider
from apache_beam.utils.timestamp import Duration

from transforms import metrics
from transforms.counting import log, log_writer, sweep
from transforms.counting.sweep import Refusal, Sweeper
from transforms.model import Change
from transforms.pace import Pace
from transforms.truth.config import TruthConfig
from transforms.views import connect
from transforms.views.sink import Destination

_LOG = logging.getLogger(__name__)

_MOST_HELD = 1_000
_FOREVER = 2**62
_RETRY_SECONDS = 600


class LogChanges(beam.PTransform):
    """PCollection[Change] -> nothing. When a bundle ends, its changes that are counted by the log are in the log.

    A bundle that fails is run again, and writes the same cells.
    """

    def __init__(self, config: TruthConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, changes: beam.PCollection[Change]) -> beam.PCollection[None]:
        return changes | "Log" >> beam.ParDo(_LogChanges(self._config))


@beam.typehints.with_input_types(Change)
@beam.typehints.with_output_types(None)
class _LogChanges(beam.DoFn):
    def __init__(self, config: TruthConfig) -> None:
        self._config = config
        self._logged = metrics.counter("changes_logged")

    def start_bundle(self) -> None:
        self._held: list[Change] = []

    def process(self, change: Change) -> None:
        if change.logged and log.counts_something(change):
            self._held.append(change)
            if len(self._held) >= _MOST_HELD:
                self._write()

    def finish_bundle(self) -> None:
        self._write()

    def _write(self) -> None:
        held, self._held = self._held, []
        if held:
            log_writer.write_log(self._config, held)
            self._logged.inc(len(held))


class SweepLog(beam.PTransform):
    """PBegin -> PCollection of (table, row, reason) of sums that BigQuery refused, unbounded.

    Every ``seconds`` it looks for what was written to the change log, and adds it up. One is enough for a table;
    several, of several jobs, do no harm.
    """

    def __init__(
        self, config: TruthConfig, project: str, dataset: str, seconds: float = 1.0, bundle_seconds: float = 0.0
    ) -> None:
        """``bundle_seconds``: how long one bundle goes on sweeping, for runners on which each of them costs."""
        super().__init__()
        self._config = config
        self._destination = Destination(project, dataset, connect.storage_endpoint(), _RETRY_SECONDS)
        self._seconds = seconds
        self._bundle_seconds = bundle_seconds

    def expand(self, begin: PBegin) -> beam.PCollection[Refusal]:
        return (
            begin
            | "Sweeper" >> beam.Create([0], reshuffle=False).with_output_types(int)
            | "Sweep" >> beam.ParDo(_Sweep(self._config, self._destination, self._seconds, self._bundle_seconds))
        )


class _Tracker(OffsetRestrictionTracker):
    """Counts sweeps, without end. It can be stopped at any point, but not split."""

    def try_split(self, fraction_of_remainder: float) -> tuple[OffsetRange, OffsetRange] | None:
        return super().try_split(0) if fraction_of_remainder == 0 else None

    def is_bounded(self) -> bool:
        return False


class _Provider(RestrictionProvider):
    """Sweeps without end; a drain ends it: what is marked waits for the next job."""

    def initial_restriction(self, element: int) -> OffsetRange:
        return OffsetRange(0, _FOREVER)

    def create_tracker(self, restriction: OffsetRange) -> _Tracker:
        return _Tracker(restriction)

    def restriction_size(self, element: int, restriction: OffsetRange) -> int:
        return 1


@beam.typehints.with_input_types(int)
@beam.typehints.with_output_types(tuple[str, dict[str, Any], str])
class _Sweep(beam.DoFn):
    def __init__(self, config: TruthConfig, destination: Destination, seconds: float, bundle_seconds: float) -> None:
        self._config = config
        self._destination = destination
        self._seconds = seconds
        self._bundle_seconds = bundle_seconds
        self._slots = metrics.counter("count_slots")
        self._partials = metrics.counter("count_partials")
        self._packed = metrics.counter("count_rows_packed")

    def setup(self) -> None:
        self._sweeper = Sweeper(self._config, self._destination)
        self._pace = Pace(self._seconds)

    def teardown(self) -> None:
        if hasattr(self, "_sweeper"):  # a set-up that failed is torn down too
            self._sweeper.close()

    # A finaliser is asked for in every bundle: Prism ends a job of which one splittable DoFn has one and another none.
    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        _: int,
        finalizer: Any = beam.DoFn.BundleFinalizerParam,
        tracker: Any = beam.DoFn.RestrictionParam(_Provider()),  # noqa: B008
    ) -> Iterator[Refusal]:
        finalizer.register(_nothing)
        if not tracker.try_claim(tracker.current_restriction().start):
            return
        until = time.monotonic() + self._bundle_seconds
        while True:
            self._pace.wait()
            yield from self._sweep()
            if time.monotonic() >= until:
                break
        tracker.defer_remainder(Duration(seconds=self._seconds))

    def _sweep(self) -> list[Refusal]:
        sweeper = self._sweeper
        sweeper.sweep()
        for counter, name in ((self._slots, "slots"), (self._partials, "partials"), (self._packed, "packed")):
            counter.inc(getattr(sweeper, name))
            setattr(sweeper, name, 0)
        refused, sweeper.refused = sweeper.refused, []
        return refused


class DrainLog(beam.PTransform):
    """PCollection of one element -> PCollection of (table, row, reason) of sums that BigQuery refused.

    Once that element is there, everything that is marked in the change log is added up: for bounded jobs that write to
    the log, as no stream may be running to do so.
    """

    def __init__(self, config: TruthConfig, project: str, dataset: str) -> None:
        super().__init__()
        self._config = config
        self._destination = Destination(project, dataset, connect.storage_endpoint(), _RETRY_SECONDS)

    def expand(self, ready: beam.PCollection[Any]) -> beam.PCollection[Refusal]:
        return ready | "Drain" >> beam.ParDo(_Drain(self._config, self._destination))


@beam.typehints.with_output_types(tuple[str, dict[str, Any], str])
class _Drain(beam.DoFn):
    def __init__(self, config: TruthConfig, destination: Destination) -> None:
        self._config = config
        self._destination = destination
        self._slots = metrics.counter("count_slots")
        self._partials = metrics.counter("count_partials")

    def process(self, _: Any) -> Iterator[Refusal]:
        done = sweep.drain(self._config, self._destination)
        self._slots.inc(done["slots"])
        self._partials.inc(done["partials"])
        yield from done["refused"]


@contextlib.contextmanager
def sweeping(config: TruthConfig, project: str, dataset: str, seconds: float = 1.0) -> Iterator[None]:
    """Sweeps on a thread of this process until the block ends: for a runner that takes no ``SweepLog``.

    What a store refuses or cannot take is logged, and tried again.
    """
    stopped = threading.Event()
    destination = Destination(project, dataset, connect.storage_endpoint(), _RETRY_SECONDS)

    def sweep_on() -> None:
        sweeper = Sweeper(config, destination)
        while not stopped.wait(seconds):
            try:
                sweeper.sweep()
            except Exception:
                _LOG.exception("counts are not up to date; trying again")
        sweeper.close()

    thread = threading.Thread(target=sweep_on, name="sweep-log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(10)


def _nothing() -> None:
    return None
