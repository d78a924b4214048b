"""Counts computed again from stored changes, in place of all existing partial sums.

A change says how it is counted. One of a bounded job is counted under the run that made it, in the partial that the job
itself would write, but as if that partial were older than any job: the run, started again, overwrites it with the same
sums. One of a stream is counted in its slot of the change log, which is rewritten too: the same sums under the same
names and versions as the stream itself stores. So nothing is counted twice, whatever else is running.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsSingleton

from transforms.counting import cells, log, log_writer
from transforms.counting.cells import Partial
from transforms.counting.contributions import Amount, CountKey, columns_of, contributions
from transforms.counting.sums import SumAmounts
from transforms.counting.transform import RUN_SUFFIX
from transforms.model import Change
from transforms.truth.config import TruthConfig
from transforms.truth.rows import Cell

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
    return row_of_sum(f"{run}{RUN_SUFFIX}", CountKey(*parts), Amount(documents, total))


def row_of_sum(partial: str, key: CountKey, amount: Amount) -> Partial:
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
            log_writer.write_log(self._config, held, marked=False)
