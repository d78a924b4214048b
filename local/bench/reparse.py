"""What a reparse costs in CPU, compared with the backfill that stored the records.

    python -m local.bench.reparse [--documents 20000]

Three jobs, each in a process of its own, against one emulator: a backfill; a reparse that finds all records as they are
stored; and one that finds a field more in each, and writes it. What an almost empty job takes is subtracted. Emulators
are not measured.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local.bench.results import keep
from local.generate.__main__ import INPUT, write_set
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from pipelines import defaults, tables
from transforms.truth import row_keys, rows
from transforms.truth.client import Client
from transforms.truth.codec import packaged_codec
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for

RUNNER = "FnApiRunner"
_FEW = 20
_FIELD = "issuer_name"


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints a line for each job and writes the results."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.reparse", description="CPU of a reparse.")
    parser.add_argument("--documents", type=int, default=20_000)
    found = measured(parser.parse_args(argv).documents)
    print(f"kept in {os.path.relpath(keep('reparse', found))}")
    return 0


def run(rounds: int) -> dict[str, Any]:
    """The figures of the suite."""
    return measured(20_000)


def measured(documents: int) -> dict[str, Any]:
    """CPU seconds a record of each job, and how much of a backfill's that is."""
    few, many = seconds_of(_FEW), seconds_of(documents)
    each = {name: (many[name] - few[name]) / (many["records"] - few["records"]) for name in few if name != "records"}
    for name, seconds in each.items():
        print(f"{name}: {seconds * 1e6:,.0f} µs CPU a record, {seconds / each['backfill']:.2f} of a backfill's")
    return {"documents": documents, "records": many["records"], "cpu_seconds": each}


def seconds_of(documents: int) -> dict[str, float]:
    """CPU seconds of each job on so many documents, and how many records they are."""
    with tempfile.TemporaryDirectory(prefix="acervo-bench-") as folder, stack() as running, running.exported():
        write_set(Path(folder), 1, documents, broken=0.0, duplicates=0.0, archive="zip")
        truth = TruthConfig(LOCAL_PROJECT, defaults.DEFAULT_INSTANCE, defaults.DEFAULT_TABLE)
        tables.set_up(truth, defaults.DEFAULT_DATASET)
        backfill = _cpu("backfill", "--input", str(Path(folder) / INPUT))
        same = _cpu("reparse")
        records = _forget(truth)
        return {"backfill": backfill, "read as stored": same, "read otherwise": _cpu("reparse"), "records": records}


def _cpu(job: str, *arguments: str) -> float:
    command = [sys.executable, "-m", f"pipelines.{job}", "--project", LOCAL_PROJECT, "--runner", RUNNER, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{job} failed: run it by hand to see why")
    return usage.ru_utime + usage.ru_stime


def _forget(truth: TruthConfig) -> int:
    """Takes a field, which neither the state nor a count depends on, from every record; how many have been there."""
    client, codec, records = Client(truth), packaged_codec(), 0
    for row in client.scan(truth.records_table, b"0", row_keys.RESERVED, (rows.FIELDS,)):
        cells = []
        for qualifier, value in rows.by_column(row.cells).get(rows.FIELDS, {}).items():
            stored = rows.decode_fields(codec, row_keys.key_of(row.key), qualifier, value)
            less = {name: one for name, one in stored.entry.fields.items() if name != _FIELD}
            cells.append(rows.fields_cell(codec, stored._replace(entry=stored.entry._replace(fields=less, parser=0))))
            records += 1
        if cells:
            wait_for(client.write(truth.records_table, row.key, cells))
    wait_for(client.close())
    return records


if __name__ == "__main__":
    raise SystemExit(main())
