"""``WriteRows``: rows of the BigQuery tables in, the rows that BigQuery refused out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.pvalue import TaggedOutput
from apache_beam.utils.windowed_value import WindowedValue

from transforms import instants, metrics
from transforms.views import connect, schema, sink
from transforms.views.encode import RefusedRow
from transforms.views.refused import Refusal
from transforms.views.rows import TableRow
from transforms.views.sink import Appended, Destination, Sink

MEGABYTE = 1_000_000
# A request must stay under 10 MB. Batches end well before, so that many fit in memory at once.
MAX_ROW_BYTES = 9 * MEGABYTE
BATCH_BYTES = MEGABYTE
BATCH_ROWS = 20_000
BATCHES_IN_FLIGHT = 4
# Rows are encoded so many at a time, which the processor's caches reward.
ENCODED_AT_ONCE = 64

# A change is in BigQuery so long after it was known to be the last one of its key (micros), or it is sent again.
PROMISED = 45 * 60_000_000

_WRITTEN, _REFUSED = "written", "refused"


class LateChanges(RuntimeError):
    """Changes came to BigQuery so late that a merge may not have seen them; their bundle is to be run again."""


class Written(NamedTuple):
    """``written``: (table, rows written), one per bundle, table and window. ``refused``: (table, row, reason) of each
    row that its table cannot hold."""

    written: beam.PCollection[tuple[str, int]]
    refused: beam.PCollection[Refusal]


class WriteRows(beam.PTransform):
    """PCollection[(table, row)] -> ``Written``, once the rows are in BigQuery.

    All others of a refused row's batch are written. A bundle whose rows cannot be written for another reason fails,
    after retries for ``retry_seconds``. Rows are written at least once: views keep one per id.
    """

    def __init__(self, project: str, dataset: str, retry_seconds: float = 600, in_time: bool = False) -> None:
        """Endpoints of an emulator, if any, are read from the environment here, at launch.

        ``in_time``: a bundle whose changes come later than ``PROMISED`` after they were current fails, and its retry
        says anew whether they are. Whoever merges changes goes by it.
        """
        super().__init__()
        self._in_time = in_time
        self._destination = Destination(project, dataset, connect.storage_endpoint(), retry_seconds)

    def expand(self, pcoll: beam.PCollection[TableRow]) -> Written:
        append = beam.ParDo(_AppendRows(self._destination, self._in_time)).with_outputs(_REFUSED, main=_WRITTEN)
        found = pcoll | "AppendRows" >> append
        return Written(found[_WRITTEN], found[_REFUSED])


class _Batch:
    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.places: list[WindowedValue] = []
        self.bytes = 0
        self.oldest = 0


class _Waiting(NamedTuple):
    table: str
    batch: _Batch
    appended: Any


@beam.typehints.with_input_types(tuple[str, dict[str, Any]])
@beam.typehints.with_output_types(tuple[str, int])
class _AppendRows(beam.DoFn):
    """Gathers encoded rows per table and appends them in batches, the last at the bundle's end."""

    def __init__(self, destination: Destination, in_time: bool) -> None:
        self._destination = destination
        self._in_time = in_time
        self._millis = metrics.distribution("append_millis")
        self._written = {name: metrics.counter("rows_written_<table>", name) for name in schema.TABLES}
        self._refused = {name: metrics.counter("rows_refused_<table>", name) for name in schema.TABLES}

    def setup(self) -> None:
        self._sink: Sink = sink.acquire(self._destination)

    def teardown(self) -> None:
        if hasattr(self, "_sink"):  # a set-up that failed is torn down too
            sink.release(self._destination)

    def start_bundle(self) -> None:
        self._held: list[WindowedValue] = []
        self._batches: dict[str, _Batch] = {}
        self._in_flight: list[_Waiting] = []
        self._counts: dict[tuple[str, Any], int] = {}
        self._late_refusals: list[tuple[Refusal, WindowedValue]] = []

    def process(self, element: TableRow, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Sequence[Any]:
        self._held.append(place)
        return self._encoded() if len(self._held) >= ENCODED_AT_ONCE else ()

    def _encoded(self) -> list[TaggedOutput]:
        """Encodes the rows held, and sends the batches that are full of them; gives the rows that do not fit."""
        held, self._held = self._held, []
        return [refused for place in held if (refused := self._add(place))]

    def _add(self, place: WindowedValue) -> TaggedOutput | None:
        table, row = place.value
        try:
            encoded = self._sink.encoders[table].encode(row)
            if len(encoded) > MAX_ROW_BYTES:
                raise RefusedRow(f"the row has {len(encoded)} bytes; a request holds {MAX_ROW_BYTES}")
        except RefusedRow as refused:
            self._refused[table].inc()
            return TaggedOutput(_REFUSED, place.with_value((table, row, str(refused))))
        batch = self._batches.get(table)
        if batch and (batch.bytes + len(encoded) > BATCH_BYTES or len(batch.rows) >= BATCH_ROWS):
            self._send(table)
            batch = None
        if batch is None:
            batch = self._batches[table] = _Batch()
        batch.rows.append(encoded)
        batch.places.append(place.with_value(None))
        batch.bytes += len(encoded)
        if self._in_time and (current_at := row.get(schema.CURRENT_AT)):
            batch.oldest = min(batch.oldest or current_at, current_at)
        return None

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._encoded()
        for table in list(self._batches):
            self._send(table)
        while self._in_flight:
            self._receive(self._in_flight.pop(0))
        for refusal, place in self._late_refusals:
            yield TaggedOutput(_REFUSED, place.with_value(refusal))
        for (table, window), count in self._counts.items():
            yield WindowedValue((table, count), window.max_timestamp(), [window])

    def _send(self, table: str) -> None:
        batch = self._batches.pop(table)
        if len(self._in_flight) >= BATCHES_IN_FLIGHT:
            self._receive(self._in_flight.pop(0))
        self._in_flight.append(_Waiting(table, batch, self._sink.append(table, batch.rows)))

    def _receive(self, waiting: _Waiting) -> None:
        table, batch = waiting.table, waiting.batch
        appended: Appended = waiting.appended.result()
        self._millis.update(appended.millis)
        if batch.oldest and instants.now() - batch.oldest > PROMISED:
            raise LateChanges(
                f"changes took more than {PROMISED // 60_000_000} minutes from Bigtable to BigQuery: this worker stood "
                "still. The bundle is run again, which asks Bigtable whether they are still the last of their keys."
            )
        decode = self._sink.encoders[table].decode
        for index, reason in appended.refused.items():
            self._late_refusals.append(((table, decode(batch.rows[index]), reason), batch.places[index]))
        for index, place in enumerate(batch.places):
            if index not in appended.refused:
                for window in place.windows:
                    self._counts[table, window] = self._counts.get((table, window), 0) + 1
        self._refused[table].inc(len(appended.refused))
        self._written[table].inc(len(batch.rows) - len(appended.refused))
