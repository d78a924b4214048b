"""Reparse: stored XML read again by this release's parser, and what differs written. Bounded.

    python -m pipelines.reparse --project P --bigtable_instance I --dataset D --dry_run
    python -m pipelines.reparse ... [--states SP,RJ --months 2503 | --keys K,...] [--layouts nfe] [--findings bad_date]
        [--older_than 2]

A record keeps its id and its XML. Where the parser makes something else of it than is stored, that is written as a
change with a revision, whose cause is named, and which keeps what the record said before; BigQuery gets a newer row of
the record, which views prefer, and counts move by the difference. It is a writer as any other: a stream, a backfill,
and other reparses may go on. Stop it at any moment and start it again: what was written and not handed on is handed on
then.

``--dry_run`` writes nothing and says, by field, what would change. What a parser reads no more stays as it was, with
the finding no_longer_read. Dead letters are redrive's.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("reparse"))

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import command_line, launching, stores
from pipelines.ingest import IngestConfig, keep_refused
from pipelines.launch import Launch, LaunchError, launch_of
from pipelines.selecting import SelectionOptions, selection_of
from pipelines.telling import Launched
from transforms.counting.live import DrainLog, LogChanges
from transforms.language import tr
from transforms.model import Applied, Change
from transforms.reparse.reading import Choice, ChoiceError
from transforms.reparse.transform import AdoptRecords, ReparseRecords
from transforms.truth import jobs
from transforms.truth.config import TruthConfig
from transforms.truth.reparse import Reparsed
from transforms.views.rows import TableRow, rows_of
from transforms.views.stored import rows_of_readings
from transforms.views.transform import Kept
from transforms.views.write import WriteRows, Written

JOB = "reparse"


class ReparseOptions(PipelineOptions):
    """Which records of the selected keys are read again."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--layouts", default="", help=tr("Only records of these layouts, such as nfe,cte."))
        parser.add_argument("--findings", default="", help=tr("Only records with one of these findings."))
        parser.add_argument(
            "--older_than",
            type=int,
            default=0,
            help=tr("Only records that were read last by a parser with a number below this; acervo lookup shows it."),
        )
        parser.add_argument(
            "--count_only",
            action="store_true",
            help=tr("Write nothing; count what would change, by field. On a command line --dry_run says the same."),
        )


def choice_of(options: PipelineOptions) -> Choice:
    """The records that the options choose. Raises LaunchError for what chooses nothing."""
    given = options.view_as(ReparseOptions)
    layouts, findings = (
        tuple(part.strip() for part in text.split(",") if part.strip()) for text in (given.layouts, given.findings)
    )
    try:
        return Choice(layouts, findings, given.older_than).check()
    except ChoiceError as error:
        raise LaunchError(str(error)) from error


def build(pipeline: beam.Pipeline, options: PipelineOptions, launch: Launch) -> None:
    """Adds the whole job to the pipeline."""
    config = stores.config_of(options, launch)
    dry_run = options.view_as(ReparseOptions).count_only
    read = pipeline | "ReparseRecords" >> ReparseRecords(
        config.truth, selection_of(options), choice_of(options), launch.run, launch.job, dry_run
    )
    if not dry_run:
        selection = selection_of(options)
        _hand_on(read.reparsed, read.found, config, selection.everything)


