"""What every job does around its pipeline: reading options, checking the stores, launching, telling people."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
)
from apache_beam.runners.runner import PipelineResult
from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from local.stack import discover
from pipelines.ingest import IngestConfig
from pipelines.options import IngestOptions, Launch, StoreOptions
from transforms.counting.cells import COUNT_TABLES
from transforms.truth import admin
from transforms.truth.config import TruthConfig
from transforms.truth.errors import TruthError
from transforms.views import catalog
from transforms.views.connect import rest_client


class LaunchError(Exception):
    """A job that cannot start; the message says what is wrong and what to do."""


def options_of(argv: Sequence[str] | None, *families: type[PipelineOptions]) -> PipelineOptions:
    """Options from a command line. Raises LaunchError for a flag that nobody knows: it is a slip of the pen."""
    given = list(argv if argv is not None else sys.argv[1:])
    if {"-h", "--help"} & set(given):
        _help((*families, StoreOptions, IngestOptions))
    with _wrong_values_told():
        options = PipelineOptions(given)
        _refuse_unknown(options)
    google = options.view_as(GoogleCloudOptions)
    if waits(options):
        _find_local_stack(google)
    if not google.project:
        raise LaunchError("no project: give --project, or start the local stack with: make stack")
    # What the workers import is the installed package: nothing of __main__ needs to travel.
    options.view_as(SetupOptions).save_main_session = False
    return options


def _find_local_stack(google: GoogleCloudOptions) -> None:
    """Makes a job that runs here one of the local stack, where that is up and no other project is given."""
    if not discover.adopt(google.project):
        return
    google.project = google.project or os.environ["GOOGLE_CLOUD_PROJECT"]
    silent = discover.silent()
    if silent:
        raise LaunchError(silent)


@contextlib.contextmanager
def _wrong_values_told() -> Iterator[None]:
    """A value of the wrong type as LaunchError; argparse would print a hundred lines of usage before it."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            yield
    except SystemExit as stop:
        if not stop.code:
            raise  # --help
        raise LaunchError(said.getvalue().strip().rpartition("error: ")[2]) from None


def _help(families: Iterable[type[PipelineOptions]]) -> None:
    """Prints the job's options and ends the process; Beam's own help would show none of them."""
    parser = argparse.ArgumentParser(
        prog=f"python -m pipelines.{Path(sys.argv[0]).stem}",
        usage="%(prog)s --project PROJECT [options of the job] [options of Beam and its runner]",
        description=sys.modules["__main__"].__doc__,
        epilog="Options of Beam, such as --runner, --region and --temp_location: "
        "https://cloud.google.com/dataflow/docs/reference/pipeline-options",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for family in families:
        family._add_argparse_args(parser.add_argument_group((family.__doc__ or "").partition(".")[0]))
    parser.parse_args(["--help"])


def _refuse_unknown(options: PipelineOptions) -> None:
    known: set[str] = set()
    unknown = []
    for name in options.get_all_options(retain_unknown_options=False):
        known.add(f"--{name}")
    for name in options.get_all_options(retain_unknown_options=True):
        if f"--{name}" not in known:
            unknown.append(f"--{name}")
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, 1)
        hint = f" Did you mean {near[0]}?" if near else " See --help."
        raise LaunchError(f"unknown option {', '.join(unknown)}.{hint}")


def truth_of(options: PipelineOptions) -> TruthConfig:
    """Where the source of truth is."""
    store = options.view_as(StoreOptions)
    return TruthConfig(
        project=options.view_as(GoogleCloudOptions).project,
        instance=store.bigtable_instance,
        table=store.bigtable_table,
        app_profile=store.bigtable_app_profile,
        max_in_flight=options.view_as(IngestOptions).max_in_flight,
    )


def config_of(options: PipelineOptions, launch: Launch, live: bool = False) -> IngestConfig:
    """The composite's configuration; ``live``: a stream's, counted by way of the change log."""
    ingest = options.view_as(IngestOptions)
    return IngestConfig(
        launch=launch,
        truth=truth_of(options),
        project=options.view_as(GoogleCloudOptions).project,
        dataset=options.view_as(StoreOptions).dataset,
        live=live,
        max_input_bytes=ingest.max_input_bytes,
        strict=ingest.strict,
        fallback_encoding=ingest.fallback_encoding or None,
    )


def check_stores(options: PipelineOptions) -> None:
    """Raises LaunchError when Bigtable or BigQuery is not as the job needs it."""
    store = options.view_as(StoreOptions)
    try:
        admin.preflight(truth_of(options), COUNT_TABLES)
    except TruthError as error:
        raise LaunchError(str(error)) from error
    try:
        catalog.preflight(options.view_as(GoogleCloudOptions).project, store.dataset)
    except catalog.CatalogError as error:
        raise LaunchError(str(error)) from error


def runs_with_counts(options: PipelineOptions, prefix: str) -> set[str]:
    """Names of the runs that begin so and have written counts: those that went to their end."""
    project, dataset = options.view_as(GoogleCloudOptions).project, options.view_as(StoreOptions).dataset
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("run", "STRING", prefix)])
    query = f"SELECT DISTINCT partial FROM `{project}.{dataset}.counts` WHERE STARTS_WITH(partial, @run)"
    rows = rest_client(project).query(query, job_config=config).result()
    return {row["partial"].partition("/")[0] for row in rows}


def launch(pipeline: beam.Pipeline) -> PipelineResult:
    """Runs the pipeline; waits for its end on runners that live in or beside this process."""
    result = pipeline.run()
    if waits(pipeline.options):
        result.wait_until_finish()
    return result


def waits(options: PipelineOptions) -> bool:
    """Whether the launcher stays until the job ends: everywhere but on Dataflow."""
    return "Dataflow" not in (options.view_as(StandardOptions).runner or "")


# What a job raises before it reads anything, for reasons outside of this project.
REFUSALS = (LaunchError, TruthError, GoogleAuthError, GoogleAPICallError, RetryError)


def refused(error: BaseException) -> int:
    """Says why a job cannot start, one of REFUSALS; the exit status."""
    reason = str(error)
    if isinstance(error, GoogleAuthError):
        reason = f"{reason}\nRun: gcloud auth application-default login; or start the local stack with: make stack"
    print(f"error: {reason}", file=sys.stderr)
    return 2


def main(run: Callable[[Sequence[str] | None], PipelineResult], argv: Sequence[str] | None) -> int:
    """Runs a job for the command line: an error that people can act on, never a bare traceback."""
    logging.basicConfig(level=logging.WARNING)
    try:
        run(argv)
    except REFUSALS as error:
        return refused(error)
    except KeyboardInterrupt:
        print("interrupted; the same run can be started again and finishes what it began.", file=sys.stderr)
        return 130
    return 0
