"""Rebuild: BigQuery's tables and all counts made right from the source of truth alone. Bounded.

    python -m pipelines.rebuild --project P --bigtable_instance I --dataset D
    python -m pipelines.rebuild ... --states SP,RJ --months 2503        (missing rows of a part, added)

What the tables must hold is read into a dataset beside the served one; then each table is changed by what differs:
rows that the source of truth does not have are removed, missing ones added. No table is replaced and nothing that is
appended meanwhile is touched, so other jobs may go on, streams too. Counts are made from a second reading, so that a
bounded job which ends meanwhile is counted; what a stream counts has the same names and versions as what is made here.
The change log is made again as well, as far as it is kept.

A rebuild of a part adds rows that are missing. It takes none away and makes no counts, which are sums over everything.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("rebuild"))

import argparse
import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from pipelines import command_line, launching, stores
from pipelines.launch import Launch, launch_of
from pipelines.options import StoreOptions
from pipelines.selecting import SelectionOptions, selection_of
from pipelines.telling import Launched
from transforms import metrics
from transforms.counting.cells import COUNT_TABLES
from transforms.counting.recount import CountAgain, LogAgain
from transforms.counting.replace import ReplaceCounts
from transforms.language import tr
from transforms.model import CLOCKS, Change
from transforms.truth import admin
from transforms.truth.config import TruthConfig
from transforms.truth.read import History
from transforms.truth.scan import ReadDeadLetters, ReadHistories
from transforms.truth.selection import Selection
from transforms.views import catalog, closing, merge, repair, schema
from transforms.views.rows import TableRow, row_of_count, rows_of_dead_letter
from transforms.views.stored import rows_of_history, rows_of_stored_dead_letter
from transforms.views.transform import KeepRefused, Kept
from transforms.views.write import WriteRows, Written

JOB = "rebuild"
# Clocks of workers may differ: a run that wrote this long (micros) before the start counts as active too.
_CLOCKS = 600_000_000


class RebuildOptions(PipelineOptions):
    """How a rebuild lives with other jobs."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--alone",
            action="store_true",
            help=tr("No other job writes meanwhile: do not read the source of truth a second time for the counts."),
        )


def build(pipeline: beam.Pipeline, options: PipelineOptions, launch: Launch) -> None:
    """Adds the whole job to the pipeline; the build's dataset must be there (``prepare``)."""
    selection = selection_of(options)
    rebuild = _Rebuild(options, launch)
    if selection.everything:
        rebuild.everything(pipeline)
    else:
        rebuild.part(pipeline, selection)


def build_name(dataset: str, launch: Launch) -> str:
    """Dataset in which a launch makes what the tables must hold."""
    return f"{dataset}__{re.sub('[^0-9A-Za-z]+', '_', launch.job)}"


class _Counted(NamedTuple):
    """What counts are made of: all histories, and the runs that wrote since the start."""

    histories: beam.PCollection[History]
    active: beam.PCollection[str]


