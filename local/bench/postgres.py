"""How fast rows come out of PostgreSQL, compared with a plain ``COPY TO STDOUT``, and whether each comes out once.

    python -m local.bench.postgres [--rows 1000000] [--workers 2] [--kills 10]

Starts a server of its own, fills a table with generated documents (2,000 different ones, again and again, each row
with its own key), and measures one ``COPY`` to a pipe, as many at once as there are workers, and the extract with one
worker and with all. Then all workers extract once more while other sessions insert, update and delete, and while the
workers' connections are ended again and again; every row of the snapshot has to come out once, with its own bytes.
Server, workers and pipes share this machine's processors, in each of these. What is measured takes turns, so that what
else the machine does burdens each alike; what was found is kept, with date and machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from local.bench.postgres_table import READERS, TABLE, Disturbance, fill
from local.bench.results import Figure, keep
from local.postgres import Server, find_programs, postgres_server
from transforms.ingest.postgres.snapshot import hold_snapshot
from transforms.ingest.postgres.source import PostgresSource
from transforms.ingest.postgres.transform import ReadFromPostgres
from transforms.model import RawDocument

_SETTINGS = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class Seen(NamedTuple):
    """What one worker process read: rows, when it saw the first and the last, and the sum of all rows' checksums."""

    rows: int
    first: float
    last: float
    checksum: int

    @property
    def rate(self) -> float:
        return self.rows / max(self.last - self.first, 1e-6)


class Note(beam.DoFn):
    """The whole of what happens to a row: its number and a checksum are noted, in a file for each bundle."""

    def __init__(self, folder: str, checksums: bool) -> None:
        self._folder = Path(folder)
        self._checksums = checksums

    def start_bundle(self) -> None:
        self._numbers = array("q")
        self._sum = 0
        self._first = 0.0

    def process(self, document: RawDocument) -> None:
        if not self._numbers:
            self._first = time.time()
        number = int(document.origin.rpartition("/")[2])
        self._numbers.append(number)
        if self._checksums:
            self._sum += zlib.crc32(document.payload, number & 0xFFFFFFFF)

    def finish_bundle(self) -> None:
        if self._numbers:
            name = f"{os.getpid()}-{random.SystemRandom().getrandbits(48):x}"
            about = [self._first, time.time(), self._sum]
            (self._folder / f"{name}.json").write_text(json.dumps(about))
            (self._folder / f"{name}.rows").write_bytes(self._numbers.tobytes())


def collect(folder: Path) -> tuple[dict[int, Seen], array[int]]:
    """What each worker saw, by process id, and the numbers of all rows in no order."""
    seen: dict[int, Seen] = {}
    numbers: array[int] = array("q")
    for file in sorted(folder.glob("*.json")):
        first, last, checksum = json.loads(file.read_text())
        found = array("q", file.with_suffix(".rows").read_bytes())
        numbers.extend(found)
        pid = int(file.name.partition("-")[0])
        before = seen.get(pid, Seen(0, first, last, 0))
        seen[pid] = Seen(
            before.rows + len(found),
            min(before.first, first),
            max(before.last, last),
            before.checksum + checksum,
        )
    return seen, numbers


def extract(source: PostgresSource, workers: int, checksums: bool = False) -> tuple[dict[int, Seen], array[int]]:
    """One job over the whole table."""
    arguments = ["--runner=FnApiRunner"]
    if workers > 1:
        arguments += [f"--direct_num_workers={workers}", "--direct_running_mode=multi_processing"]
    with tempfile.TemporaryDirectory(prefix="acervo-bench-") as folder:
        with beam.Pipeline(options=PipelineOptions(arguments)) as pipeline:
            rows = (pipeline | ReadFromPostgres(source)).documents
            _ = rows | "Note" >> beam.ParDo(Note(folder, checksums))
        return collect(Path(folder))


def copy_to_pipe(server: Server, rows: int, at_once: int, options: str = "") -> float:
    """Rows per second of each of so many ``COPY docs TO STDOUT`` at once, read from a pipe and dropped."""
    command = [str(find_programs() / "psql"), "-X", "-d", server.dsn(), "-c", f"COPY {TABLE} TO STDOUT {options}"]
    started = time.perf_counter()
    copies = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(at_once)]
    drains = [threading.Thread(target=_drain, args=(copy,)) for copy in copies]
    for drain in drains:
        drain.start()
    for drain in drains:
        drain.join()
    if any(copy.wait() for copy in copies):
        raise SystemExit("COPY failed; see above")
    return rows / (time.perf_counter() - started)


