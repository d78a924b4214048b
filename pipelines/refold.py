"""Refold: states computed again from the records of their keys, and corrected where they differ. Bounded.

    python -m pipelines.refold --project P --bigtable_instance I [--keys K,... | --states SP --months 2503]

Mends what reconcile calls ``state_is_not_fold`` or ``broken_changes``, and brings stored states up to date when rules
of the fold have changed. Where changes were rewritten, it says that a rebuild has to follow: BigQuery and the counts
still have the old ones. No other job should write to the keys that are mended: a record that comes at the same moment
may begin its change where the old one ended, which another refold mends.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("refold"))

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.utils.windowed_value import WindowedValue

from pipelines import command_line, launching, stores
from pipelines.launch import launch_of
from pipelines.selecting import SelectionOptions, selection_of
from pipelines.telling import Launched
from transforms import metrics
from transforms.truth import admin, row_keys
from transforms.truth.config import TruthConfig
from transforms.truth.read import History
from transforms.truth.refold import Refolded, has_all_changes, refold, refold_of
from transforms.truth.scan import ReadHistories
from transforms.truth.transform import WriterDoFn
from transforms.truth.writer import Done

JOB = "refold"
_ROW_BYTES = 100_000


def build(pipeline: beam.Pipeline, options: PipelineOptions) -> beam.PCollection[Refolded]:
    """Adds the whole job to the pipeline and returns what it mended."""
    truth = stores.truth_of(options)
    return (
        pipeline
        | "ReadHistories" >> ReadHistories(truth, selection_of(options))
        | "Differing" >> beam.ParDo(_Differing())
        | "Refold" >> beam.ParDo(_Refold(truth))
    )


@beam.typehints.with_input_types(History)
@beam.typehints.with_output_types(History)
class _Differing(beam.DoFn):
    def __init__(self) -> None:
        self._incomplete = metrics.counter("histories_incomplete")

    def process(self, history: History) -> Iterator[History]:
        if not has_all_changes(history):
            self._incomplete.inc()
        elif refold_of(history).needed:
            yield history


@beam.typehints.with_input_types(History)
@beam.typehints.with_output_types(Refolded)
class _Refold(WriterDoFn):
    def __init__(self, config: TruthConfig) -> None:
        super().__init__(config)
        self._states = metrics.counter("states_refolded")
        self._changes = metrics.counter("changes_refolded")

    def process(self, history: History, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[Any]:
        codec, key = self._writer.codec, history.key
        self._bundle.add(
            self._config.records_table, row_keys.row_key(key), _ROW_BYTES, place, lambda: refold(codec, key)
        )
        return self._ready()

    def _emit(self, done: Done) -> Any:
        self._states.inc(int(done.completed.result.state))
        self._changes.inc(done.completed.result.changes)
        return super()._emit(done)


def run(argv: Sequence[str] | None = None) -> Launched:
    """Launches the job; waits for its end unless it runs on Dataflow. Raises AcervoError before anything is read."""
    options = command_line.options_of(argv, SelectionOptions)
    launch = launch_of(options, JOB, [repr(selection_of(options))])
    admin.preflight(stores.truth_of(options))
    pipeline = beam.Pipeline(options=options)
    build(pipeline, options)
    return launching.launch(pipeline, launch)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv)
