"""Where the CPU of a document goes in the backfill, stage by stage.

    python -m local.bench.stages [--documents 3000]

Each stage runs alone, in one thread, over the same generated documents, with what the stage before it made; CPU of that
thread, the least of some rounds. What the whole job takes beyond their sum is calls to the stores, Beam, and that
threads take turns: ``local.bench.job`` measures the job and a plain loop of the same stages.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from local.bench import job
from local.bench.results import Figure, keep
from transforms.counting.contributions import contributions
from transforms.history.fold import fold
from transforms.model import Applied, RawDocument, Record
from transforms.parse.parser import parse
from transforms.truth import requests, rows
from transforms.truth.codec import packaged_codec
from transforms.truth.transaction import Attempt, Check, Completed, Keep, Transaction, transact
from transforms.views import schema
from transforms.views.encode import RowEncoder
from transforms.views.rows import rows_of

DOCUMENTS = 3_000
_ATTEMPT = Attempt("bench", "bench", 1_770_000_000_000_000)
STAGES = {
    "read": "read from a zip, with its checksum",
    "parse": "parse",
    "compress_xml": "take the XML apart and compress it",
    "encode_fields": "encode and compress the fields",
    "fold": "fold the state",
    "transact": "the rest of the transaction: change and state, encoded and compressed",
    "request": "the request to Bigtable, as bytes",
    "rows": "make rows of BigQuery",
    "encode_rows": "encode the rows",
    "count": "contributions to counts",
}


class _Begun(NamedTuple):
    transaction: Transaction
    check: Check


def run(rounds: int, documents: int = DOCUMENTS) -> dict[str, Any]:
    """µs of CPU of a document in each stage, and their sum."""
    with tempfile.TemporaryDirectory(prefix="acervo-bench-") as folder:
        archives, inputs = job.archives_of(Path(folder), documents)
        seconds, raws = _least(rounds, lambda: list(job.read(archives)))
    taken = {"read": seconds} | {name: _least(rounds, work)[0] for name, work in works(raws).items()}
    taken["transact"] -= taken["compress_xml"] + taken["encode_fields"] + taken["fold"]
    micros = {name: round(seconds / inputs * 1e6, 1) for name, seconds in taken.items()}
    return {"documents": inputs, "micros": micros, "sum_micros": round(sum(micros.values()), 1)}


def works(raws: Sequence[RawDocument]) -> dict[str, Callable[[], Any]]:
    """What each stage but the first does with these documents; what the stages before it make is made already.

    ``transact`` is the whole transaction: with the stages that it calls.
    """
    codec = packaged_codec()
    records = [one for raw in raws for one in parse(raw) if isinstance(one, Record)]
    begun = [_begun(transact(codec, one, _ATTEMPT)) for one in records]
    applied = [_applied(one.transaction) for one in begun]
    made = [row for one in applied for row in rows_of(one)]
    encoders = {name: RowEncoder(schema.load(name)) for name in schema.TABLES}
    return {
        "parse": lambda: [one for raw in raws for one in parse(raw)],
        "compress_xml": lambda: [codec.pack_xml(one.raw.payload) for one in records],
        "encode_fields": lambda: [rows.fields_cell(codec, rows.StoredEntry(one.entry, 1)) for one in records],
        "fold": lambda: [fold([one.entry]) for one in records],
        "transact": lambda: [_begun(transact(codec, one, _ATTEMPT)) for one in records],
        "request": lambda: [_request(one.check) for one in begun],
        "rows": lambda: [row for one in applied for row in rows_of(one)],
        "encode_rows": lambda: [encoders[table].encode(row) for table, row in made],
        "count": lambda: [list(contributions(one.change)) for one in applied if one.change],
    }


def _least(rounds: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of this thread, the least of the rounds, and what the last one made."""
    seconds: list[float] = []
    for _ in range(rounds):
        started = time.thread_time()
        found = work()
        seconds.append(time.thread_time() - started)
    return min(seconds), found


def _begun(transaction: Transaction) -> _Begun:
    """A transaction that stands before its write."""
    step = next(transaction)
    while isinstance(step, Keep):
        step = transaction.send(None)
    assert isinstance(step, Check), step
    return _Begun(transaction, step)


def _request(check: Check) -> bytes:
    return requests.check_request("table", "profile", check.row, check.revision, check.cells)


def _applied(transaction: Transaction) -> Applied:
    try:
        transaction.send(True)
    except StopIteration as stop:
        completed: Completed = stop.value
        assert isinstance(completed.result, Applied), completed
        return completed.result
    raise AssertionError("a first record is applied by one write")


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result: the sum, and the largest stages."""
    largest = sorted(found["micros"].items(), key=lambda stage: -stage[1])[:3]
    told = ", ".join(f"{STAGES[name]} {micros:,.0f}" for name, micros in largest)
    return [Figure("backfill, CPU of a document in its own stages alone", f"{found['sum_micros']:,.0f} µs", told)]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints a line for each stage and keeps the result."""
    described = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m local.bench.stages", description=described)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    options = parser.parse_args(argv)
    found = run(options.rounds, options.documents)
    for name, micros in found["micros"].items():
        print(f"| {STAGES[name]} | {micros:,.0f} |")
    print(f"| together | {found['sum_micros']:,.0f} |")
    print(f"kept in {os.path.relpath(keep('stages', found))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
