"""Rebuild: BigQuery's tables and all counts made anew from the source of truth alone. Bounded.

    python -m pipelines.rebuild --project P --bigtable_instance I --dataset D
    python -m pipelines.rebuild ... --states SP,RJ --months 2503        (missing rows of a part, added)

A whole rebuild fills fresh tables and puts them in the place of the old ones at the end; then it reads the source of
truth once more for what came meanwhile, so other jobs may go on, streams too: what they count has the same names and
versions as what is made here. The change log is made again as well, as far as it is kept.

A rebuild of a part only adds rows to the tables that are there, which views that keep one row per id allow. It cannot
take rows away and makes no counts, which are sums over everything.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.runners.runner import PipelineResult

from pipelines import launching
from pipelines.options import Launch, StoreOptions, launch_of
from transforms.counting.again import SECOND_COUNT, CountAgain, LogAgain, ReplaceCounts
from transforms.counting.cells import COUNT_TABLES
from transforms.model import Change, DeadLetter
from transforms.truth import admin
from transforms.truth.config import TruthConfig
from transforms.truth.errors import TruthError
from transforms.truth.read import History
from transforms.truth.scan import ReadDeadLetters, ReadHistories
from transforms.truth.selection import Selection
from transforms.truth.transform import StoreDeadLetters
from transforms.views import catalog, swap
from transforms.views.refused import dead_letter_of
from transforms.views.rows import TableRow, row_of_count, rows_of_dead_letter
from transforms.views.stored import rows_of_history, rows_of_stored_dead_letter
from transforms.views.write import WriteRows

JOB = "rebuild"
# Clocks of workers may differ: what came this long (micros) before the start is read once more too.
_CLOCKS = 600_000_000


class SelectionOptions(PipelineOptions):
    """Which keys a job over the source of truth takes."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--states", default="", help="Only keys of these states, such as SP,RJ.")
        parser.add_argument("--months", default="", help="Only keys of these months, as in the key: 2503,2504.")
        parser.add_argument("--issuers", default="", help="Only keys of these issuers: CNPJ or CPF, by commas.")
        parser.add_argument("--keys", default="", help="Only these access keys, by commas, or @FILE with one a line.")


class RebuildOptions(PipelineOptions):
    """How a rebuild lives with other jobs."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--alone",
            action="store_true",
            help="No other job writes meanwhile: do not read the source of truth a second time at the end.",
        )


def selection_of(options: PipelineOptions) -> Selection:
    """The keys that the options select. Raises LaunchError for what selects nothing."""
    given = options.view_as(SelectionOptions)
    texts = {name: getattr(given, name) for name in ("states", "months", "issuers", "keys")}
    try:
        parts = {name: _lines(text[1:]) if text.startswith("@") else _parts(text) for name, text in texts.items()}
        for name, text in texts.items():
            if text and not parts[name]:  # which would be taken for: everything
                raise ValueError(f"--{name} {text} selects nothing")
        return Selection(**parts)
    except (OSError, ValueError) as error:
        raise launching.LaunchError(str(error)) from error


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _lines(path: str) -> tuple[str, ...]:
    with open(path, encoding="utf-8") as file:
        return tuple(line.strip() for line in file if line.strip())


def build(pipeline: beam.Pipeline, options: PipelineOptions, launch: Launch) -> None:
    """Adds the whole job to the pipeline; the build's dataset must be there (``prepare``)."""
    selection = selection_of(options)
    rebuild = _Rebuild(options, launch)
    if selection.everything:
        rebuild.everything(pipeline)
    else:
        rebuild.part(pipeline, selection)


def build_name(dataset: str, launch: Launch) -> str:
    """Dataset in which a launch makes the fresh tables."""
    return f"{dataset}__{re.sub('[^0-9A-Za-z]+', '_', launch.job)}"


class _Late(NamedTuple):
    """What the second reading made: rows written, counts of everything, runs that wrote since the start."""

    written: list[beam.PCollection[Any]]
    counts: beam.PCollection[dict[str, Any]]
    runs: beam.PCollection[str]


