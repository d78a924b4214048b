"""Erase: what the law wants removed, or no longer wants kept, taken out of every store. Bounded.

    python -m pipelines.erase --project P --bigtable_instance I --dataset D --subjects 12345678000195
    python -m pipelines.erase ... --subjects 12345678000195 --confirm 1284
    python -m pipelines.erase ... --erase_keys @keys.txt | --past_years 5

Without --confirm nothing is written: it says what would be removed, and the number to confirm. With it: tombstones
first, so that nothing comes back; then, when writers that were on their way are done, rows of BigQuery, counts, and at
last what Bigtable holds, dead letters too. Stop it at any moment and start it again: it is completed.

Documents that a subject issued are removed; those of others in which it has a part once their time is over, five years
from the end of the year of issue, eleven for the models of Ajuste SINIEF 2/2025. What is held stays: acervo retention.
One erasure at a time, and while no backfill, extract or redrive is running; streams may go on.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("erase"))

import argparse
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.pvalue import AsDict, AsList, AsSingleton

from pipelines import launching, selecting, telling
from pipelines.launch import Launch, launch_of
from pipelines.options import StoreOptions
from pipelines.telling import Launched
from transforms import instants, metrics
from transforms.counting.cells import COUNT_TABLES
from transforms.counting.log import SLOT_SECONDS
from transforms.counting.recount import CountAgain, ReplaceCounts
from transforms.erase.choice import LONG_MODELS, Choice, ChoiceError, name_of, subject_of
from transforms.erase.target import Target
from transforms.erase.transform import FindErasable, ForgetLogged, PutTombstones, RemoveContent, once
from transforms.errors import AcervoError
from transforms.language import mark, say, tr
from transforms.model import Change
from transforms.truth import admin, bars, registers
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.read import History
from transforms.truth.scan import ReadHistories
from transforms.truth.tombstones import ISSUER, RECIPIENT, ROLES, Tombstone
from transforms.views import catalog, erased, repair, schema
from transforms.views.refused import Refusal
from transforms.views.rows import TableRow, row_of_count
from transforms.views.write import WriteRows, Written

JOB = "erase"
BOTH = "both"
_LONGEST_SUBJECT = 14
_ROLES = {ISSUER: (ISSUER,), RECIPIENT: (RECIPIENT,), BOTH: ROLES}
CONFIRM = mark("Nothing was changed. To erase it, give the same command with: --confirm {number}")
CHANGED = mark(
    "{found:,} keys and dead letters are to be erased now, and {confirmed:,} were confirmed. Nothing was changed: look "
    "at it again without --confirm."
)
ACTIVE = mark(
    "counts of {runs} are not settled: these runs hold what is erased and wrote a moment ago. Tombstones are there; "
    "start the same erasure again when their jobs have ended."
)

REFUSED = mark("BigQuery refused a row of counts: {reason}. Check that the tables are current: acervo tables")


class EraseError(AcervoError):
    """An erasure that cannot go on; the message says why and what to do."""


class EraseOptions(PipelineOptions):
    """What is erased."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--subjects",
            default="",
            help=tr("CNPJs, roots of CNPJs (8 characters) and CPFs, separated by commas, or @FILE with one per line."),
        )
        parser.add_argument(
            "--part",
            choices=tuple(_ROLES),
            default=BOTH,
            help=tr(
                "The part that subjects have in a document: issuer (removed at once), recipient (or carrier, payer and "
                "the like; removed when retention is over), or both."
            ),
        )
        parser.add_argument(
            "--erase_keys",
            default="",
            help=tr(
                "Access keys, Ids of DPS and voided ranges, and ids of dead letters, separated by commas, or @FILE; "
                "whatever their retention."
            ),
        )
        parser.add_argument(
            "--past_years",
            type=int,
            default=0,
            help=tr("Everything issued more than so many years ago, 5 or more, that need not be kept for longer."),
        )
        parser.add_argument(
            "--long_models",
            default=",".join(LONG_MODELS),
            help=tr("Models that are kept for eleven years (default: those of Ajuste SINIEF 2/2025)."),
        )
        parser.add_argument(
            "--refuse",
            choices=tuple(_ROLES),
            help=tr("Also keep out documents of the subjects that come from now on, in which they have this part."),
        )
        parser.add_argument(
            "--confirm",
            type=int,
            help=tr("Erase, if it is no more than so many keys and dead letters: the number that was told without it."),
        )
        parser.add_argument("--request", default="", help=tr("A reference that is kept in the report, such as a case."))
        parser.add_argument(
            "--settle_seconds",
            type=int,
            default=600,
            help=tr("How long writers may be on their way that did not see a tombstone."),
        )


