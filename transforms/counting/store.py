"""``StoreCounts``: partial sums into Bigtable, passed on once they are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from transforms.counting import cells
from transforms.counting.cells import Partial
from transforms.counting.log_writer import counts_table
from transforms.truth.config import TruthConfig
from transforms.truth.rows import Cell
from transforms.truth.transaction import Completed, Transaction, Write
from transforms.truth.transform import WriterDoFn


class StoreCounts(beam.PTransform):
    """PCollection of partials (rows of the table ``counts``) -> the same, once each is in Bigtable."""

    def __init__(self, config: TruthConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, partials: beam.PCollection[Partial]) -> beam.PCollection[Partial]:
        return partials | "Store" >> beam.ParDo(_StoreCounts(self._config))


@beam.typehints.with_input_types(Partial)
@beam.typehints.with_output_types(Partial)
class _StoreCounts(WriterDoFn):
    def __init__(self, config: TruthConfig) -> None:
        super().__init__(config)
        self._table = counts_table(config)

    def process(self, partial: Partial, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[Any]:
        row, cell = cells.cell_of(self._writer.codec, partial)
        self._bundle.add(self._table, row, len(cell.value), place, lambda: _store(row, cell, partial))
        return self._ready()


def _store(row: bytes, cell: Cell, partial: Partial) -> Transaction:
    yield Write(row, (cell,))
    return Completed(partial, 0, len(cell.value))
