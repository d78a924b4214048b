"""The backfill beside what most people would write first: speed, memory, and what is wrong afterwards.

    python -m local.bench.alternatives [--documents 3000]

The same folder of files, in a random order, is loaded by ``pipelines.backfill``, by a pipeline of Beam's own parts and
by a plain script (``local.bench.usual``): once, measured; once more into the same stores; and into other stores, killed
(SIGKILL) after three quarters of the time of the first load, and started again. What an analyst then counts as
documents is compared with the documents that there are, and the status of each key with the one that its history says.
FnApiRunner for both pipelines; each command is a process of its own and measured alone, the emulators are not.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, bigtable

from local.bench import watched
from local.bench.results import Figure, keep
from local.bench.usual.fields import COLUMNS, FAMILY, TABLE
from local.bench.usual.places import Places, arguments, bigquery_client
from local.generate.__main__ import INPUT, write_set
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from pipelines import defaults, tables
from transforms.truth.config import TruthConfig

DOCUMENTS = 3_000
_HANDFUL = 20
_MEGABYTE = 1 << 20
_KILLED_AT = 0.75
# What a program that knows two statuses can tell.
_SIMPLE = {"authorised_late": "authorised", "cancelled_late": "cancelled"}
_TOLD = ("authorised", "cancelled", "denied")


class Way(NamedTuple):
    """A program. ``set_up`` makes stores of a name, ``command`` loads a folder into them; the statements give, of a
    dataset, the number of documents, and the status of each key.
    """

    name: str
    set_up: Callable[[str], None]
    command: Callable[[Path, str], list[str]]
    documents: str
    statuses: Callable[[str], Mapping[str, str]]


def run(rounds: int, documents: int = DOCUMENTS) -> dict[str, Any]:
    """Figures of each way, the fastest of the rounds; starts and stops emulators of its own."""
    with tempfile.TemporaryDirectory(prefix="acervo-bench-") as folder, stack() as running, running.exported():
        few, many = _shuffled(Path(folder, "few"), _HANDFUL), _shuffled(Path(folder, "many"), documents)
        loads = {way.name: [_loaded(way, few, many, number) for number in range(rounds)] for way in WAYS}
        found = {name: min(each, key=lambda one: one["cpu_micros"]) for name, each in loads.items()}
        truth = WAYS[0].statuses(_stores(WAYS[0], 0))
        for way in WAYS:
            found[way.name] |= _checked(way, many, truth, found[way.name]["wall_seconds"])
    return {"documents": documents, "keys": len(truth), "ways": found}


def _shuffled(folder: Path, documents: int) -> Path:
    """Generated files whose order, by name, has nothing to do with what happened first."""
    write_set(folder, 1, documents, archive="folder")
    mixed = folder / "mixed"
    mixed.mkdir()
    for path in (folder / INPUT).rglob("*.xml"):
        name = hashlib.sha256(str(path.relative_to(folder)).encode()).hexdigest()[:12]
        path.rename(mixed / f"{name}.xml")
    return mixed


def _stores(way: Way, number: int | str) -> str:
    return f"{way.name}_{number}"


def _loaded(way: Way, few: Path, many: Path, number: int) -> dict[str, Any]:
    """One load, without what an almost empty one takes."""
    floor = _run(way, few, f"few_{number}")
    whole = _run(way, many, number)
    files = sum(1 for _ in many.iterdir()) - sum(1 for _ in few.iterdir())
    return {
        "per_second": round(files / (whole.wall_seconds - floor.wall_seconds), 1),
        "cpu_micros": round((whole.cpu_seconds - floor.cpu_seconds) / files * 1e6, 1),
        "peak_bytes": whole.peak_bytes,
        "wall_seconds": round(whole.wall_seconds, 1),
    }


def _run(way: Way, folder: Path, number: int | str) -> watched.Watched:
    stores = _stores(way, number)
    way.set_up(stores)
    return watched.run(way.command(folder, stores), quiet=True)


def _checked(way: Way, many: Path, truth: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """What is wrong after one load, after a second one, and after one that was killed and started again."""
    stores = _stores(way, 0)
    statuses = way.statuses(stores)
    told = {key: status for key, status in truth.items() if status in _TOLD}
    found = {
        "documents_once": _documents(way, stores),
        "keys_missing": sum(key not in statuses for key in truth),
        "statuses_wrong": sum(statuses.get(key) != status for key, status in told.items() if key in statuses),
    }
    watched.run(way.command(many, stores), quiet=True)
    found["documents_twice"] = _documents(way, stores)
    found["documents_killed"] = _killed(way, many, _KILLED_AT * seconds)
    return found


def _killed(way: Way, many: Path, seconds: float) -> int:
    """Documents after a kill that many seconds after the start, and another start."""
    stores = _stores(way, "killed")
    way.set_up(stores)
    job = watched.start(way.command(many, stores), quiet=True)
    time.sleep(seconds)
    job.kill()
    job.wait()
    watched.run(way.command(many, stores), quiet=True)
    return _documents(way, stores)


def _documents(way: Way, stores: str) -> int:
    client = bigquery_client(LOCAL_PROJECT)
    return int(next(iter(client.query(way.documents.format(dataset=stores)).result()))[0])


def _set_up_ours(stores: str) -> None:
    tables.set_up(TruthConfig(LOCAL_PROJECT, defaults.DEFAULT_INSTANCE, stores), stores)


def _ours(folder: Path, stores: str) -> list[str]:
    places = ["--project", LOCAL_PROJECT, "--bigtable_table", stores, "--dataset", stores]
    return [sys.executable, "-m", "pipelines.backfill", "--input", str(folder), "--runner", "FnApiRunner", *places]


def _our_statuses(stores: str) -> Mapping[str, str]:
    statement = f"SELECT access_key, status FROM {stores}.document_state"
    rows = bigquery_client(LOCAL_PROJECT).query(statement).result()
    return {key: _SIMPLE.get(status, status) for key, status in rows}


def _set_up_usual(stores: str) -> None:
    client = bigquery_client(LOCAL_PROJECT)
    client.create_dataset(stores)
    columns = [bigquery.SchemaField(name, "STRING") for name in COLUMNS]
    client.create_table(bigquery.Table(f"{LOCAL_PROJECT}.{stores}.{TABLE}", columns))
    _bigtable().table(stores).create(column_families={FAMILY: None})


def _bigtable() -> Any:
    client = bigtable.Client(project=LOCAL_PROJECT, admin=True, credentials=AnonymousCredentials())
    return client.instance(defaults.DEFAULT_INSTANCE)


def _usual(module: str) -> Callable[[Path, str], list[str]]:
    def command(folder: Path, stores: str) -> list[str]:
        places = Places(str(folder), LOCAL_PROJECT, defaults.DEFAULT_INSTANCE, stores, stores)
        return [sys.executable, "-m", f"local.bench.usual.{module}", *arguments(places)]

    return command


def _usual_statuses(stores: str) -> Mapping[str, str]:
    """The newest cell of each row, as a reader of the table sees it."""
    found = {}
    for row in _bigtable().table(stores).read_rows():
        cells = row.cells[FAMILY].get(b"status")
        found[row.row_key.decode()] = cells[0].value.decode() if cells else ""
    return found


_USUAL_DOCUMENTS = "SELECT COUNT(*) FROM {dataset}." + TABLE + " WHERE kind = 'document'"
WAYS = (
    Way("acervo", _set_up_ours, _ours, "SELECT COUNT(*) FROM {dataset}.document_state", _our_statuses),
    Way("beam_parts", _set_up_usual, _usual("beam_parts"), _USUAL_DOCUMENTS, _usual_statuses),
    Way("script", _set_up_usual, _usual("script"), _USUAL_DOCUMENTS, _usual_statuses),
)


def figures(found: dict[str, Any]) -> list[Figure]:
    """What the README says of a result."""
    lines = []
    for name, way in found["ways"].items():
        wrong = f"{way['statuses_wrong']:,} statuses wrong, {way['keys_missing']:,} keys missing"
        memory = f"{way['peak_bytes'] / _MEGABYTE:,.0f} MiB"
        speed = f"{way['cpu_micros']:,.0f} µs CPU each, {way['per_second']:,.0f}/s, {memory}"
        again = f"loaded twice {way['documents_twice']:,}, killed and started again {way['documents_killed']:,}"
        counts = f"{way['documents_once']:,} documents, {again}"
        lines.append(Figure(f"{name}, {found['keys']:,} keys", speed, f"{counts}; {wrong}"))
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures and keeps them."""
    parser = argparse.ArgumentParser(
        prog="python -m local.bench.alternatives", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args(argv)
    found = run(options.rounds, options.documents)
    for figure in figures(found):
        print(" | ".join(figure))
    print(f"kept in {os.path.relpath(keep('alternatives', found))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
