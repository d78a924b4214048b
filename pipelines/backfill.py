"""Backfill: files and archives -> the source of truth, the tables and the counts. Bounded.

python -m pipelines.backfill --input 'gs://bucket/2025/*.zip' --project P --bigtable_instance I --dataset D
"""

from __future__ import annotations

from pipelines import command
from pipelines.prose import note

if __name__ == "__main__":
    raise SystemExit(command.start("backfill"))

import argparse
import logging
import sys
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import command_line, cores, launching, processes, sizing, spreading, stores
from pipelines.ingest import IngestDocuments, Ingested
from pipelines.launch import Launch, LaunchError, launch_of, waits
from pipelines.options import IngestOptions
from pipelines.telling import Launched
from transforms.ingest.files import split_patterns
from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import Limits
from transforms.ingest.listing import check_patterns
from transforms.ingest.transform import ReadDocuments
from transforms.language import tr

JOB = "backfill"
_LOG = logging.getLogger(__name__)


class BackfillOptions(PipelineOptions):
    """What a backfill reads."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--input",
            help=tr(
                "Files, folders or globs to read, separated by commas; local, gs:// or s3://. Folders are read with "
                "all that is below them."
            ),
        )
        parser.add_argument(
            "--spread",
            choices=(spreading.AUTO, spreading.ALWAYS, spreading.NEVER),
            default=spreading.AUTO,
            help=tr(
                "Whether documents of large archives that one thread must read, such as tar.gz, go through a "
                "shuffle, so that all workers share the rest. By default where there are fewer such archives than "
                "vCPUs."
            ),
        )


def build(pipeline: beam.Pipeline, options: PipelineOptions, launch: Launch) -> Ingested:
    """Adds the whole job to the pipeline and returns what it makes, for tests."""
    limits = Limits(max_entry_bytes=options.view_as(IngestOptions).max_input_bytes)
    spread = options.view_as(BackfillOptions).spread == spreading.ALWAYS
    inputs: Inputs = pipeline | "ReadDocuments" >> ReadDocuments(patterns_of(options), limits, spread)
    ingested: Ingested = inputs | "Ingest" >> IngestDocuments(stores.config_of(options, launch))
    return ingested


def patterns_of(options: PipelineOptions) -> list[str]:
    """The patterns of ``--input``."""
    return split_patterns(options.view_as(BackfillOptions).input or "")


def preflight(options: PipelineOptions) -> None:
    """Raises an AcervoError for what would make the job fail later; settles ``--spread``."""
    patterns = patterns_of(options)
    if not patterns:
        raise LaunchError(tr("nothing to read: give --input, a file, folder, glob, gs:// or s3:// pattern."))
    check_patterns(patterns)
    _settle_spread(options)
    stores.check(options)


def _settle_spread(options: PipelineOptions) -> None:
    """``--spread=auto`` becomes what suits the input."""
    own = options.view_as(BackfillOptions)
    if own.spread == spreading.ALWAYS and spreading.shuffles_in_memory(options):
        raise LaunchError(
            tr(
                "--spread=always: this runner shuffles in memory, and would hold every document of an archive at once. "
                "Leave the option away, or name a runner that does not, such as --runner=DataflowRunner."
            )
        )
    decision = spreading.decide(own.spread, options, own.input or "")
    own.spread = spreading.ALWAYS if decision.spread else spreading.NEVER
    if decision.spread:
        note(decision.why)


def run(argv: Sequence[str] | None = None, total: int | None = None) -> Launched:
    """Launches the job; waits for its end unless it runs on Dataflow. Raises AcervoError before anything is read.

    ``total``: the number of inputs, if the caller knows it.
    """
    options = command_line.options_of(argv, BackfillOptions)
    preflight(options)
    launch = launch_of(options, JOB, patterns_of(options))
    if launch.run in stores.runs_with_counts(options, launch.run):
        _LOG.warning(
            "run %s went to its end before and is run again: its counts will be those of the files that are there now. "
            "Where files were removed since, give this one a name of its own with --run.",
            launch.run,
        )
    given = sys.argv[1:] if argv is None else argv
    workers, total = _sized(given, options, total)
    pipeline = processes.pipeline(options, workers)
    build(pipeline, options, launch)
    return launching.launch(pipeline, launch, total)


def _sized(argv: Sequence[str], options: PipelineOptions, total: int | None) -> tuple[int, int | None]:
    """Processes for the job, and its inputs: ``total``, or counted where they can be. It lists files once."""
    files = sizing.Listed(options.view_as(BackfillOptions).input)
    workers = cores.processes(argv, options, files)
    return workers, sizing.inputs_in(files) if total is None and waits(options) else total


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv)
