"""Reconcile: the source of truth against BigQuery's tables and the counts. Bounded; changes nothing.

    python -m pipelines.reconcile --project P --bigtable_instance I --dataset D [--output differences.jsonl]
    python -m pipelines.reconcile ... --states SP --months 2503
    python -m pipelines.reconcile ... --day 2026-11-28          (the counts of what streams applied on a day, UTC)

Finds rows that are missing, too many, wrong, or there with several contents; counts that are not what the changes add
up to; histories whose state is not the fold of their records. Writes them as JSON lines, prints a summary by day and
issuer and one command that mends all of them. Exit status: 0 no difference, 1 differences, 2 could not look. A Flex
Template's launcher does not wait for its job: there the answer is the file, empty or not, and the counters
``difference_*``.

``--day`` compares the change log of that day with the counts that were stored of it, here and not in a job, and
takes as long as that day's changes ask for, however old and large the tables are.

Beside jobs that write, what is on its way to BigQuery shows as a difference: look again at what is found.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("reconcile"))

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import apache_beam as beam
import orjson
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions

from pipelines import command_line, launching, stores, telling
from pipelines.launch import LaunchError, launch_of
from pipelines.options import StoreOptions
from pipelines.prose import tell
from pipelines.selecting import SelectionOptions, selection_of
from transforms import metrics
from transforms.counting import log
from transforms.language import mark, say, tr
from transforms.reconcile.day import compare_day
from transforms.reconcile.facts import Difference
from transforms.reconcile.mending import Mending, mending_of
from transforms.reconcile.served import Served
from transforms.reconcile.transform import Reconcile
from transforms.typed import typed

JOB = "reconcile"
_MOST_CHARACTERS = 8
NONE = mark("no differences")
FOUND = mark("\n{total:,} differences")
FOUND_ALL = mark("\n{total:,} differences, all in {output}")
LINE = mark("  {count:>8,}  {what} {table}  day {day}  issuer {issuer}")
KEYS = mark("\n{keys:,} keys to go through are in {file}")
MEND = mark("\nThis mends all of it:\n  {command}")
CONFINED = mark(
    "It goes through everything. --keys_file FILE writes the {keys:,} keys that need it, and names them instead."
)
LOST = mark("{lost:,} of them no job can mend: changes that are gone. Restore their rows from a backup (RUNBOOK).")
NO_FOLDER = mark("--keys_file {file}: no file can be written there.")
_Summary = Counter[tuple[str, str, str, str]]


class ReconcileOptions(PipelineOptions):
    """What a reconciliation looks at and where it writes."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--output", default="", help=tr("File for the differences, one JSON object a line; gs:// too.")
        )
        parser.add_argument(
            "--day", default="", help=tr("Only the counts of what streams applied on this day (YYYY-MM-DD, UTC).")
        )
        parser.add_argument(
            "--keys_file",
            default="",
            help=tr("File for the keys to mend, one a line, as --keys @FILE takes it."),
        )
        parser.add_argument("--show", type=int, default=50, help=tr("Differences printed, and lines of the summary."))
        parser.add_argument(
            "--bucket_characters",
            type=int,
            default=3,
            help=tr("Last characters of the key by which both sides are summed up before rows are compared."),
        )


def build(pipeline: beam.Pipeline, options: PipelineOptions, output: str) -> None:
    """Adds the whole job to the pipeline."""
    project, dataset = options.view_as(GoogleCloudOptions).project, options.view_as(StoreOptions).dataset
    served = Served(project, dataset, options.view_as(ReconcileOptions).bucket_characters)
    _ = (
        pipeline
        | "Reconcile" >> Reconcile(stores.truth_of(options), served, selection_of(options))
        | "Count" >> beam.ParDo(_Count())
        | "ToJson" >> beam.Map(_as_json).with_output_types(str)
        | "Write" >> beam.io.WriteToText(output, shard_name_template="")
    )


@beam.typehints.with_input_types(Difference)
@beam.typehints.with_output_types(Difference)
class _Count(beam.DoFn):
    def __init__(self) -> None:
        self._counters: dict[str, Any] = {}

    def process(self, difference: Difference) -> Iterator[Difference]:
        if difference.what not in self._counters:
            self._counters[difference.what] = metrics.counter("difference_<what>", difference.what)
        self._counters[difference.what].inc()
        yield difference


def _as_json(difference: Difference) -> str:
    return orjson.dumps(difference._asdict()).decode()


