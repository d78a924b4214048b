"""Extract: a PostgreSQL table -> the source of truth, the tables and the counts. Bounded.

    python -m pipelines.extract --postgres_dsn 'host=db dbname=fiscal user=reader' --postgres_table public.documents \\
        --postgres_xml_column xml --project P --bigtable_instance I --dataset D
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("extract"))

import itertools
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import command_line, launching, stores
from pipelines.ingest import IngestDocuments, Ingested
from pipelines.launch import Launch, LaunchError, launch_of, waits
from pipelines.options import IngestOptions
from pipelines.prose import note, tell
from pipelines.telling import Launched
from transforms.ingest.inputs import Inputs
from transforms.ingest.postgres.errors import PostgresError, snapshot_was_lost
from transforms.ingest.postgres.options import (
    PostgresOptions,
    cap_workers,
    exports_snapshot,
    source_of,
    worker_processes,
)
from transforms.ingest.postgres.preflight import preflight as check_table
from transforms.ingest.postgres.snapshot import hold_snapshot
from transforms.ingest.postgres.source import PostgresSource
from transforms.ingest.postgres.transform import ReadFromPostgres
from transforms.language import mark, say, tr

JOB = "extract"
ANOTHER_RUN = mark("this table was extracted to its end before, so this is another run: {run}.")


def build(
    pipeline: beam.Pipeline, options: PipelineOptions, launch: Launch, source: PostgresSource | None = None
) -> Ingested:
    """Adds the whole job to the pipeline and returns what it makes. ``source``: with the snapshot that is held for
    it."""
    read = ReadFromPostgres(source or described(options, launch.run))
    inputs: Inputs = pipeline | "ReadFromPostgres" >> read
    ingested: Ingested = inputs | "Ingest" >> IngestDocuments(stores.config_of(options, launch))
    return ingested


def described(options: PipelineOptions, run: str) -> PostgresSource:
    """The source that the options describe. Raises LaunchError."""
    try:
        return source_of(
            options,
            run=run,
            processes=worker_processes(options),
            max_input_bytes=options.view_as(IngestOptions).max_input_bytes,
        )
    except PostgresError as error:
        raise LaunchError(str(error)) from error


def identity_of(options: PipelineOptions) -> list[str]:
    """What makes two launches the same run: the table and the rows of it that are asked for."""
    given = options.view_as(PostgresOptions)
    return [
        given.postgres_origin_name or given.postgres_table,
        given.postgres_xml_column,
        given.postgres_where_file,
        given.updated_since,
    ]


def _under_its_own_run(options: PipelineOptions, launch: Launch) -> Launch:
    """The launch, with the next number after its run's name if earlier runs of the same table have completed.

    Whenever a run is started it writes sums over all its changes, and finds those by reading its input again. But a
    table is another input later: for a row that was updated or deleted meanwhile, the sums would lose the change made
    by its earlier content. A run that was interrupted has written no sums yet, and is resumed.
    """
    if options.view_as(IngestOptions).run:
        return launch
    ended = stores.runs_with_counts(options, launch.run)
    names = (launch.run if number == 1 else f"{launch.run}-{number}" for number in itertools.count(1))
    name = next(name for name in names if name not in ended)
    if name != launch.run:
        note(say(ANOTHER_RUN, run=name))
    return replace(launch, run=name)


def run(argv: Sequence[str] | None = None) -> Launched:
    """Launches the job; waits for its end unless it runs on Dataflow. Raises LaunchError before anything is read."""
    options = command_line.options_of(argv, PostgresOptions)
    if not waits(options) and not options.view_as(PostgresOptions).postgres_dsn:
        raise LaunchError(tr("which server? Give --postgres_dsn: the workers have no PGHOST of yours."))
    note(cap_workers(options))
    launch = launch_of(options, JOB, identity_of(options))
    source = described(options, launch.run)
    try:
        with ExitStack() as held:
            if exports_snapshot(options, launcher_waits=waits(options)):
                source = held.enter_context(hold_snapshot(source))
            for line in check_table(source).lines():
                tell(line, sys.stderr)
            stores.check(options)
            launch = _under_its_own_run(options, launch)
            pipeline = beam.Pipeline(options=options)
            build(pipeline, options, launch, source)
            return launching.launch(pipeline, launch)
    except PostgresError as error:
        raise LaunchError(str(error)) from error
    except Exception as error:
        if snapshot_was_lost(error):
            raise LaunchError(
                say(
                    "the snapshot of {table} was lost, so the ranges left could not be read as of it. Start the same "
                    "command again: it is the same run, and finds what it wrote already.",
                    table=source.table,
                )
            ) from error
        raise


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv)