class _Rebuild:
    """The steps of one launch."""

    def __init__(self, options: PipelineOptions, launch: Launch) -> None:
        rebuild = options.view_as(RebuildOptions)
        self._truth: TruthConfig = stores.truth_of(options)
        self._project = options.view_as(GoogleCloudOptions).project
        self._dataset = options.view_as(StoreOptions).dataset
        self._launch = launch
        self._build = build_name(self._dataset, launch)
        self._alone = rebuild.alone
        # What was applied before this is in its row by now, and read.
        self._settled = launch.started_at - _CLOCKS

    def part(self, pipeline: beam.Pipeline, selection: Selection) -> None:
        """Adds missing rows of a selection. Without a note of what was served before, nothing can be found wrong."""
        histories = pipeline | "ReadHistories" >> ReadHistories(self._truth, selection)
        repaired = self._repair("Repair", [self._records(histories)], repair.ROWS, noted=False)
        self._drop([repaired])

    def everything(self, pipeline: beam.Pipeline) -> None:
        """Tables of rows, then counts and the change log."""
        start = pipeline | "Start" >> beam.Create([1])
        seen = start | "Remember" >> beam.Map(_do, partial(repair.remember, self._project, self._dataset, self._build))
        histories = seen | "ReadHistories" >> ReadHistories(self._truth)
        letters = (
            seen
            | "ReadDeadLetters" >> ReadDeadLetters(self._truth)
            | "RowsOfDeadLetters" >> beam.FlatMap(rows_of_stored_dead_letter).with_output_types(TableRow)
        )
        written = [self._records(histories), self._write("DeadLetters", letters)]
        repaired = self._repair("Repair", written, repair.ROWS)
        counted = self._count_once(pipeline, histories) if self._alone else self._read_again(repaired)
        changes = counted.histories | "Changes" >> beam.FlatMap(_changes).with_output_types(Change)
        logged = changes | "LogAgain" >> LogAgain(self._truth, self._launch.started_at)
        counts = changes | "Count" >> CountAgain()
        rows = counts | "RowsOfCounts" >> beam.Map(row_of_count).with_output_types(TableRow)
        served = self._repair("RepairCounts", [repaired, self._write("Counts", rows)], [schema.COUNTS])
        replaced = counts | "ReplaceCounts" >> ReplaceCounts(self._truth, repaired, counted.active, self._settled)
        self._drop([served, replaced, logged])

    def _count_once(self, pipeline: beam.Pipeline, histories: beam.PCollection[History]) -> _Counted:
        return _Counted(histories, pipeline | "NoActiveRuns" >> beam.Create([], reshuffle=False))

    def _read_again(self, repaired: beam.PCollection[Any]) -> _Counted:
        """Reads again: a bounded job that ended meanwhile has all its changes stored now, and is among the active
        ones."""
        histories = repaired | "ReadAgain" >> ReadHistories(self._truth)
        runs = histories | "RunsSinceTheStart" >> beam.FlatMap(_runs_since, self._settled).with_output_types(str)
        return _Counted(histories, runs | "ActiveRuns" >> beam.Distinct())

    def _records(self, histories: beam.PCollection[History]) -> beam.PCollection[Any]:
        rows = beam.FlatMap(rows_of_history, self._launch.started_at).with_output_types(TableRow)
        return self._write("Records", histories | "RowsOfRecords" >> rows)

    def _repair(
        self, name: str, before: Sequence[beam.PCollection[Any]], tables: Sequence[str], noted: bool = True
    ) -> beam.PCollection[Any]:
        places = (self._project, self._dataset, self._build)
        return self._then(name, before, partial(_repair, *places, tables, self._launch.started_at, noted))

    def _drop(self, before: Sequence[beam.PCollection[Any]]) -> None:
        self._then("DropBuild", before, partial(repair.drop_build, self._project, self._build))

    def _write(self, name: str, rows: beam.PCollection[TableRow]) -> beam.PCollection[Any]:
        """Writes rows into the build; one that BigQuery refuses becomes a dead letter, as when it first came."""
        written: Written = rows | f"Write{name}" >> WriteRows(self._project, self._build)
        launch = self._launch
        letters = beam.FlatMap(rows_of_dead_letter, launch.run, launch.job, launch.started_at)
        keep = KeepRefused(
            self._truth, launch.run, launch.job, self._project, self._build, letters.with_output_types(TableRow)
        )
        kept: Kept = written.refused | f"KeepRefused{name}" >> keep
        return (written.written, kept.written) | f"Written{name}" >> beam.Flatten()

    def _then(self, name: str, before: Sequence[beam.PCollection[Any]], do: Any) -> beam.PCollection[Any]:
        """One element, made by a call that happens once everything before it is done."""
        return (
            tuple(pcoll | f"{name}After{number}" >> beam.Map(_one) for number, pcoll in enumerate(before))
            | f"{name}AfterAll" >> beam.Flatten()
            | f"{name}Once" >> beam.CombineGlobally(sum)
            | name >> beam.Map(_do, do)
        )


def _changes(history: History) -> Iterable[Change]:
    return history.changes


def _one(_: Any) -> int:
    return 1


def _do(_: int, do: Any) -> None:
    do()


def _repair(project: str, dataset: str, build: str, tables: Sequence[str], until: int, noted: bool) -> None:
    counts = schema.COUNTS in tables
    if counts:
        closing.open_again(project, dataset)  # partial sums alone are made right
    for name, found in repair.repair(project, dataset, build, tables, until, noted).items():
        metrics.counter("rows_removed_<table>", name).inc(found.removed)
        metrics.counter("rows_added_<table>", name).inc(found.added)
    if counts:
        closing.begin_again(project, dataset)  # sums that were made meanwhile are of what was
    if schema.CHANGES in tables and noted:
        merge.begin_again(project, dataset)  # states may be of changes that were taken away
    elif schema.CHANGES in tables:
        merge.reach_back(project, dataset, until - CLOCKS)


def _runs_since(history: History, since: int) -> set[str]:
    return {change.run for change in history.changes if change.applied_at >= since}


def prepare(options: PipelineOptions, launch: Launch) -> None:
    """Checks the stores and makes what the job writes to, the dataset too. Raises AcervoError."""
    project, dataset = options.view_as(GoogleCloudOptions).project, options.view_as(StoreOptions).dataset
    selection_of(options)
    admin.preflight(stores.truth_of(options), COUNT_TABLES)
    catalog.migrate(project, dataset)
    repair.create_build(project, dataset, build_name(dataset, launch))


def run(argv: Sequence[str] | None = None) -> Launched:
    """Launches the job; waits for its end unless it runs on Dataflow. Raises LaunchError before anything is written."""
    options = command_line.options_of(argv, SelectionOptions, RebuildOptions)
    launch = launch_of(options, JOB, [repr(selection_of(options))])
    prepare(options, launch)
    pipeline = beam.Pipeline(options=options)
    build(pipeline, options, launch)
    return launching.launch(pipeline, launch)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv)
