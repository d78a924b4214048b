"""Counts made anew from stored changes, in the place of every partial sum there is.

A change is counted under the run that made it, in the partial that a bounded run itself would write, and as if that
partial were older than any job: the run started again writes the same sums over it, so nothing counts twice.

A stream names its partials by job. Those of a stream that goes on beside are left as they are, and the changes in
them are not counted anew: a change is in them when that job brought its record as new or resumed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsList, AsSingleton, PBegin

from transforms.counting import cells
from transforms.counting.contributions import CountKey, contributions
from transforms.counting.store import Partial
from transforms.counting.sums import SumAmounts
from transforms.model import DUPLICATE, Change
from transforms.truth.client import wait_for
from transforms.truth.config import TruthConfig
from transforms.truth.read import History
from transforms.truth.rows import Cell, by_column
from transforms.truth.scan import ReaderDoFn, SplitTable
from transforms.truth.selection import Range
from transforms.truth.writer import shared_writer

_RowPartials = tuple[bytes, Partial]
_RowQualifier = tuple[bytes, bytes]
_WRITES_AT_ONCE = 64

# When the partials made anew say that their job started (micros): before any job. A second count of the same takes
# the place of the first.
FIRST_COUNT, SECOND_COUNT = 0, 1
_END = "/all/0"


def changes_to_count(history: History, beside: frozenset[str]) -> Iterator[Change]:
    """The changes of a key, without those that the jobs ``beside`` count themselves."""
    for record in history.records:
        if not any(is_beside(arrival.job, beside) and arrival.outcome != DUPLICATE for arrival in record.arrivals):
            yield record.change


class CountByRun(beam.PTransform):
    """PCollection[Change] in the global window -> partials named by the run that made each change."""

    def __init__(self, at: int = FIRST_COUNT) -> None:
        super().__init__()
        self._at = at

    def expand(self, changes: beam.PCollection[Change]) -> beam.PCollection[Partial]:
        return (
            changes
            | "Contributions" >> beam.FlatMap(_by_run)
            | "Sum" >> SumAmounts(parts=3)
            | "Partials" >> beam.Map(_partial, self._at).with_output_types(Partial)
        )


def _by_run(change: Change) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, amount in contributions(change):
        yield (change.run, *key), amount


def _partial(element: tuple[tuple[str, ...], Any], at: int) -> Partial:
    (run, *parts), (documents, total) = element
    key = CountKey(*parts)
    return _row(f"{run}{_END}", key, documents, format(total, "f"), at)


def _row(partial: str, key: CountKey, documents: int, total: str, job_started_at: int) -> Partial:
    return {
        "partial": partial,
        **{name: value for name, value in key._asdict().items() if value and name != "environment"},
        **({"environment": int(key.environment)} if key.environment else {}),
        "documents": documents,
        "total": total,
        "job_started_at": job_started_at,
    }


def is_beside(name: str, beside: Iterable[str]) -> bool:
    """Whether a job, or the job of a partial, is one of the jobs: one launch of them, or all of a job's name."""
    return any(f"{name}/".startswith(f"{job}/") for job in beside)


class ReadPartials(beam.PTransform):
    """PBegin, or a PCollection of one element -> the partials of the jobs ``beside`` (None: all) that Bigtable has."""

    def __init__(self, config: TruthConfig, beside: frozenset[str] | None) -> None:
        super().__init__()
        self._config = config
        self._beside = beside

    def expand(self, start: PBegin | beam.PCollection[Any]) -> beam.PCollection[Partial]:
        split = SplitTable(self._config, _table(self._config))
        return start | "Ranges" >> split | "Read" >> beam.ParDo(_ReadPartials(self._config, self._beside))