def choice_of(options: PipelineOptions, holds: registers.Holds | None = None) -> Choice:
    """What the options ask for. Raises AcervoError for what asks for nothing."""
    given = options.view_as(EraseOptions)
    return Choice(
        frozenset(map(_key, selecting.listed("erase_keys", given.erase_keys))),
        frozenset(map(subject_of, selecting.listed("subjects", given.subjects))),
        _ROLES[given.part],
        given.past_years,
        frozenset(selecting.listed("long_models", given.long_models)),
        datetime.now(UTC).date(),
        holds or {},
    ).check()


def _key(text: str) -> str:
    found = name_of(text)
    if len(found) <= _LONGEST_SUBJECT:
        raise ChoiceError(say("--erase_keys {text}: it is no key, but a subject: --subjects", text=text))
    return found


def build(pipeline: beam.Pipeline, options: PipelineOptions, launch: Launch, choice: Choice) -> None:
    """Adds the whole job to the pipeline; the build's dataset must be there (``prepare``)."""
    found = pipeline | "Find" >> FindErasable(launching.truth_of(options), choice)
    if options.view_as(EraseOptions).confirm is not None:
        _Erasure(options, launch, choice).add(pipeline, found)


class _Erasure:
    """The steps of one launch that erases."""

    def __init__(self, options: PipelineOptions, launch: Launch, choice: Choice) -> None:
        self._given = options.view_as(EraseOptions)
        self._truth = launching.truth_of(options)
        self._project = options.view_as(GoogleCloudOptions).project
        self._dataset = options.view_as(StoreOptions).dataset
        self._launch = launch
        self._choice = choice
        self._build = build_name(self._dataset, launch)
        self._settle = self._given.settle_seconds * instants.SECOND

    def add(self, pipeline: beam.Pipeline, found: Any) -> None:
        """Each effect waits for the one before it: what finds a thing to erase goes last."""
        tally = found.tally | "Tally" >> beam.CombinePerKey(sum)
        start = pipeline | "Start" >> beam.Create([0])
        begin = partial(_begin, self._truth, self._launch, self._choice, self._asked())
        begun = once("Begin", [start], begin, AsDict(tally))
        targets = found.named | "PutTombstones" >> PutTombstones(self._truth, self._launch.job, begun)
        settled = (
            targets
            | "BarredAt" >> beam.Map(_barred_at).with_output_types(int)
            | "LastBarred" >> beam.CombineGlobally(_latest)
            | "Settle" >> beam.Map(_settle, self._settle).with_output_types(int)
        )
        days = targets | "Days" >> beam.FlatMap(_days) | "SetOfDays" >> beam.CombineGlobally(_set)
        removed = self._rows(targets, settled)
        forgotten = targets | "ForgetLogged" >> ForgetLogged(self._truth, settled)
        counted = self._counts(targets, settled, days, forgotten)
        ready = once("Counted", [removed, counted], _nothing)
        gone = targets | "RemoveContent" >> RemoveContent(self._truth, ready)
        end = partial(_end, self._truth, self._launch, self._asked(), self._project, self._build)
        once("End", [gone], end, AsDict(tally), AsSingleton(removed))

    def _rows(self, targets: beam.PCollection[Target], settled: beam.PCollection[int]) -> Any:
        """Rows of BigQuery; how many were removed, by table."""
        noted = (
            targets
            | "Ids" >> beam.Map(_key_of).with_output_types(str)
            | "IdsTogether" >> beam.BatchElements(min_batch_size=1_000, max_batch_size=erased.MOST_IDS)
            | "NoteIds" >> beam.Map(_note_ids, self._project, self._build, AsSingleton(settled))
        )
        return once("RemoveRows", [noted], partial(_remove_rows, self._project, self._dataset, self._build))

    def _counts(
        self,
        targets: beam.PCollection[Target],
        settled: beam.PCollection[int],
        days: beam.PCollection[frozenset[str]],
        forgotten: beam.PCollection[int],
    ) -> Any:
        """The counts of the days that are moved, made again of what is left, as a rebuild makes them."""
        places = (self._project, self._dataset, self._build)
        seen = once("Remember", [settled, forgotten], partial(_remember, *places), AsSingleton(days))
        histories = (
            seen
            | "IfAny" >> beam.FlatMap(_if_any, AsSingleton(days)).with_output_types(int)
            | "ReadHistories" >> ReadHistories(self._truth)
        )
        changes = histories | "Changes" >> beam.FlatMap(_changes).with_output_types(Change)
        active = (
            histories
            | "RunsOfLate" >> beam.FlatMap(_runs_since, AsSingleton(settled), self._settle).with_output_types(str)
            | "ActiveRuns" >> beam.Distinct()
        )
        runs = targets | "RunsOfTargets" >> beam.FlatMap(_runs).with_output_types(str) | "Runs" >> beam.Distinct()
        none_active = once("NoneActive", [active], _none_active, AsList(runs), AsList(active))
        counts = changes | "Count" >> CountAgain(days)
        written: Written = (
            counts
            | "RowsOfCounts" >> beam.Map(row_of_count).with_output_types(TableRow)
            | "WriteCounts" >> WriteRows(self._project, self._build)
        )
        refused = written.refused | "NoneRefused" >> beam.Map(_refused)
        served = once(
            "RepairCounts", [none_active, written.written, refused], partial(_repair, *places), AsSingleton(settled)
        )
        return counts | "ReplaceCounts" >> ReplaceCounts(self._truth, served, active, settled, days)

    def _asked(self) -> dict[str, Any]:
        """What was asked for, without saying whose: for the report."""
        given, choice = self._given, self._choice
        kinds = {8: "roots", 11: "cpfs", 14: "cnpjs"}
        numbers = {name: sum(len(one) == size for one in choice.subjects) for size, name in kinds.items()}
        return {
            "keys": len(choice.keys), **numbers, "part": given.part, "older_than": given.past_years,
            "refuse": given.refuse or "", "confirmed": given.confirm, "request": given.request,
        }  # fmt: skip


