"""Counts computed again from stored changes, in place of all existing partial sums.

A change says how it is counted. One of a bounded job is counted under the run that made it, in the partial that the job
itself would write, but as if that partial were older than any job: the run, started again, overwrites it with the same
sums. One of a stream is counted in its slot of the change log, which is rewritten too: the same sums under the same
names and versions as the stream itself stores. So nothing is counted twice, whatever else is running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsList, AsSingleton, PBegin

from transforms.counting import cells, log, sweep
from transforms.counting.cells import Partial, Rewrite
from transforms.counting.contributions import Amount, CountKey, columns_of, contributions
from transforms.counting.log import Sum
from transforms.counting.sums import SumAmounts
from transforms.counting.transform import RUN_SUFFIX
from transforms.model import Change
from transforms.truth import rows
from transforms.truth.client import Client
from transforms.truth.codec import Codec
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.requests import Column
from transforms.truth.rows import Cell, by_column
from transforms.truth.scan import ReaderDoFn, SplitTable
from transforms.truth.selection import Range
from transforms.truth.writer import shared_writer

_RowPartials = tuple[bytes, Partial]
_WRITES_AT_ONCE = 64
_MOST_HELD = 1_000
_DAY = 86_400_000_000

# When the partials made again say that their job started (micros): before any job.
_BEFORE_ANY_JOB = 0


class CountAgain(beam.PTransform):
    """PCollection[Change] in the global window -> partials: by run, and by slot of the change log.

    ``days``: one set of days and months as rows of counts have them; of these alone.
    """

    def __init__(self, days: beam.PCollection[frozenset[str]] | None = None) -> None:
        super().__init__()
        self._days = days

    def expand(self, changes: beam.PCollection[Change]) -> beam.PCollection[Partial]:
        if self._days is None:
            return self._count(changes)
        touching = changes | "Touching" >> beam.Filter(_touches, AsSingleton(self._days)).with_output_types(Change)
        return self._count(touching) | "OfDays" >> beam.Filter(_is_of, AsSingleton(self._days)).with_output_types(
            Partial
        )

    def _count(self, changes: beam.PCollection[Change]) -> beam.PCollection[Partial]:
        by_run = (
            changes
            | "Contributions" >> beam.FlatMap(_by_run)
            | "Sum" >> SumAmounts(parts=3)
            | "Partials" >> beam.Map(_partial_of_run).with_output_types(Partial)
        )
        by_slot = (
            changes
            | "LogCells" >> beam.FlatMap(_logged).with_output_types(tuple[bytes, bytes])
            | "PerSlot" >> beam.GroupByKey()
            | "SumSlot" >> beam.FlatMap(_partials_of_slot).with_output_types(Partial)
        )
        return (by_run, by_slot) | "PartialsOfBoth" >> beam.Flatten()


def days_of(change: Change) -> set[str]:
    """The days (or months, or "") of the counts that a change moves."""
    found = (change.dimensions_before, change.dimensions_after)
    return {one.get("day") or one.get("month", "") for one in found if one is not None}


def _touches(change: Change, days: frozenset[str]) -> bool:
    return not days.isdisjoint(days_of(change))


def _is_of(partial: Partial, days: frozenset[str]) -> bool:
    return (partial.get("day") or partial.get("month", "")) in days


def _by_run(change: Change) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not change.logged:
        for key, amount in contributions(change):
            yield (change.run, *key), amount


def _partial_of_run(element: tuple[tuple[str, ...], Any]) -> Partial:
    (run, *parts), (documents, total) = element
    return _row(f"{run}{RUN_SUFFIX}", CountKey(*parts), Amount(documents, total))


def _row(partial: str, key: CountKey, amount: Amount) -> Partial:
    return {
        "partial": partial,
        **columns_of(key),
        "documents": amount.documents,
        "total": format(amount.total, "f"),
        "job_started_at": _BEFORE_ANY_JOB,
    }


def _logged(change: Change) -> Iterator[tuple[bytes, bytes]]:
    if change.logged and log.counts_something(change):
        row, cell = log.cell_of(change)
        yield row, cell.value


def _partials_of_slot(element: tuple[bytes, Iterable[bytes]]) -> Iterator[Partial]:
    row, values = element
    slot = log.slot_in(row)
    for key, found in log.sums_of(Cell(log.CONTRIBUTIONS, b"", 0, value) for value in values).items():
        yield cells.partial_of(slot, key, found, _BEFORE_ANY_JOB)


class LogAgain(beam.PTransform):
    """PCollection[Change] -> how many were written: streams' changes within the log's retention are in the log
    again."""

    def __init__(self, config: TruthConfig, now: int) -> None:
        """``now``: micros; the log keeps ``KEPT_DAYS`` before it."""
        super().__init__()
        self._config = config
        self._since = now - log.KEPT_DAYS * _DAY

    def expand(self, changes: beam.PCollection[Change]) -> beam.PCollection[int]:
        return changes | "Write" >> beam.ParDo(_LogAgain(self._config, self._since))


@beam.typehints.with_input_types(Change)
@beam.typehints.with_output_types(int)
class _LogAgain(beam.DoFn):
    def __init__(self, config: TruthConfig, since: int) -> None:
        self._config = config
        self._since = since

    def start_bundle(self) -> None:
        self._held: list[Change] = []

    def process(self, change: Change) -> Iterator[int]:
        # Also one that counts nothing: what the log has of it may be of an earlier fold.
        if change.logged and change.applied_at >= self._since:
            self._held.append(change)
            if len(self._held) >= _MOST_HELD:
                self._write()
            yield 1

    def finish_bundle(self) -> None:
        self._write()

    def _write(self) -> None:
        held, self._held = self._held, []
        if held:
            sweep.write_log(self._config, held, marked=False)


class ReadPartials(beam.PTransform):
    """PBegin, or a PCollection of one element -> what each row of Bigtable's counts adds up to, a partial per count."""

    def __init__(self, config: TruthConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, start: PBegin | beam.PCollection[Any]) -> beam.PCollection[Partial]:
        split = SplitTable(self._config, sweep.counts_table(self._config))
        return start | "Ranges" >> split | "Read" >> beam.ParDo(_ReadPartials(self._config))


