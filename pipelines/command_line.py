"""The command line of a job: its options, read and checked before anything else is, and its help."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import inspect
import io
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType

from apache_beam.io.filesystems import FileSystems
from apache_beam.options import pipeline_options
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, S3Options, SetupOptions

from pipelines import discover, flink, helping, telling
from pipelines.launch import LaunchError, waits
from pipelines.options import IngestOptions, StoreOptions, SummaryOptions
from pipelines.prose import ERROR, note
from transforms import bundle_ends
from transforms.ingest.remote import SECRETS
from transforms.language import say, tr

# How alike a name and one of the job's must be to be taken for it, as difflib measures it: one letter of five.
_SLIP = 0.8
_TOLD_LAST = (SummaryOptions, flink.FlinkOptions)


def options_of(argv: Sequence[str] | None, *families: type[PipelineOptions]) -> PipelineOptions:
    """Options from a command line. Raises LaunchError for a wrong value, or a name that is nearly one of the job's.

    ``families``: the options of the job in addition to those that all jobs share; Beam knows them once they are
    defined.
    """
    given = list(argv if argv is not None else sys.argv[1:])
    own = (*families, StoreOptions, IngestOptions, *_TOLD_LAST)
    with _wrong_values_told():
        options = PipelineOptions(given)
        unknown = _unknown(options)
    # argparse takes those for others of the same name, and gives the job nothing of them.
    names = (flag[2:].partition("=")[0] for flag in given if flag.startswith("--"))
    _refuse_secrets(options)
    # What is looked for before the launch is looked for with the job's options.
    FileSystems.set_options(options)
    _check_unknown([*(name for name in names if "-" in name), *unknown], own)
    google = options.view_as(GoogleCloudOptions)
    if waits(options):
        _find_local_stack(google)
    if not google.project:
        raise LaunchError(tr(discover.NO_PROJECT))
    telling.check_place(options)
    setup = options.view_as(SetupOptions)
    # What the workers import is the installed package: nothing of __main__ needs to travel.
    setup.save_main_session = False
    setup.beam_plugins = [*(setup.beam_plugins or ()), bundle_ends.__name__]
    return options


def _refuse_secrets(options: PipelineOptions) -> None:
    """Raises LaunchError for credentials among the options, which whoever may look at a job can read."""
    given = options.view_as(S3Options)
    if found := [name for name in SECRETS if getattr(given, name)]:
        raise LaunchError(
            say(
                "--{name}: options of a job are no place for credentials. Set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY in the environment (of the workers too), or give the machines a role.",
                name=found[0],
            )
        )


def _find_local_stack(google: GoogleCloudOptions) -> None:
    """Points a job that runs here to the local stack, if that is up and no other project is given."""
    if not discover.adopt(google.project):
        return
    google.project = google.project or os.environ["GOOGLE_CLOUD_PROJECT"]
    unreachable = discover.unreachable()
    if unreachable:
        raise LaunchError(unreachable)


@contextlib.contextmanager
def _wrong_values_told() -> Iterator[None]:
    """Raises LaunchError for a value of the wrong type; argparse would print a hundred lines of usage first."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            yield
    except SystemExit as stop:
        if not stop.code:
            raise  # --help
        raise LaunchError(said.getvalue().strip().rpartition(f"{tr(ERROR)} ")[2]) from None


def families_of(job: ModuleType) -> list[type[PipelineOptions]]:
    """A job's options, families of its own first. Only jobs that read documents have the options of reading."""
    own = [
        family
        for _, family in sorted(inspect.getmembers(job, inspect.isclass))
        if issubclass(family, PipelineOptions) and family.__module__.startswith(("pipelines.", "transforms."))
    ]
    shared: list[type[PipelineOptions]] = [StoreOptions]
    shared += [IngestOptions] if hasattr(job, "IngestDocuments") else []
    return [family for family in own if family not in shared] + [*shared, *_TOLD_LAST]


def parser(job: ModuleType) -> argparse.ArgumentParser:
    """The options of a job, for its help and for shells; Beam's own help would show none of them."""
    found = argparse.ArgumentParser(
        prog=f"acervo {job.JOB}",
        usage=tr("%(prog)s --project PROJECT [options of the job] [options of Beam]"),
        description=helping.described(job.__doc__),
        epilog=tr(
            "Options of Beam, such as --runner, --region and --temp_location:\n"
            "https://cloud.google.com/dataflow/docs/reference/pipeline-options"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for family in families_of(job):
        family._add_argparse_args(found.add_argument_group(helping.heading(family.__doc__)))
    return found


def _unknown(options: PipelineOptions) -> list[str]:
    """Names of the options given that neither Beam nor this project has."""
    log = logging.getLogger(pipeline_options.__name__)
    before = log.level
    log.setLevel(logging.ERROR)  # it says that it discards them, and does so only here
    try:
        known = options.get_all_options()
    finally:
        log.setLevel(before)
    return [name for name in options.get_all_options(retain_unknown_options=True) if name not in known]


def _check_unknown(unknown: Sequence[str], families: Iterable[type[PipelineOptions]]) -> None:
    """Refuses a misspelt option of the job; notes an option that is unknown here, and lets it pass.

    A launcher or a runner may know it (Flink has dozens, which its job server lists only when asked).
    """
    own = _names_of(families)
    unknown = [name for name in unknown if "-" not in name or name.replace("-", "_") in own]
    for name in unknown:
        if near := _near(name, own):
            raise LaunchError(
                say("unknown option --{name}. Did you mean --{near}? All options: --help", name=name, near=near)
            )
    if unknown:
        named = ", ".join(f"--{name}" for name in unknown)
        note(
            say("{names}: no option of this job or of Beam's. Passed on to the runner, which may know it.", names=named)
        )


def _names_of(families: Iterable[type[PipelineOptions]]) -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    for family in families:
        family._add_argparse_args(parser)
    return sorted(vars(parser.parse_args([])))


def _near(name: str, known: Sequence[str]) -> str:
    """The known name that this is a misspelling of, or ""."""
    name = name.replace("-", "_").lower()
    swapped = [other for other in known if sorted(other) == sorted(name)]
    return next(iter(swapped or difflib.get_close_matches(name, known, 1, _SLIP)), "")