def preflight(options: PipelineOptions) -> None:
    """Raises LaunchError for what would make the job fail later."""
    selection = selection_of(options)
    given = options.view_as(ReconcileOptions)
    output = given.output
    if not 1 <= given.bucket_characters <= _MOST_CHARACTERS:
        raise LaunchError(
            say("--bucket_characters is 1 to {most}, not {given}", most=_MOST_CHARACTERS, given=given.bucket_characters)
        )
    if given.keys_file and (Path(given.keys_file).is_dir() or not Path(given.keys_file).absolute().parent.is_dir()):
        raise LaunchError(say(NO_FOLDER, file=given.keys_file))
    if given.day:
        _day_of(given.day)
        if not selection.everything:
            raise LaunchError(tr("--day looks at all counts of the day: leave the selection of keys away."))
    elif not output and "Dataflow" in (options.view_as(StandardOptions).runner or ""):
        raise LaunchError(tr("nowhere to write the differences: give --output, a gs:// path."))
    # Beam deletes first what is in the file's place: a folder with all that is in it, everything that a glob matches.
    if output and (output.endswith("/") or Path(output).is_dir()):
        raise LaunchError(say("--output {output} is a folder: name a file in it.", output=output))
    if output and set(output) & set("*?[{"):
        raise LaunchError(say("--output {output} is a pattern: name one file, without *, ?, [ and {{.", output=output))
    stores.check(options)


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the job to its end and prints what it found; the number of differences. Raises LaunchError."""
    options = command_line.options_of(argv, SelectionOptions, ReconcileOptions)
    preflight(options)
    given = options.view_as(ReconcileOptions)
    if given.day:
        return _look_at_day(options)
    with tempfile.TemporaryDirectory(prefix="reconcile-") as folder:
        output = given.output or f"{folder}/differences.jsonl"
        pipeline = beam.Pipeline(options=options)
        build(pipeline, options, output)
        launch = launch_of(options, JOB, [])
        if options.view_as(GoogleCloudOptions).template_location:
            launching.run(pipeline)
            return 0
        # The exit status is the answer, on every runner.
        launched = launching.launch(pipeline, launch, wait_for_it=True)
        return _tell(output, given, options, launched)


def _look_at_day(options: PipelineOptions) -> int:
    given = options.view_as(ReconcileOptions)
    dataset = f"{options.view_as(GoogleCloudOptions).project}.{options.view_as(StoreOptions).dataset}"
    with tempfile.TemporaryDirectory(prefix="reconcile-") as folder:
        output = given.output or f"{folder}/differences.jsonl"
        with FileSystems.create(output) as file:
            for difference in compare_day(stores.truth_of(options), dataset, _day_of(given.day)):
                file.write(f"{_as_json(difference)}\n".encode())
        return _tell(output, given, options)


def _day_of(text: str) -> date:
    """Raises LaunchError."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise LaunchError(say("--day {text} is not a day: write it as 2026-11-28.", text=text)) from None
    if datetime.now(UTC).date() - day >= timedelta(days=log.KEPT_DAYS):
        raise LaunchError(
            say(
                "--day {text}: the change log keeps {days} days. Compare everything: leave --day away.",
                text=text,
                days=log.KEPT_DAYS,
            )
        )
    return day


def _tell(
    output: str, given: ReconcileOptions, options: PipelineOptions, launched: telling.Launched | None = None
) -> int:
    """Prints what was found, the end of the job if there was one, and the command that mends all; how many differ."""
    counts: _Summary = Counter()
    for number, line in enumerate(_lines(output)):
        if number < given.show:
            print(line)
        found = orjson.loads(line)
        counts[found["what"], found["table"], found["day"], found["issuer"]] += 1
    if launched:
        telling.tell(launched, on_dataflow=False)
    if not counts:
        print(tr(NONE))
        return 0
    print(say(FOUND_ALL if given.output else FOUND, total=counts.total(), output=output))
    for (what, table, day, issuer), count in counts.most_common(given.show):
        print(say(LINE, count=count, what=what, table=table, day=day or "-", issuer=issuer or "-"))
    _tell_mending(mending_of(map(orjson.loads, _lines(output))), given.keys_file, options)
    return counts.total()


def _tell_mending(mending: Mending, file: str, options: PipelineOptions) -> None:
    if mending.keys and file:
        with open(file, "w", encoding="utf-8") as keys:
            keys.writelines(f"{key}\n" for key in mending.keys)
        tell(say(KEYS, keys=len(mending.keys), file=file))
    commands = mending.commands(file)
    if commands:
        where = tuple(f"--{name}={value}" for name, value in telling.places(options).items())
        print(say(MEND, command=" && ".join(typed(name, *where, *rest) for name, *rest in commands)))
    if mending.keys and not file and not any("--keys" in command for command in commands):
        tell(say(CONFINED, keys=len(mending.keys)))
    if mending.lost:
        tell(say(LOST, lost=mending.lost))


def _lines(output: str) -> Iterator[str]:
    with FileSystems.open(output) as file:
        for line in file:
            yield line.decode().rstrip("\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status: 1 where there are differences, 2 where they could not be looked for."""
    return launching.main(run, argv, status=bool, failed=2, interrupted=mark("Interrupted. Nothing was changed."))
