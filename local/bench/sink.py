"""The BigQuery sink compared with the bare client: rows a second, and CPU of a row.

    python -m local.bench sink [--rounds 5]

Compared in one process, interleaved, each into a dataset of its own, on one emulator, which shares the cores. The rows
are those of first records of generated documents: of each its own, its change and its arrival.

* ``bare``: ``BigQueryWriteClient.append_rows`` with rows encoded beforehand, in requests of the sink's size, one stream
  per table, all requests handed over at once.
* ``append``: the sink given the same encoded rows: its threads, connections, retries.
* ``write``: the sink's DoFn: rows as dicts in, encoded, checked, gathered, appended, counted.
* ``make``: ``rows_of``, which makes the rows of a record (of which a row is a third).

CPU is of this process alone, all its threads.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport

from local.bench.results import Figure
from local.bench.samples import first_records
from local.bench.timing import Work, by_name, cpu_ratio, interleaved, rate_ratio
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from transforms.model import Applied
from transforms.truth.codec import packaged_codec
from transforms.truth.transaction import Attempt, Keep, transact
from transforms.views import catalog, schema
from transforms.views.connect import storage_channel, storage_endpoint
from transforms.views.encode import RowEncoder
from transforms.views.rows import TableRow, rows_of
from transforms.views.sink import Destination, acquire
from transforms.views.write import BATCH_BYTES, _AppendRows

RECORDS = 5_000
_ATTEMPT = Attempt("bench", "bench", 1_770_000_000_000_000)


def run(rounds: int) -> dict[str, Any]:
    """Rates, CPU in µs of a row and ratios; starts and stops an emulator of its own."""
    with stack(bigtable=False) as running, running.exported():
        found = interleaved(rounds, _Rounds(_applied(RECORDS)))
    return {
        "rows": found["bare"][0].units,
        **by_name(found),
        "append_rate_beside_bare": rate_ratio(found["append"], found["bare"]),
        "append_cpu_beside_bare": cpu_ratio(found["append"], found["bare"]),
        "write_rate_beside_bare": rate_ratio(found["write"], found["bare"]),
    }


def _applied(count: int) -> list[Applied]:
    codec = packaged_codec()
    found = []
    for record in first_records(count):
        transaction = transact(codec, record, _ATTEMPT)
        step = next(transaction)
        while isinstance(step, Keep):
            step = transaction.send(None)
        try:
            transaction.send(True)
        except StopIteration as stop:
            found.append(stop.value.result)
    return found


class _Rounds:
    """Makes the work of each round, every piece in a dataset of its own."""

    def __init__(self, applied: list[Applied]) -> None:
        self._applied = applied
        self._rows: list[TableRow] = [row for one in applied for row in rows_of(one)]
        encoders = {name: RowEncoder(schema.load(name)) for name in schema.TABLES}
        self._descriptors = {name: encoder.descriptor for name, encoder in encoders.items()}
        self._requests = list(_requests((table, encoders[table].encode(row)) for table, row in self._rows))
        self._numbers = itertools.count()

    def __call__(self) -> Mapping[str, Work]:
        return {
            "bare": partial(self._bare, self._dataset()),
            "append": partial(self._append, self._dataset()),
            "write": partial(self._write, self._dataset()),
            "make": self._make,
        }

    def _dataset(self) -> str:
        name = f"bench_{next(self._numbers)}"
        catalog.migrate(LOCAL_PROJECT, name)
        return name

    def _bare(self, dataset: str) -> int:
        client = BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=storage_channel(storage_endpoint())))
        parent = f"projects/{LOCAL_PROJECT}/datasets/{dataset}/tables"
        streams = {table: [rows for name, rows in self._requests if name == table] for table, _ in self._requests}
        answers = [
            client.append_rows(_append_requests(f"{parent}/{table}", self._descriptors[table], found))
            for table, found in streams.items()
        ]
        for response in itertools.chain.from_iterable(answers):
            assert not response.error.code and not response.row_errors
        return len(self._rows)

    def _append(self, dataset: str) -> int:
        sink = acquire(_destination(dataset))
        waiting = [sink.append(table, rows) for table, rows in self._requests]
        assert not any(future.result().refused for future in waiting)
        return len(self._rows)

    def _write(self, dataset: str) -> int:
        append = _AppendRows(_destination(dataset), in_time=False)
        append.setup()
        append.start_bundle()
        window = GlobalWindow()
        for row in self._rows:
            assert not append.process(row, WindowedValue(row, 0, (window,)))
        written: int = sum(one.value[1] for one in append.finish_bundle())
        assert written == len(self._rows)
        return written

    def _make(self) -> int:
        return sum(len(rows_of(one)) for one in self._applied)


def _destination(dataset: str) -> Destination:
    return Destination(LOCAL_PROJECT, dataset, storage_endpoint(), 60)


def _requests(encoded: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, list[bytes]]]:
    """Rows of one table together, as many as the sink puts into a request."""
    gathered: dict[str, list[bytes]] = {}
    sizes: dict[str, int] = {}
    for table, row in encoded:
        if sizes.get(table, 0) + len(row) > BATCH_BYTES:
            yield table, gathered.pop(table)
            sizes[table] = 0
        gathered.setdefault(table, []).append(row)
        sizes[table] = sizes.get(table, 0) + len(row)
    yield from gathered.items()


def _append_requests(table: str, descriptor: Any, found: list[list[bytes]]) -> Iterator[types.AppendRowsRequest]:
    for rows in found:
        data = types.AppendRowsRequest.ProtoData(
            writer_schema=types.ProtoSchema(proto_descriptor=descriptor), rows=types.ProtoRows(serialized_rows=rows)
        )
        yield types.AppendRowsRequest(write_stream=f"{table}/streams/_default", proto_rows=data)


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    write, bare = found["write"], found["bare"]
    return [
        Figure(
            "BigQuery sink, rows a second, encoding included",
            f"{write['per_second']:,.0f}, {found['write_rate_beside_bare']:.0%} of the bare client",
            f"bare client, rows encoded beforehand, {bare['per_second']:,.0f}",
        ),
        Figure("BigQuery sink, CPU of a row", f"{write['cpu_micros']:.0f} µs", f"bare {bare['cpu_micros']:.0f} µs"),
    ]
