"""``ReparseRecords``: stored records read again, and what differs written; ``AdoptRecords``: what was found inside."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import PBegin, TaggedOutput
from apache_beam.utils.windowed_value import WindowedValue

from transforms import instants, metrics
from transforms.model import Applied, Record
from transforms.parse.version import PARSER
from transforms.reparse.reading import Choice, ReadAgain, read_again
from transforms.truth import jobs, row_keys, rows
from transforms.truth.config import TruthConfig
from transforms.truth.read import HistoryReader
from transforms.truth.reparse import Launch, Plan, Reparsed, adopt, plan, reparse
from transforms.truth.rows import Cells, Row
from transforms.truth.scan import SplitTable
from transforms.truth.selection import Range, Selection
from transforms.truth.tombstones import tombstone_of
from transforms.truth.transform import WriterDoFn
from transforms.truth.writer import Done

_LOG = logging.getLogger(__name__)
# What a row holds in memory besides its bytes, roughly.
_OVERHEAD_BYTES = 4_000
_REPARSED, _FOUND = "reparsed", "found"


class ReadAgainOutputs(NamedTuple):
    """``reparsed``: each row of which something has to be handed on, after its commit: changes of this job, and those
    of other reparses that are not known to have handed theirs on. ``found``: records inside of stored XML that the row
    does not hold."""

    reparsed: beam.PCollection[Reparsed]
    found: beam.PCollection[Record]


class ReparseRecords(beam.PTransform):
    """PBegin -> ReadAgainOutputs: the selected keys' rows made what this release's parser reads of their XML, in
    Bigtable. ``dry_run``: nothing is written nor handed on; what differs is counted.
    """

    def __init__(
        self, config: TruthConfig, selection: Selection, choice: Choice, run: str, job: str, dry_run: bool = False
    ) -> None:
        super().__init__()
        self._config = config
        self._selection = selection
        self._read = _Reparse(config, selection, choice, run, job, dry_run)

    def expand(self, begin: PBegin) -> ReadAgainOutputs:
        ranges = SplitTable(self._config, self._config.records_table, self._selection)
        read = begin | "Ranges" >> ranges | "Reparse" >> beam.ParDo(self._read).with_outputs(_FOUND, main=_REPARSED)
        return ReadAgainOutputs(read[_REPARSED], read[_FOUND])


class _LaunchDoFn(WriterDoFn):
    """Writes as one launch of a reparse."""

    def __init__(self, config: TruthConfig, run: str, job: str) -> None:
        super().__init__(config)
        self._run = run
        self._job = job
        self._conflicts = metrics.counter("conflicts")

    def setup(self) -> None:
        super().setup()
        self._finished = jobs.finished(self._config)

    def _launch(self) -> Launch:
        return Launch(self._run, self._job, instants.now(), PARSER, self._finished)

    def _emit(self, done: Done) -> Any:
        self._conflicts.inc(done.completed.conflicts)
        return super()._emit(done)


@beam.typehints.with_input_types(Range)
@beam.typehints.with_output_types(Reparsed, found=Record)
class _Reparse(_LaunchDoFn):
    def __init__(
        self, config: TruthConfig, selection: Selection, choice: Choice, run: str, job: str, dry_run: bool
    ) -> None:
        super().__init__(config, run, job)
        self._selection = selection
        self._choice = choice
        self._dry_run = dry_run
        self._counters = {name: metrics.counter(name) for name in _COUNTERS}
        self._differences: dict[str, Any] = {}

    def setup(self) -> None:
        super().setup()
        self._reader = HistoryReader(self._config)

    def teardown(self) -> None:
        if hasattr(self, "_reader"):  # a set-up that failed is torn down too
            self._reader.close()

    def process(self, element: Range, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[Any]:
        with_xml = (rows.XML,) if self._choice.needs_most_xml else ()
        families = (*rows.TRANSACTION_FAMILIES, *with_xml)
        for row in self._reader.scan_rows(*element, families):
            key, cells = row_keys.key_of(row.key), rows.by_column(row.cells)
            if rows.head_of(cells) is not None and not tombstone_of(cells) and self._selection.takes(key):
                yield from self._row(row, key, cells, place)
        self._counters["ranges_read"].inc()

    def _row(self, row: Row, key: str, cells: Cells, place: WindowedValue) -> Iterator[Any]:
        codec, launch = self._reader.codec, self._launch()
        again = read_again(codec, key, cells, self._choice, partial(self._xml, row.key, cells))
        made = plan(codec, key, cells, again.readings, launch)
        self._count(key, again, made)
        if self._dry_run:
            self._count_differences(made)
            return
        for record in again.found:
            yield TaggedOutput(_FOUND, record)
        if made.cells or len(cells[rows.CHANGES]) > len(cells[rows.FIELDS]):
            kept = {family: columns for family, columns in cells.items() if family != rows.XML}
            size = _OVERHEAD_BYTES + sum(len(cell.value) for cell in row.cells if cell.family != rows.XML)
            writing = self._writer.codec
            self._bundle.add(
                self._config.records_table,
                row.key,
                size,
                place,
                lambda: reparse(writing, key, kept, made, again.readings, launch),
            )
            yield from self._ready()

    def _xml(self, row: bytes, cells: Cells) -> Mapping[bytes, bytes]:
        return cells[rows.XML] if rows.XML in cells else self._reader.xml_cells(row)

    def _count(self, key: str, again: ReadAgain, made: Plan) -> None:
        self._counters["histories_read"].inc()
        self._counters["records_read_again"].inc(len(again.readings))
        self._counters["records_damaged"].inc(len(again.damaged))
        self._counters["records_too_large"].inc(made.too_large)
        for reason in again.damaged:
            _LOG.warning("key %s, left as it is: XML of record %s", key, reason)

    def _count_differences(self, made: Plan) -> None:
        self._counters["records_reparsed"].inc(made.records)
        for name in made.differences:
            if name not in self._differences:
                self._differences[name] = metrics.counter("reparsed_<what>", name)
            self._differences[name].inc()

    def _emit(self, done: Done) -> Any:
        windowed, reparsed = super()._emit(done), done.completed.result
        self._count_differences(reparsed.plan)
        self._counters["rows_marked"].inc(int(bool(reparsed.plan.cells) and not reparsed.plan.records))
        return windowed if reparsed.history else None


_COUNTERS = (
    "histories_read", "records_read_again", "records_reparsed", "records_damaged", "records_too_large", "rows_marked",
    "ranges_read",
)  # fmt: skip


class AdoptRecords(beam.PTransform):
    """Records found inside of stored XML -> Applied, of those that their key's row did not hold, and of those that an
    earlier launch of this run applied and may not have handed on."""

    def __init__(self, config: TruthConfig, run: str, job: str) -> None:
        super().__init__()
        self._adopt = _Adopt(config, run, job)

    def expand(self, records: beam.PCollection[Record]) -> beam.PCollection[Applied]:
        return records | "Adopt" >> beam.ParDo(self._adopt)


@beam.typehints.with_input_types(Record)
@beam.typehints.with_output_types(Applied)
class _Adopt(_LaunchDoFn):
    def __init__(self, config: TruthConfig, run: str, job: str) -> None:
        super().__init__(config, run, job)
        self._adopted = metrics.counter("records_adopted")

    def process(self, record: Record, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[Any]:
        codec, launch, size = self._writer.codec, self._launch(), _OVERHEAD_BYTES + len(record.raw.payload)
        bars = self._bars.current()
        table, row = self._config.records_table, row_keys.row_key(record.entry.key)
        self._bundle.add(table, row, size, place, lambda: adopt(codec, record, launch, bars))
        return self._ready()

    def _emit(self, done: Done) -> Any:
        if done.completed.result is None:
            return None
        self._adopted.inc()
        return super()._emit(done)