class _ScanCounts(ReaderDoFn):
    def _rows(self, element: Range) -> Iterator[Any]:
        """Every row of a range."""
        client, table = shared_writer(self._config).client, sweep.counts_table(self._config)
        yield from client.scan(table, *element, cells.FAMILIES)


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(Partial)
class _ReadPartials(_ScanCounts):
    def process(self, element: Range) -> Iterator[Partial]:
        for row in self._rows(element):
            for key, amount in cells.sums(self._reader.codec, row.key, by_column(row.cells)).items():
                yield _row("", key, amount)


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(tuple[bytes, None])
class _RowKeys(_ScanCounts):
    def process(self, element: Range) -> Iterator[tuple[bytes, None]]:
        for row in self._rows(element):
            yield row.key, None


class ReplaceCounts(beam.PTransform):
    """Partials -> number of rows of Bigtable's counts that were replaced by them, each row at once.

    ``after``: a PCollection of one element to wait for. ``active`` are runs that wrote lately: they may be about to
    store their own sums, which are newer than these and must not be deleted. ``settled``: of slots that begin before
    it (micros) the partials know all there is; of others a sum that was stored meanwhile may be newer, and stays.
    ``days``: only the rows of these; a row that is left without any sum goes.
    """

    def __init__(
        self,
        config: TruthConfig,
        after: beam.PCollection[Any],
        active: beam.PCollection[str],
        settled: int | beam.PCollection[int],
        days: beam.PCollection[frozenset[str]] | None = None,
    ) -> None:
        super().__init__()
        self._days = days
        self._config = config
        self._after = after
        self._active = active
        self._settled = settled

    def expand(self, partials: beam.PCollection[Partial]) -> beam.PCollection[int]:
        config = self._config
        new = partials | "RowOf" >> beam.Map(_by_row).with_output_types(_RowPartials)
        old = (
            self._after
            | "Ranges" >> SplitTable(config, sweep.counts_table(config))
            | "Old" >> beam.ParDo(_RowKeys(config))
        )
        if self._days is not None:
            old = old | "OldOfDays" >> beam.Filter(_is_row_of, AsSingleton(self._days))
        settled = self._settled if isinstance(self._settled, int) else AsSingleton(self._settled)
        replace = beam.ParDo(
            _Replace(config, self._days is not None), AsSingleton(self._after), AsList(self._active), settled
        )
        return {"new": new, "old": old} | "PerRow" >> beam.CoGroupByKey() | "Replace" >> replace


def _is_row_of(element: tuple[bytes, None], days: frozenset[str]) -> bool:
    return cells.day_in(element[0]) in days


