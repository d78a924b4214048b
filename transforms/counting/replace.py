"""The counts that Bigtable holds: read, and replaced by partial sums that were computed again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsList, AsSingleton, PBegin

from transforms.counting import cells, log, log_writer
from transforms.counting.cells import Partial, Rewrite
from transforms.counting.log import Sum
from transforms.counting.recount import row_of_sum
from transforms.counting.transform import RUN_SUFFIX
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


class ReadPartials(beam.PTransform):
    """PBegin, or a PCollection of one element -> what each row of Bigtable's counts adds up to, a partial per count."""

    def __init__(self, config: TruthConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, start: PBegin | beam.PCollection[Any]) -> beam.PCollection[Partial]:
        split = SplitTable(self._config, log_writer.counts_table(self._config))
        return start | "Ranges" >> split | "Read" >> beam.ParDo(_ReadPartials(self._config))


class _ScanCounts(ReaderDoFn):
    def _rows(self, element: Range) -> Iterator[Any]:
        """Every row of a range."""
        client, table = shared_writer(self._config).client, log_writer.counts_table(self._config)
        yield from client.scan(table, *element, cells.FAMILIES)


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(Partial)
class _ReadPartials(_ScanCounts):
    def process(self, element: Range) -> Iterator[Partial]:
        for row in self._rows(element):
            for key, amount in cells.sums(self._reader.codec, row.key, by_column(row.cells)).items():
                yield row_of_sum("", key, amount)


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
            | "Ranges" >> SplitTable(config, log_writer.counts_table(config))
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
                log_writer.counts_table(self._config),
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
