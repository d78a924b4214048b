"""Reading the source of truth: every history and dead letter, in ranges that any runner can distribute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PBegin

from transforms import metrics
from transforms.language import say
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.dead_letters import StoredDeadLetter
from transforms.truth.errors import TruthError
from transforms.truth.loop import wait_for
from transforms.truth.read import History, HistoryReader
from transforms.truth.selection import Range, Selection, split

EVERYTHING = Selection()


class ReadHistories(beam.PTransform):
    """PBegin -> PCollection[History] of the selected keys, each once; without their XML.

    Applied to a PCollection of one element, it reads once that element is there.
    """

    def __init__(self, config: TruthConfig, selection: Selection = EVERYTHING) -> None:
        super().__init__()
        self._config = config
        self._selection = selection

    def expand(self, start: PBegin | beam.PCollection[Any]) -> beam.PCollection[History]:
        ranges = SplitTable(self._config, self._config.records_table, self._selection)
        return start | "Ranges" >> ranges | "Scan" >> beam.ParDo(_Scan(self._config, self._selection))


class ReadDeadLetters(beam.PTransform):
    """PBegin, or a PCollection of one element -> PCollection[StoredDeadLetter], with their bytes."""

    def __init__(self, config: TruthConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, start: PBegin | beam.PCollection[Any]) -> beam.PCollection[StoredDeadLetter]:
        ranges = SplitTable(self._config, self._config.dead_letters_table)
        return start | "Ranges" >> ranges | "Scan" >> beam.ParDo(_ScanDeadLetters(self._config))


class SplitTable(beam.PTransform):
    """PBegin, or a PCollection of one element -> row ranges of a table, split where Bigtable would split it,
    reshuffled."""

    def __init__(self, config: TruthConfig, table: str, selection: Selection = EVERYTHING) -> None:
        super().__init__()
        self._config = config
        self._table = table
        self._selection = selection

    def expand(self, start: PBegin | beam.PCollection[Any]) -> beam.PCollection[Range]:
        first = start | "Start" >> beam.Create([None]) if isinstance(start, PBegin) else start
        return (
            first
            | "Split" >> beam.ParDo(_Split(self._config, self._table, self._selection))
            | "Spread" >> beam.Reshuffle()
        )


@beam.typehints.with_output_types(Range)
class _Split(beam.DoFn):
    def __init__(self, config: TruthConfig, table: str, selection: Selection) -> None:
        self._config = config
        self._table = table
        self._selection = selection

    def process(self, _: Any) -> Iterator[Range]:
        client = Client(self._config)
        try:
            samples = wait_for(client.sample_row_keys(self._table))
        finally:
            wait_for(client.close())
        yield from split(self._selection.ranges(), samples)


class ReaderDoFn(beam.DoFn):
    """Has a ``HistoryReader`` of its own."""

    def __init__(self, config: TruthConfig) -> None:
        self._config = config

    def setup(self) -> None:
        self._reader = HistoryReader(self._config)

    def teardown(self) -> None:
        self._reader.close()


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(History)
class _Scan(ReaderDoFn):
    def __init__(self, config: TruthConfig, selection: Selection) -> None:
        super().__init__(config)
        self._selection = selection
        self._read = metrics.counter("histories_read")

    def process(self, element: Range) -> Iterator[History]:
        try:
            for history in self._reader.scan_range(*element):
                if self._selection.takes(history.key):
                    self._read.inc()
                    yield history
        except KeyError as missing:
            raise TruthError(
                say(
                    "a row between {first!r} and {last!r} lacks the cell {missing}: it was not written by this "
                    "project, or cells were deleted. Look at it with cbt, and restore it from a backup.",
                    first=element[0],
                    last=element[1],
                    missing=missing,
                )
            ) from missing


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(StoredDeadLetter)
class _ScanDeadLetters(ReaderDoFn):
    def process(self, element: Range) -> Iterator[StoredDeadLetter]:
        yield from self._reader.dead_letters(*element)