class _Rebuild:
    """The steps of one launch."""

    def __init__(self, options: PipelineOptions, launch: Launch) -> None:
        rebuild = options.view_as(RebuildOptions)
        self._truth: TruthConfig = launching.truth_of(options)
        self._project = options.view_as(GoogleCloudOptions).project
        self._dataset = options.view_as(StoreOptions).dataset
        self._launch = launch
        self._build = build_name(self._dataset, launch)
        self._alone = rebuild.alone
        # What was applied before this is in its row by now, and read.
        self._settled = launch.started_at - _CLOCKS

    def part(self, pipeline: beam.Pipeline, selection: Selection) -> None:
        """Adds the rows of a selection to the tables."""
        rows = (
            pipeline
            | "ReadHistories" >> ReadHistories(self._truth, selection)
            | "Rows" >> beam.FlatMap(rows_of_history).with_output_types(TableRow)
        )
        self._write("Rows", rows, self._dataset)

    def everything(self, pipeline: beam.Pipeline) -> None:
        """Fresh tables, swapped in, and what came meanwhile."""
        histories = pipeline | "ReadHistories" >> ReadHistories(self._truth)
        letters = pipeline | "ReadDeadLetters" >> ReadDeadLetters(self._truth)
        changes = histories | "Changes" >> beam.FlatMap(_changes).with_output_types(Change)
        counts = changes | "Count" >> CountAgain()
        logged = changes | "LogAgain" >> LogAgain(self._truth, self._launch.started_at)
        rows_of_counts = counts | "RowsOfCounts" >> beam.Map(row_of_count).with_output_types(TableRow)
        written = [
            *self._serve("", histories, letters, self._build),
            self._write("Counts", rows_of_counts, self._build),
            logged,
        ]
        swapped = self._then("Swap", written, partial(swap.swap, self._project, self._dataset, self._build))
        late: list[beam.PCollection[Any]] = []
        active = pipeline | "NoActiveRuns" >> beam.Create([], reshuffle=False)
        if not self._alone:
            late, counts, active = self._late(swapped)
        replaced = counts | "ReplaceCounts" >> ReplaceCounts(self._truth, swapped, active, self._settled)
        self._then("DropBuild", [replaced, *late], partial(swap.drop_build, self._project, self._build))

    def _late(self, swapped: beam.PCollection[Any]) -> _Late:
        """Everything read once more: what was applied since the start is added to the tables that are served now.

        All is counted again: a bounded job that ended meanwhile has its counts in the tables that are gone.
        """
        since = self._settled
        histories = swapped | "ReadLate" >> ReadHistories(self._truth)
        new = histories | "SinceTheStart" >> beam.Filter(_came_since, since).with_output_types(History)
        letters = swapped | "ReadLateLetters" >> ReadDeadLetters(self._truth)
        changes = histories | "LateChanges" >> beam.FlatMap(_changes).with_output_types(Change)
        counts = changes | "CountAgain" >> CountAgain(SECOND_COUNT)
        rows_of_counts = counts | "RowsOfLateCounts" >> beam.Map(row_of_count).with_output_types(TableRow)
        written = [
            *self._serve("Late", new, letters, self._dataset),
            self._write("LateCounts", rows_of_counts, self._dataset),
        ]
        runs = new | "RunsSinceTheStart" >> beam.FlatMap(_runs_since, since).with_output_types(str)
        return _Late(written, counts, runs | "ActiveRuns" >> beam.Distinct())

    def _serve(
        self,
        name: str,
        histories: beam.PCollection[History],
        letters: beam.PCollection[Any],
        dataset: str,
    ) -> list[beam.PCollection[Any]]:
        sources = {
            f"{name}Records": (histories, beam.FlatMap(rows_of_history)),
            f"{name}DeadLetters": (letters, beam.FlatMap(rows_of_stored_dead_letter)),
        }
        return [
            self._write(label, source | f"RowsOf{label}" >> make.with_output_types(TableRow), dataset)
            for label, (source, make) in sources.items()
        ]

    def _write(self, name: str, rows: beam.PCollection[TableRow], dataset: str) -> beam.PCollection[Any]:
        """Appends rows; one that BigQuery refuses becomes a dead letter, as it did when it came."""
        written = rows | f"Write{name}" >> WriteRows(self._project, dataset)
        launch = self._launch
        refused = (
            written[WriteRows.REFUSED]
            | f"DeadLettersOf{name}" >> beam.Map(dead_letter_of).with_output_types(DeadLetter)
            | f"StoreRefused{name}" >> StoreDeadLetters(self._truth, launch.run, launch.job)
            | f"RowsOfRefused{name}"
            >> beam.FlatMap(rows_of_dead_letter, launch.run, launch.job, launch.started_at).with_output_types(TableRow)
            | f"WriteRefused{name}" >> WriteRows(self._project, dataset)
        )
        _ = refused[WriteRows.REFUSED] | f"NothingLeftOf{name}" >> beam.Map(_cannot_be_refused)
        both = (written[WriteRows.WRITTEN], refused[WriteRows.WRITTEN])
        return both | f"Written{name}" >> beam.Flatten()

    def _then(self, name: str, before: Sequence[beam.PCollection[Any]], do: Any) -> beam.PCollection[Any]:
        """Does something once all that is before it is there; one element."""
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


def _came_since(history: History, since: int) -> bool:
    return any(arrival.applied_at >= since for record in history.records for arrival in record.arrivals)


def _runs_since(history: History, since: int) -> set[str]:
    return {change.run for change in history.changes if change.applied_at >= since}


def _cannot_be_refused(refusal: tuple[str, dict[str, Any], str]) -> None:
    table, _, reason = refusal
    raise RuntimeError(f"BigQuery refused the row that reports a refused row (table {table}): {reason}")


def prepare(options: PipelineOptions, launch: Launch) -> None:
    """Checks the stores and makes what the job writes to, the dataset too. Raises LaunchError."""
    project, dataset = options.view_as(GoogleCloudOptions).project, options.view_as(StoreOptions).dataset
    whole = selection_of(options).everything
    try:
        admin.preflight(launching.truth_of(options), COUNT_TABLES)
        catalog.migrate(project, dataset)
        if whole:
            swap.create_build(project, dataset, build_name(dataset, launch))
    except (TruthError, catalog.CatalogError) as error:
        raise launching.LaunchError(str(error)) from error


def run(argv: Sequence[str] | None = None) -> PipelineResult:
    """Launches the job; waits for its end unless it runs on Dataflow. Raises LaunchError before anything is written."""
    options = launching.options_of(argv, SelectionOptions, RebuildOptions)
    launch = launch_of(options, JOB, [repr(selection_of(options))])
    prepare(options, launch)
    pipeline = beam.Pipeline(options=options)
    build(pipeline, options, launch)
    return launching.launch(pipeline)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv)


if __name__ == "__main__":
    raise SystemExit(main())