def _hand_on(
    reparsed: beam.PCollection[Reparsed], found: beam.PCollection[Any], config: IngestConfig, everything: bool
) -> None:
    """Writes rows and counts of what was changed; when all is done, notes that this launch is complete."""
    truth, launch = config.truth, config.launch
    adopted = found | "AdoptRecords" >> AdoptRecords(truth, launch.run, launch.job)
    rows = [
        reparsed | "RowsOfReadings" >> beam.FlatMap(_rows).with_output_types(TableRow),
        adopted | "RowsOfAdopted" >> beam.FlatMap(rows_of).with_output_types(TableRow),
    ]
    changes = [
        reparsed | "ChangesOfReadings" >> beam.FlatMap(_changes).with_output_types(Change),
        adopted | "ChangesOfAdopted" >> beam.FlatMap(_change).with_output_types(Change),
    ]
    written: list[Written] = [
        one | f"Write{name}" >> WriteRows(config.project, config.dataset, in_time=True)
        for one, name in zip(rows, ("Readings", "Adopted"), strict=True)
    ]
    logged = [
        one | f"Log{name}" >> LogChanges(truth) for one, name in zip(changes, ("Readings", "Adopted"), strict=True)
    ]
    drained = _once("AllLogged", logged) | "DrainLog" >> DrainLog(truth, config.project, config.dataset)
    kept: Kept = (
        (*(one.refused for one in written), drained)
        | "AllRefused" >> beam.Flatten()
        | "KeepRefused" >> keep_refused(config)
    )
    served = _once("AllServed", [*(one.written for one in written), kept.written])
    last = (
        reparsed
        | "OtherJobs" >> beam.FlatMap(_other_jobs, launch.job).with_output_types(tuple[str, int])
        | "LastOfEach" >> beam.CombinePerKey(max)
    )
    _ = served | "Finish" >> beam.Map(_finish, truth, launch, everything, beam.pvalue.AsList(last))


def _rows(reparsed: Reparsed) -> Iterator[TableRow]:
    if reparsed.history is not None:
        yield from rows_of_readings(reparsed.history, reparsed.revisions, reparsed.at)


def _changes(reparsed: Reparsed) -> Iterator[Change]:
    if reparsed.history is not None:
        yield from (change for change in reparsed.history.changes if change.revision in reparsed.revisions)


def _change(applied: Applied) -> Iterator[Change]:
    if applied.change is not None:
        yield applied.change


def _once(name: str, before: Sequence[beam.PCollection[Any]]) -> beam.PCollection[int]:
    """One element, once everything before it is there."""
    return (
        tuple(pcoll | f"{name}{number}" >> beam.Map(_one) for number, pcoll in enumerate(before))
        | f"{name}Together" >> beam.Flatten()
        | name >> beam.CombineGlobally(sum)
    )


def _one(_: Any) -> int:
    return 1


def _other_jobs(reparsed: Reparsed, job: str) -> Iterator[tuple[str, int]]:
    """Other launches whose changes were handed on, and when they were made."""
    if reparsed.history is not None:
        for change in reparsed.history.changes:
            if change.revision in reparsed.revisions and change.job != job:
                yield change.job, change.applied_at


def _finish(_: int, truth: TruthConfig, launch: Launch, everything: bool, last: Sequence[tuple[str, int]]) -> None:
    """This launch is complete, and those that wrote nothing any more when it began: it handed on all of theirs, if it
    read everything."""
    jobs.finish(truth, launch.job)
    for job, applied_at in last:
        if everything and applied_at < launch.started_at:
            jobs.finish(truth, job)


def run(argv: Sequence[str] | None = None) -> Launched:
    """Launches the job; waits for its end unless it runs on Dataflow. Raises LaunchError before anything is read."""
    options = command_line.options_of(_own_dry_run(argv), SelectionOptions, ReparseOptions)
    selection_of(options)
    choice_of(options)
    stores.check(options)
    # Its changes are counted by the log, and handed on by launch: all reparses may share a name.
    launch = replace(launch_of(options, JOB, []), run=JOB)
    pipeline = beam.Pipeline(options=options)
    build(pipeline, options, launch)
    return launching.launch(pipeline, launch)


def _own_dry_run(argv: Sequence[str] | None) -> list[str]:
    """``--dry_run`` is an option of Beam's, by which a job is not submitted: here it means to look and not to write."""
    given = sys.argv[1:] if argv is None else argv
    return ["--count_only" if argument == "--dry_run" else argument for argument in given]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv)