def _by_row(partial: Partial) -> _RowPartials:
    day = partial.get("day") or partial.get("month", "")
    return cells.row_of(partial["dimension"], partial.get("value", ""), day), partial


@beam.typehints.with_output_types(int)
class _Replace(beam.DoFn):
    def __init__(self, config: TruthConfig, empties: bool) -> None:
        self._config = config
        self._empties = empties

    def start_bundle(self) -> None:
        self._waiting: list[Any] = []

    def process(
        self, element: tuple[bytes, dict[str, Iterable[Any]]], _: Any, active: Sequence[str], settled: int
    ) -> Iterator[int]:
        row, groups = element
        writer = shared_writer(self._config)
        partials = list(groups["new"])
        self._waiting.append(
            _replace(
                writer.client,
                sweep.counts_table(self._config),
                writer.codec,
                row,
                partials,
                active,
                log.slot_of(settled),
                self._empties,
            )
        )
        if len(self._waiting) >= _WRITES_AT_ONCE:
            self.finish_bundle()
        yield 1

    def finish_bundle(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            wait_for(_all(waiting))


async def _replace(
    client: Client,
    table: str,
    codec: Codec,
    row: bytes,
    new: Sequence[Partial],
    active: Sequence[str],
    settled: str,
    empties: bool,
) -> None:
    while True:
        found = (await client.page(table, row, row + b"\0", cells.FAMILIES, limit=1)).rows
        rewrite = replacement(codec, row, found[0].cells if found else [], new, active, settled)
        if empties and leaves_nothing(found[0].cells if found else [], rewrite):
            # With its revision, so that the row is gone, and with it the id in its key.
            rewrite = rewrite._replace(deleted=(*rewrite.deleted, Column(rows.STATE, rows.REVISION)), cells=())
        if await client.check(table, row, rewrite.revision, rewrite.cells, deleted=rewrite.deleted):
            return


def leaves_nothing(old: Iterable[Cell], rewrite: Rewrite) -> bool:
    """Whether a row would hold no sums."""
    deleted = {one.qualifier for one in rewrite.deleted}
    kept = [cell for cell in old if cell.family == cells.COUNTS and cell.qualifier not in deleted]
    return not kept and all(cell.family != cells.COUNTS for cell in rewrite.cells)


def replacement(
    codec: Codec, row: bytes, old: Sequence[Cell], new: Sequence[Partial], active: Iterable[str], settled: str
) -> Rewrite:
    """The mutation after which a row, as read, holds the partials and whatever is newer. Pure."""
    runs, slots = _written(codec, new)
    for key, known in cells.slot_sums(row, by_column(old)).items():
        for slot, found in known.items():
            if slot >= settled:
                place = slots.setdefault((cells.prefix_of(key), log.hour_of(slot)), {})
                place[slot] = log.newest(place, slot, found)
    kept = {f"{run}{RUN_SUFFIX}" for run in active}
    # A cell of a run is deleted also where a new one has its name: an old one of a later job would hide it.
    deleted = [
        Column(cells.COUNTS, cell.qualifier, cell.timestamp + 1_000 if cells.is_of_log(name) else 0)
        for cell in old
        if cell.family == cells.COUNTS and (name := cells.name_of(cell.qualifier)) not in kept
    ]
    deleted += [
        Column(cells.COUNTS, cell.qualifier)
        for cell in runs
        if cells.name_of(cell.qualifier) not in kept and all(cell.qualifier != one.qualifier for one in deleted)
    ]
    revision = cells.revision_of(old)
    return Rewrite(revision, tuple(deleted), (*runs, *cells.packed_cells(revision, slots)))


def _written(codec: Codec, new: Iterable[Partial]) -> tuple[list[Cell], dict[tuple[bytes, str], dict[str, Sum]]]:
    """Cells of the partials of runs, and the sums of slots by beginning of the qualifier and hour."""
    runs: list[Cell] = []
    slots: dict[tuple[bytes, str], dict[str, Sum]] = {}
    for partial in new:
        if not cells.is_of_log(partial["partial"]):
            runs.append(cells.cell_of(codec, partial)[1])
            continue
        slot, key, found = cells.slot_sum_of(partial)
        slots.setdefault((cells.prefix_of(key), log.hour_of(slot)), {})[slot] = found
    return runs, slots


async def _all(waiting: list[Any]) -> None:
    await asyncio.gather(*waiting)