def _begin(
    truth: TruthConfig, launch: Launch, choice: Choice, asked: Mapping[str, Any], tally: Mapping[str, int]
) -> int:
    """Checks the number, bars the subjects, and keeps what is to be done."""
    found = number_of(tally)
    if found > asked["confirmed"]:
        raise EraseError(say(CHANGED, found=found, confirmed=asked["confirmed"]))
    client = Client(truth)
    try:
        if asked["refuse"]:
            bars.put(client, choice.subjects, _ROLES[asked["refuse"]], Tombstone(launch.started_at, launch.job))
        registers.report(client, launch.job, _report(launch, asked, "begun", tally, {}))
    finally:
        wait_for(client.close())
    return found


def _end(
    truth: TruthConfig,
    launch: Launch,
    asked: Mapping[str, Any],
    project: str,
    build: str,
    tally: Mapping[str, int],
    removed: Mapping[str, int],
) -> int:
    """Keeps what was done."""
    repair.drop_build(project, build)
    client = Client(truth)
    try:
        registers.report(client, launch.job, _report(launch, asked, "done", tally, removed))
    finally:
        wait_for(client.close())
    return 1


def _report(
    launch: Launch, asked: Mapping[str, Any], state: str, tally: Mapping[str, int], removed: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "state": state, "run": launch.run, "at": instants.text_of(launch.started_at), "asked": dict(asked),
        "found": dict(sorted(tally.items())), "rows_removed": dict(removed),
    }  # fmt: skip


def number_of(tally: Mapping[str, int]) -> int:
    """The number to confirm: keys and dead letters."""
    return tally.get("keys", 0) + tally.get("dead_letters_stored", 0)


def _barred_at(target: Target) -> int:
    return target.tombstone.at


def _latest(found: Iterable[int]) -> int:
    return max(found, default=0)