class ReplaceCounts(beam.PTransform):
    """Partials -> number of rows of Bigtable's counts that were replaced by them, each row at once.

    ``after``: a PCollection of one element to wait for. Partials of the jobs ``beside`` stay. ``active`` are runs that
    wrote lately: they may be about to store their own sums, which are newer than these and must not be deleted.
    """

    def __init__(
        self,
        config: TruthConfig,
        beside: frozenset[str],
        after: beam.PCollection[Any],
        active: beam.PCollection[str],
    ) -> None:
        super().__init__()
        self._config = config
        self._beside = beside
        self._after = after
        self._active = active

    def expand(self, partials: beam.PCollection[Partial]) -> beam.PCollection[int]:
        config = self._config
        new = partials | "RowOf" >> beam.Map(_by_row).with_output_types(_RowPartials)
        old = (
            self._after
            | "Ranges" >> SplitTable(config, _table(config))
            | "Old" >> beam.ParDo(_OldColumns(config, self._beside))
        )
        replace = beam.ParDo(_Replace(config), AsSingleton(self._after), AsList(self._active))
        return {"new": new, "old": old} | "PerRow" >> beam.CoGroupByKey() | "Replace" >> replace


def _table(config: TruthConfig) -> str:
    return f"{config.records_table}{cells.TABLE_SUFFIX}"


def _by_row(partial: Partial) -> _RowPartials:
    day = partial.get("day") or partial.get("month", "")
    return cells.row_of(partial["dimension"], partial.get("value", ""), day), partial


class _ScanCounts(ReaderDoFn):
    def __init__(self, config: TruthConfig, beside: frozenset[str] | None) -> None:
        super().__init__(config)
        self._beside = beside
        self._table = _table(config)

    def _columns(self, element: Range) -> Iterator[tuple[bytes, Cell, list[str]]]:
        """Row, cell and the parts of its name (the last is the partial) of every cell of a range."""
        client = shared_writer(self._config).client
        for row in client.scan(self._table, *element, cells.FAMILIES):
            for cell in row.cells:
                yield row.key, cell, cell.qualifier.decode().split("/", 4)


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(_RowQualifier)
class _OldColumns(_ScanCounts):
    def process(self, element: Range) -> Iterator[_RowQualifier]:
        for row, cell, parts in self._columns(element):
            if not is_beside(parts[4], self._beside or ()):
                yield row, cell.qualifier


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(Partial)
class _ReadPartials(_ScanCounts):
    def process(self, element: Range) -> Iterator[Partial]:
        for row, cell, parts in self._columns(element):
            if self._beside is None or is_beside(parts[4], self._beside):
                one = by_column([cell])
                [(key, amount)] = cells.sums(self._reader.codec, row, one).items()
                month = key.month if _is_date(key.month) else ""
                total = format(amount.total, "f")
                yield _row(parts[4], key._replace(month=month), amount.documents, total, cell.timestamp)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@beam.typehints.with_output_types(int)
class _Replace(beam.DoFn):
    def __init__(self, config: TruthConfig) -> None:
        self._config = config

    def start_bundle(self) -> None:
        self._waiting: list[Any] = []

    def process(self, element: tuple[bytes, dict[str, Iterable[Any]]], _: Any, active: Sequence[str]) -> Iterator[int]:
        row, groups = element
        writer = shared_writer(self._config)
        new = [cells.cell_of(writer.codec, partial)[1] for partial in groups["new"]]
        # Also what has the name of a new cell: a newer cell would hide it.
        names = {*groups["old"], *(cell.qualifier for cell in new)}
        deleted = [(cells.COUNTS, name) for name in sorted(names) if not _is_of(name, active)]
        self._waiting.append(writer.client.replace(_table(self._config), row, deleted, new))
        if len(self._waiting) >= _WRITES_AT_ONCE:
            self.finish_bundle()
        yield 1

    def finish_bundle(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            wait_for(_all(waiting))


def _is_of(qualifier: bytes, runs: Iterable[str]) -> bool:
    partial = qualifier.decode().split("/", 4)[4]
    return partial.endswith(_END) and partial.removesuffix(_END) in runs


async def _all(waiting: list[Any]) -> None:
    await asyncio.gather(*waiting)