def _drain(copy: subprocess.Popen[bytes]) -> None:
    assert copy.stdout is not None
    with open(os.devnull, "wb", buffering=0) as nowhere:
        while data := copy.stdout.read1(1 << 16):  # type: ignore[attr-defined]
            nowhere.write(data)


def accept(server: Server, source: PostgresSource, rows: int, workers: int, kills: int) -> dict[str, Any]:
    """The disturbed run, and whether it gave every row of the snapshot once with its own bytes."""
    with hold_snapshot(dataclasses.replace(source, run="bench-holder")) as held:
        truth = _checksum(server, held.snapshot)
        with Disturbance(server, rows, kills) as disturbance:
            seen, numbers = extract(dataclasses.replace(held, run=READERS), workers, checksums=True)
    once = len(numbers) == rows and array("q", sorted(numbers)) == array("q", range(1, rows + 1))
    return {
        "rows": len(numbers),
        "every_row_once": once,
        "bytes_right": sum(worker.checksum for worker in seen.values()) == truth,
        "times_killed": disturbance.times_killed,
        "connections_killed": disturbance.killed,
        "writes_meanwhile": disturbance.written,
        "rows_per_worker": sorted(worker.rows for worker in seen.values()),
    }


def _checksum(server: Server, snapshot: str) -> int:
    total = 0
    with server.connect() as conn, conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        conn.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        with conn.cursor("all_rows", binary=True) as cursor:
            cursor.itersize = 1000
            for number, text in cursor.execute(f"SELECT id, xml FROM {TABLE}"):
                total += zlib.crc32(text.encode(), number)
    return total


def main(argv: Sequence[str] | None = None) -> int:
    """Command line. Exit status 1 when a row was lost or doubled."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.postgres", description="Speed of the extract.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=10, help="how often the workers' connections are ended")
    parser.add_argument("--repeat", type=int, default=2, help="measurements of each kind; the best counts")
    options = parser.parse_args(argv)
    with postgres_server(_SETTINGS) as server:
        found = measure(server, options.rows, options.workers, options.kills, options.repeat)
    print(f"kept in {os.path.relpath(keep('postgres', found))}")
    accepted: dict[str, Any] = found["accept"]
    return 0 if accepted["every_row_once"] and accepted["bytes_right"] else 1


def measure(server: Server, rows: int, workers: int, kills: int, repeat: int) -> dict[str, Any]:
    """Everything, with a line for each figure as it is known."""
    started = time.perf_counter()
    size = fill(server, rows)
    print(f"{rows:,} rows, {size / 1e9:.2f} GB as stored, filled in {time.perf_counter() - started:.0f} s", flush=True)
    source = PostgresSource(
        dsn=server.dsn(), table=TABLE, xml_column="xml", run=READERS, max_connections=3 * workers, processes=workers
    )
    found: dict[str, Any] = {"rows": rows, "stored_bytes": size, "load_at_start": os.getloadavg()[0]}
    for at_once in sorted({1, workers}):
        rates: dict[str, list[float]] = {"copy": [], "copy_binary": [], "extract": []}
        for _ in range(repeat):
            rates["copy"].append(copy_to_pipe(server, rows, at_once))
            rates["copy_binary"].append(copy_to_pipe(server, rows, at_once, "(FORMAT binary)"))
            rates["extract"].append(_mean_rate(source, at_once))
        found[f"{at_once}_at_once"] = rates
        plain, binary, each = (max(rates[name]) for name in ("copy", "copy_binary", "extract"))
        print(
            f"{at_once} at once, rows/s each: COPY TO STDOUT {plain:,.0f}, binary {binary:,.0f}; extract {each:,.0f} "
            f"({each / plain:.0%} and {each / binary:.0%})",
            flush=True,
        )
    found["accept"] = accept(server, source, rows, workers, kills)
    print(f"disturbed: {found['accept']}", flush=True)
    return found


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result; the best of each kind, per worker."""
    lines = []
    for name in sorted(name for name in found if name.endswith("_at_once")):
        plain, binary, each = (max(found[name][kind]) for kind in ("copy", "copy_binary", "extract"))
        beside = f"COPY: text {plain:,.0f}, binary {binary:,.0f}"
        what = f"extraction, {name.partition('_')[0]} at once, {found['rows']:,} rows"
        lines.append(Figure(what, f"{each:,.0f} rows/s each, {each / plain:.0%} of COPY", beside, "70%"))
    return lines


def _mean_rate(source: PostgresSource, workers: int) -> float:
    """Rows per second of a worker."""
    seen = extract(source, workers)[0].values()
    return sum(worker.rate for worker in seen) / len(seen)


if __name__ == "__main__":
    # Under its own name, so that worker processes can import what they run.
    from local.bench.postgres import main as _main

    sys.exit(_main())