def _settle(barred_at: int, settle: int) -> int:
    """Waits until whoever did not see the last tombstone is done; the end of the slot in which it was put."""
    until = barred_at + settle
    while (now := instants.now()) < until:
        time.sleep(min(1.0, (until - now) / instants.SECOND))
    return barred_at + SLOT_SECONDS * instants.SECOND


def _days(target: Target) -> Iterable[str]:
    return target.days


def _set(found: Iterable[Any]) -> frozenset[str]:
    return frozenset().union(*(one if isinstance(one, frozenset) else (one,) for one in found))


def _nothing() -> int:
    return 1


def _key_of(target: Target) -> str:
    return target.key


def _note_ids(ids: list[str], project: str, build: str, _: int) -> int:
    erased.note_ids(project, build, ids)
    return len(ids)


def _remove_rows(project: str, dataset: str, build: str) -> dict[str, int]:
    removed = erased.remove(project, dataset, build)
    for table, number in removed.items():
        metrics.counter("rows_erased_<table>", table).inc(number)
    return removed


def _remember(project: str, dataset: str, build: str, days: frozenset[str]) -> int:
    erased.remember_days(project, dataset, build, sorted(days))
    return 1


def _if_any(one: int, days: frozenset[str]) -> Iterable[int]:
    return [one] if days else []


def _changes(history: History) -> Iterable[Change]:
    return history.changes


def _runs_since(history: History, settled: int, settle: int) -> set[str]:
    """Runs of bounded jobs that wrote since the last tombstone, or shortly before."""
    return {change.run for change in history.changes if not change.logged and change.applied_at >= settled - settle}


def _runs(target: Target) -> Iterable[str]:
    return target.runs


def _none_active(runs: Sequence[str], active: Sequence[str]) -> int:
    if both := sorted({*runs} & {*active}):
        raise EraseError(say(ACTIVE, runs=", ".join(both)))
    return 1


def _refused(refusal: Refusal) -> None:
    raise EraseError(say(REFUSED, reason=refusal[2]))


def _repair(project: str, dataset: str, build: str, settled: int) -> int:
    repair.repair(project, dataset, build, [schema.COUNTS], settled)
    return 1


def build_name(dataset: str, launch: Launch) -> str:
    """Dataset in which a launch keeps the ids and makes the counts."""
    return f"{_builds(dataset)}{re.sub('[^0-9A-Za-z]+', '_', launch.job)}"


def _builds(dataset: str) -> str:
    return f"{dataset}__erasing_"


def prepare(options: PipelineOptions, launch: Launch) -> Choice:
    """Checks the stores, makes what the job writes to, and gives the choice with its holds. Raises AcervoError."""
    truth = launching.truth_of(options)
    project, dataset = options.view_as(GoogleCloudOptions).project, options.view_as(StoreOptions).dataset
    choice_of(options)
    admin.preflight(truth, COUNT_TABLES)
    if options.view_as(EraseOptions).confirm is not None:
        catalog.preflight(project, dataset)
        repair.drop_builds(project, _builds(dataset))
        repair.create_build(project, dataset, build_name(dataset, launch))
        erased.create_ids(project, build_name(dataset, launch))
    client = Client(truth)
    try:
        return choice_of(options, registers.holds(client))
    finally:
        wait_for(client.close())


def run(argv: Sequence[str] | None = None) -> Launched:
    """Launches the job; waits for its end unless it runs on Dataflow. Raises AcervoError before anything is read."""
    options = launching.options_of(argv, EraseOptions)
    choice_of(options)
    # Not named for what is asked for: of a CPF even a digest would tell.
    launch = launch_of(options, JOB, [])
    choice = prepare(options, launch)
    pipeline = beam.Pipeline(options=options)
    build(pipeline, options, launch, choice)
    return launching.launch(pipeline, launch)


def _tell(launched: Launched) -> int:
    """After a dry run, the number to confirm."""
    if launched.options.view_as(EraseOptions).confirm is None and launching.waits(launched.options):
        counters, _ = telling.figures_of(launched.result)
        prefix = "erase_"
        tally = {name.removeprefix(prefix): number for name, number in counters.items() if name.startswith(prefix)}
        if number_of(tally):
            print(say(CONFIRM, number=number_of(tally)))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv, _tell)
