"""The steps of an erasure: tombstones, rows of BigQuery, counts, a topic of states, and at last what Bigtable holds.

Each effect waits for the one before it, so that whoever starts again finds all that is not done.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import AsDict, AsList, AsSingleton

from pipelines.launch import Launch
from transforms import instants, metrics
from transforms.counting.log import SLOT_SECONDS
from transforms.counting.recount import CountAgain
from transforms.counting.replace import ReplaceCounts
from transforms.erase.choice import Choice
from transforms.erase.states import ForgetStates
from transforms.erase.target import Target
from transforms.erase.transform import ForgetLogged, PutTombstones, RemoveContent, once
from transforms.errors import AcervoError
from transforms.language import mark, say
from transforms.model import Change
from transforms.notify.kafka import KafkaTopic
from transforms.truth import bars, registers
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.read import History
from transforms.truth.scan import ReadHistories
from transforms.truth.tombstones import Tombstone
from transforms.views import closing, erased, repair, schema
from transforms.views.refused import Refusal
from transforms.views.rows import TableRow, row_of_count
from transforms.views.write import WriteRows, Written

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


class EraseRequest(NamedTuple):
    """What an erasure is to do, besides its choice, and where.

    ``states``: the topic of Kafka that has the last change of each key, if there is one. ``build``: the dataset of its
    work. ``confirmed``: how many keys and dead letters it may erase. ``refused``: the parts of a document in which
    subjects are kept out from now on. ``settle``: how long writers may be on their way, in micros. ``asked``: what was
    asked for, without saying whose, for the report.
    """

    truth: TruthConfig
    project: str
    dataset: str
    states: KafkaTopic | None
    build: str
    confirmed: int
    refused: tuple[str, ...]
    settle: int
    asked: Mapping[str, Any]


class Erasure:
    """The steps of one launch that erases."""

    def __init__(self, request: EraseRequest, launch: Launch, choice: Choice) -> None:
        self._request = request
        self._launch = launch
        self._choice = choice

    def add(self, pipeline: beam.Pipeline, found: Any) -> None:
        """Each effect waits for the one before it: what finds a thing to erase goes last."""
        tally = found.tally | "Tally" >> beam.CombinePerKey(sum)
        start = pipeline | "Start" >> beam.Create([0])
        begin = partial(_begin, self._request, self._launch, self._choice)
        begun = once("Begin", [start], begin, AsDict(tally))
        targets = found.named | "PutTombstones" >> PutTombstones(self._request.truth, self._launch.job, begun)
        settled = (
            targets
            | "BarredAt" >> beam.Map(_barred_at).with_output_types(int)
            | "LastBarred" >> beam.CombineGlobally(_latest)
            | "Settle" >> beam.Map(_settle, self._request.settle).with_output_types(int)
        )
        days = targets | "Days" >> beam.FlatMap(_days) | "SetOfDays" >> beam.CombineGlobally(_set)
        removed = self._rows(targets, settled)
        forgotten = targets | "ForgetLogged" >> ForgetLogged(self._request.truth, settled)
        counted = self._counts(targets, settled, days, forgotten)
        ready = once("Counted", [removed, counted], _nothing)
        known = targets
        if self._request.states is not None:
            known = targets | "ForgetStates" >> ForgetStates(self._request.states, ready)
        gone = known | "RemoveContent" >> RemoveContent(self._request.truth, ready)
        end = partial(_end, self._request, self._launch)
        once("End", [gone], end, AsDict(tally), AsSingleton(removed))

    def _rows(self, targets: beam.PCollection[Target], settled: beam.PCollection[int]) -> Any:
        """Rows of BigQuery; how many were removed, by table."""
        noted = (
            targets
            | "Ids" >> beam.Map(_key_of).with_output_types(str)
            | "IdsTogether" >> beam.BatchElements(min_batch_size=1_000, max_batch_size=erased.MOST_IDS)
            | "NoteIds" >> beam.Map(_note_ids, self._request.project, self._request.build, AsSingleton(settled))
        )
        return once(
            "RemoveRows",
            [noted],
            partial(_remove_rows, self._request.project, self._request.dataset, self._request.build),
        )

    def _counts(
        self,
        targets: beam.PCollection[Target],
        settled: beam.PCollection[int],
        days: beam.PCollection[frozenset[str]],
        forgotten: beam.PCollection[int],
    ) -> Any:
        """The counts of the days that are moved, made again of what is left, as a rebuild makes them."""
        places = (self._request.project, self._request.dataset, self._request.build)
        seen = once("Remember", [settled, forgotten], partial(_remember, *places), AsSingleton(days))
        histories = (
            seen
            | "IfAny" >> beam.FlatMap(_if_any, AsSingleton(days)).with_output_types(int)
            | "ReadHistories" >> ReadHistories(self._request.truth)
        )
        changes = histories | "Changes" >> beam.FlatMap(_changes).with_output_types(Change)
        active = (
            histories
            | "RunsOfLate"
            >> beam.FlatMap(_runs_since, AsSingleton(settled), self._request.settle).with_output_types(str)
            | "ActiveRuns" >> beam.Distinct()
        )
        runs = targets | "RunsOfTargets" >> beam.FlatMap(_runs).with_output_types(str) | "Runs" >> beam.Distinct()
        none_active = once("NoneActive", [active], _none_active, AsList(runs), AsList(active))
        counts = changes | "Count" >> CountAgain(days)
        written: Written = (
            counts
            | "RowsOfCounts" >> beam.Map(row_of_count).with_output_types(TableRow)
            | "WriteCounts" >> WriteRows(self._request.project, self._request.build)
        )
        refused = written.refused | "NoneRefused" >> beam.Map(_refused)
        served = once(
            "RepairCounts", [none_active, written.written, refused], partial(_repair, *places), AsSingleton(settled)
        )
        return counts | "ReplaceCounts" >> ReplaceCounts(self._request.truth, served, active, settled, days)


def _begin(request: EraseRequest, launch: Launch, choice: Choice, tally: Mapping[str, int]) -> int:
    """Checks the number, bars the subjects, and keeps what is to be done."""
    found = number_of(tally)
    if found > request.confirmed:
        raise EraseError(say(CHANGED, found=found, confirmed=request.confirmed))
    client = Client(request.truth)
    try:
        if request.refused:
            bars.put(client, choice.subjects, request.refused, Tombstone(launch.started_at, launch.job))
        registers.report(client, launch.job, _report(launch, request.asked, "begun", tally, {}))
    finally:
        wait_for(client.close())
    return found


def _end(request: EraseRequest, launch: Launch, tally: Mapping[str, int], removed: Mapping[str, int]) -> int:
    """Keeps what was done."""
    repair.drop_build(request.project, request.build)
    client = Client(request.truth)
    try:
        registers.report(client, launch.job, _report(launch, request.asked, "done", tally, removed))
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
    closing.open_again(project, dataset)
    repair.repair(project, dataset, build, [schema.COUNTS], settled)
    closing.begin_again(project, dataset)  # in sums there are ids too
    return 1
