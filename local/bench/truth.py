"""The source of truth compared with bare calls of the same payload: what is left to gain, and what a write costs.

    python -m local.bench truth [--rounds 5]

Compared in one process, interleaved, each on an empty table, against one emulator, which shares the cores:

* ``bare``: the least that Python can do with the same kind of channel as the writer's. Requests are serialised
  beforehand; as many coroutines as the writer has calls in flight await the generated service's CheckAndMutateRow
  (``grpc.aio``, bytes in, bytes out), the answers are dropped. One thread, no retries.
* ``data_client``: the same cells by ``google-cloud-bigtable``'s asynchronous data client, as its users would.
* ``write``: the writer given the same cells: hand-over, requests, calls, retries, order of a key, results.
* ``prepare``: all of the transform but the calls: encoding, compression, fold, request, result. One thread.
* ``transform``: the transform's DoFn: records in, results out.

CPU is of this process alone, all its threads. One thread of Python bounds the rate of ``bare``, and ``transform`` has
``prepare`` to do besides, so their rates compare about as their CPU does.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import grpc.aio
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue
from google.cloud.bigtable.data import BigtableDataClientAsync, SetCell
from google.cloud.bigtable.data.row_filters import (
    ColumnQualifierRegexFilter,
    FamilyNameRegexFilter,
    RowFilterChain,
)

from local.bench.results import Figure
from local.bench.samples import first_records
from local.bench.timing import Cost, Work, by_name, cpu_ratio, interleaved, rate_ratio
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from transforms.model import Record
from transforms.truth import admin, client, requests, rows
from transforms.truth.codec import Codec, packaged_codec
from transforms.truth.config import EMULATOR_VARIABLE, TruthConfig
from transforms.truth.transaction import Attempt, Check, Completed, Keep, Transaction, transact
from transforms.truth.transform import _ApplyRecords
from transforms.truth.writer import Writer

RECORDS = 3_000
BUNDLE = 1_000
GOAL_RATE, GOAL_MICROS = 0.85, 200
_ATTEMPT = Attempt("bench", "bench", 1_770_000_000_000_000)


def run(rounds: int) -> dict[str, Any]:
    """Rates, CPU in µs and ratios of each; starts and stops an emulator of its own."""
    with stack(bigquery=False) as running, running.exported():
        found = interleaved(rounds, _Rounds(first_records(RECORDS)))
    return {
        "records": RECORDS,
        **by_name(found),
        "rate_beside_bare": rate_ratio(found["transform"], found["bare"]),
        "rate_beside_data_client": rate_ratio(found["transform"], found["data_client"]),
        "cpu_beside_bare_and_prepare": cpu_ratio(found["transform"], _added(found["bare"], found["prepare"])),
        "goal_rate_beside_bare": GOAL_RATE,
        "goal_cpu_micros_of_write": GOAL_MICROS,
    }


def _added(one: list[Cost], other: list[Cost]) -> list[Cost]:
    return [Cost(a.cpu + b.cpu, a.wall + b.wall, a.units) for a, b in zip(one, other, strict=True)]


class _Rounds:
    """Makes the work of each round, every piece on a table of its own."""

    def __init__(self, records: list[Record]) -> None:
        self._records = records
        self._codec = packaged_codec()
        self._checks = [_check_of(self._codec, record) for record in records]
        self._config = TruthConfig(LOCAL_PROJECT, "bench")
        self._numbers = itertools.count()

    def __call__(self) -> Mapping[str, Work]:
        return {
            "bare": self._bare(),
            "data_client": self._data_client(),
            "write": self._write(),
            "prepare": self._prepare,
            "transform": self._transform(),
        }

    def _empty_table(self) -> TruthConfig:
        config = replace(self._config, table=f"bench_{next(self._numbers)}")
        admin.create_tables(config)
        return config

    def _bare(self) -> Work:
        config = self._empty_table()
        table, profile = config.records_table, config.app_profile
        made = [requests.check_request(table, profile, c.row, c.revision, c.cells) for c in self._checks]
        return lambda: asyncio.run(_send_all(config, made))

    def _data_client(self) -> Work:
        config = self._empty_table()
        return lambda: asyncio.run(_send_by_data_client(config, self._checks))

    def _write(self) -> Work:
        return _closing(Writer(self._empty_table(), self._codec), self._write_checks)

    def _write_checks(self, writer: Writer) -> int:
        bundle, done = writer.bundle(), 0
        for check in self._checks:
            size = rows.stored_bytes(check.cells)
            bundle.add(writer.config.records_table, check.row, size, None, partial(_written, check))
            done += sum(1 for _ in bundle.ready())
        return done + sum(1 for _ in bundle.finish())

    def _prepare(self) -> int:
        table, profile = self._config.records_table, self._config.app_profile
        for record in self._records:
            transaction, check = _begun(self._codec, record)
            requests.check_request(table, profile, check.row, check.revision, check.cells)
            _result(transaction)
        return len(self._records)

    def _transform(self) -> Work:
        apply = _ApplyRecords(self._empty_table(), _ATTEMPT.run, _ATTEMPT.job)
        apply.setup()
        return lambda: sum(1 for _ in _applied(apply, self._records))


def _closing(writer: Writer, work: Callable[[Writer], int]) -> Work:
    def all_of_it() -> int:
        try:
            return work(writer)
        finally:
            writer.close()

    return all_of_it


def _written(check: Check) -> Transaction:
    assert (yield check)
    return Completed(None, 0, 0)


def _begun(codec: Codec, record: Record) -> tuple[Transaction, Check]:
    """A transaction that stands before its write; what it wants to be there before is taken to be there."""
    transaction = transact(codec, record, _ATTEMPT)
    step = next(transaction)
    while isinstance(step, Keep):
        step = transaction.send(None)
    assert isinstance(step, Check)
    return transaction, step


def _check_of(codec: Codec, record: Record) -> Check:
    return _begun(codec, record)[1]


def _result(transaction: Transaction) -> Completed:
    try:
        transaction.send(True)
    except StopIteration as stop:
        completed: Completed = stop.value
        return completed
    raise AssertionError("a first record is applied by one write")


def _applied(apply: _ApplyRecords, records: Sequence[Record]) -> Iterator[Any]:
    """Results of the DoFn, in bundles, as a runner calls it."""
    window = GlobalWindow()
    for start in range(0, len(records), BUNDLE):
        apply.start_bundle()
        for record in records[start : start + BUNDLE]:
            yield from apply.process(record, WindowedValue(record, 0, (window,)))
        yield from apply.finish_bundle()


async def _send_all(config: TruthConfig, made: Sequence[bytes]) -> int:
    channel = grpc.aio.insecure_channel(os.environ[EMULATOR_VARIABLE], options=client.OPTIONS)
    call = channel.unary_unary(client.SERVICE + "CheckAndMutateRow")
    metadata = client.routing(config.records_table, config.app_profile)
    waiting = iter(made)

    async def send() -> None:
        for request in waiting:
            await call(request, metadata=metadata, timeout=config.deadline_seconds)

    await asyncio.gather(*(send() for _ in range(config.max_in_flight)))
    await channel.close()
    return len(made)


async def _send_by_data_client(config: TruthConfig, checks: Sequence[Check]) -> int:
    predicate = RowFilterChain([FamilyNameRegexFilter(rows.STATE), ColumnQualifierRegexFilter(rows.REVISION)])
    waiting = iter(checks)
    async with BigtableDataClientAsync(project=config.project) as data_client:
        table = data_client.get_table(config.instance, config.table)

        async def send() -> None:
            for check in waiting:
                cells = [SetCell(c.family, c.qualifier, c.value, c.timestamp) for c in check.cells]
                await table.check_and_mutate_row(check.row, predicate, false_case_mutations=cells)

        await asyncio.gather(*(send() for _ in range(config.max_in_flight)))
    return len(checks)


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    micros = {name: found[name]["cpu_micros"] for name in ("bare", "data_client", "write", "prepare", "transform")}
    rate, bare = found["transform"]["per_second"], found["bare"]["per_second"]
    return [
        Figure(
            "conditional write to Bigtable, CPU of the client",
            f"{micros['write']:.0f} µs",
            f"bare gRPC loop {micros['bare']:.0f} µs, data client {micros['data_client']:.0f} µs",
            f"{GOAL_MICROS} µs",
        ),
        Figure(
            "source of truth, records a second",
            f"{rate:,.0f}, {found['rate_beside_data_client']:.0%} of a loop over Google's client, "
            f"{found['rate_beside_bare']:.0%} of one over the bare stub",
            f"both loops send what was encoded before: {found['data_client']['per_second']:,.0f} and {bare:,.0f}",
            f"{GOAL_RATE:.0%}",
        ),
        Figure(
            "source of truth, CPU of a record",
            f"{micros['transform']:.0f} µs",
            f"bare gRPC loop {micros['bare']:.0f} µs, encoding and compression {micros['prepare']:.0f} µs",
        ),
    ]
