"""What Beam adds to the backfill: CPU of the whole job compared with a plain loop over the same functions.

    python -m local.bench.job [--rounds 3] [--documents 3000]

Both run in this process, by turns, over the same archives, into tables of their own, against the same emulators; CPU is
of this process alone, all its threads. What each takes for a handful of documents (connections, the graph and its
stages) is measured and taken off. The job is ``pipelines.backfill`` on FnApiRunner. The plain loop reads, parses,
applies to Bigtable, makes rows, encodes and appends them to BigQuery, adds the counts up in a dict, stores them and
appends their rows: the same functions, writer and sink, as many documents at a time, one thread, and nothing of Beam.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from local.bench.results import Figure
from local.bench.samples import RECEIVED_AT
from local.bench.timing import measured
from local.generate.__main__ import INPUT, MANIFEST, write_set
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from pipelines import backfill, defaults, tables
from transforms.counting import cells
from transforms.counting.contributions import Amount, CountKey, add, columns_of, contributions
from transforms.ingest.archives import expand
from transforms.ingest.files import FileRef, open_file
from transforms.ingest.limits import DEFAULT
from transforms.ingest.listing import list_files
from transforms.ingest.work import ZipShard, batches, read_shard, shared_out
from transforms.model import Applied, RawDocument, Record
from transforms.parse.parser import parse
from transforms.parse.transform import BATCH
from transforms.truth import row_keys, rows
from transforms.truth.config import TruthConfig
from transforms.truth.transaction import Attempt, Completed, Transaction, Write, transact
from transforms.truth.writer import Done, Writer, shared_writer
from transforms.views.connect import storage_endpoint
from transforms.views.rows import TableRow, row_of_count, rows_of
from transforms.views.sink import Destination, Sink, acquire
from transforms.views.write import BATCH_BYTES, BATCH_ROWS, ENCODED_AT_ONCE

DOCUMENTS = 3_000
GOAL = 1.35
_HANDFUL = 20
_RUN = "bench"


def run(rounds: int, documents: int = DOCUMENTS) -> dict[str, Any]:
    """CPU in µs of a document by the job and by the loop, and their ratio; starts and stops emulators of its own."""
    with tempfile.TemporaryDirectory(prefix="acervo-bench-") as folder, stack() as running, running.exported():
        few, many = archives_of(Path(folder, "few"), _HANDFUL), archives_of(Path(folder, "many"), documents)
        found = [_round(few, many) for _ in range(rounds + 1)][1:]
    jobs, loops = zip(*found, strict=True)
    ratios = [job / loop for job, loop in found]
    return {
        "documents": documents,
        "job_cpu_micros": round(statistics.median(jobs), 1),
        "loop_cpu_micros": round(statistics.median(loops), 1),
        "least_job_cpu_micros": round(min(jobs), 1),
        "least_loop_cpu_micros": round(min(loops), 1),
        "job_beside_loop": round(statistics.median(ratios), 3),
        "least_job_beside_least_loop": round(min(jobs) / min(loops), 3),
        "job_beside_loop_of_each_round": [round(ratio, 3) for ratio in ratios],
        "goal_job_beside_loop": GOAL,
    }


def archives_of(folder: Path, documents: int) -> tuple[str, int]:
    """Input of a job, and the number of inputs in it."""
    write_set(folder, 1, documents, archive="zip")
    return str(folder / INPUT), orjson.loads((folder / MANIFEST).read_bytes())["expected"]["inputs"]


def _round(few: tuple[str, int], many: tuple[str, int]) -> tuple[float, float]:
    return _micros(_job, few, many), _micros(_loop, few, many)


def _micros(work: Callable[[str, int, str], int], few: tuple[str, int], many: tuple[str, int]) -> float:
    """CPU of an input in µs, without what connecting, or building a graph, takes."""
    floor, whole = (measured(partial(work, *archives, _stores())) for archives in (few, many))
    return (whole.cpu - floor.cpu) / (whole.units - floor.units) * 1e6


_numbers = itertools.count()


def _stores() -> str:
    """Name of a new table of Bigtable and of a new dataset."""
    name = f"bench_{next(_numbers)}"
    tables.set_up(TruthConfig(LOCAL_PROJECT, defaults.DEFAULT_INSTANCE, name), name)
    return name


def _job(archives: str, inputs: int, stores: str) -> int:
    where = ["--project", LOCAL_PROJECT, "--bigtable_table", stores, "--dataset", stores]
    backfill.run(["--input", archives, "--runner", "FnApiRunner", *where])
    return inputs


def _loop(archives: str, inputs: int, stores: str) -> int:
    writer = shared_writer(TruthConfig(LOCAL_PROJECT, defaults.DEFAULT_INSTANCE, stores))
    counts: dict[CountKey, Amount] = {}
    with _appending(acquire(Destination(LOCAL_PROJECT, stores, storage_endpoint(), 60))) as append:
        for applied in _applied(writer, _records(read(archives))):
            append(rows_of(applied))
            if applied.change is not None:
                for key, amount in contributions(applied.change):
                    counts[key] = add(counts[key], amount) if key in counts else amount
        for done in _stored(writer, counts):
            append([row_of_count(done.completed.result)])
    writer.close()
    return inputs


def read(archives: str) -> Iterator[RawDocument]:
    files = [file for file in list_files((archives,)) if isinstance(file, FileRef)]
    for work in itertools.chain.from_iterable(map(shared_out, batches(files))):
        if isinstance(work, ZipShard):
            outcomes = read_shard(work)
        else:
            outcomes = itertools.chain.from_iterable(map(_expanded, work.files))
        for outcome in outcomes:
            assert isinstance(outcome, RawDocument), outcome
            yield outcome


def _expanded(file: FileRef) -> Iterator[Any]:
    with open_file(file.path) as stream:
        yield from expand(stream, file.origin, file.modified_at, DEFAULT)


def _records(documents: Iterable[RawDocument]) -> Iterator[Record]:
    waiting = iter(documents)
    while batch := list(itertools.islice(waiting, BATCH)):
        for record in [found for document in batch for found in parse(document)]:
            assert isinstance(record, Record), record
            yield record


def _applied(writer: Writer, records: Iterable[Record]) -> Iterator[Applied]:
    bundle, table = writer.bundle(), writer.config.records_table
    for record in records:
        attempt = Attempt(_RUN, _RUN, time.time_ns() // 1_000)
        row, size = row_keys.row_key(record.entry.key), len(record.raw.payload)
        bundle.add(table, row, size, None, partial(transact, writer.codec, record, attempt))
        yield from (done.completed.result for done in bundle.ready())
    yield from (done.completed.result for done in bundle.finish())


def _stored(writer: Writer, counts: dict[CountKey, Amount]) -> Iterator[Done]:
    bundle, table = writer.bundle(), f"{writer.config.records_table}{cells.TABLE_SUFFIX}"
    for key, amount in counts.items():
        partial_sum = _partial(key, amount)
        row, cell = cells.cell_of(writer.codec, partial_sum)
        bundle.add(table, row, len(cell.value), None, partial(_store, row, cell, partial_sum))
        yield from bundle.ready()
    yield from bundle.finish()


def _partial(key: CountKey, amount: Amount) -> dict[str, Any]:
    sums = {"documents": amount.documents, "total": format(amount.total, "f")}
    return {"partial": f"{_RUN}/all/0", **columns_of(key), **sums, "job_started_at": RECEIVED_AT}


def _store(row: bytes, cell: rows.Cell, partial_sum: dict[str, Any]) -> Transaction:
    yield Write(row, (cell,))
    return Completed(partial_sum, 0, len(cell.value))


@contextmanager
def _appending(sink: Sink) -> Iterator[Any]:
    """A function that takes rows; they are encoded at once and appended in batches, all of them at the end."""
    held: list[TableRow] = []
    batches: dict[str, list[bytes]] = {}
    sizes: dict[str, int] = {}
    waiting = []

    def append(found: Iterable[TableRow]) -> None:
        held.extend(found)
        if len(held) >= ENCODED_AT_ONCE:
            encode()

    def encode() -> None:
        for table, row in held:
            encoded = sink.encoders[table].encode(row)
            batch = batches.setdefault(table, [])
            batch.append(encoded)
            sizes[table] = sizes.get(table, 0) + len(encoded)
            if sizes[table] > BATCH_BYTES or len(batch) >= BATCH_ROWS:
                waiting.append(sink.append(table, batches.pop(table)))
                del sizes[table]
        held.clear()

    yield append
    encode()
    waiting += [sink.append(table, batch) for table, batch in batches.items()]
    assert not any(future.result().refused for future in waiting)


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    return [
        Figure(
            "backfill on FnApiRunner, CPU of a document",
            f"{found['job_cpu_micros']:,.0f} µs, {found['job_beside_loop']:.2f} times a plain loop",
            f"plain loop over the same functions {found['loop_cpu_micros']:,.0f} µs",
            f"{GOAL}",
        )
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.job", description="What Beam adds to the backfill.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    options = parser.parse_args(argv)
    print(orjson.dumps(run(options.rounds, options.documents), option=orjson.OPT_INDENT_2).decode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
