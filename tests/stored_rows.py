"""Rows of Bigtable as a release wrote them, kept in files: made by that release, loaded by later ones.

    python -m tests.stored_rows tests/fixtures/stored/2026-11-29.json.gz

makes a file with what this release stores of a set of generated documents. Do so at a release and keep the file: a
later release has to read it, and a reparse has to bring it up to date. A file is never made a second time.
"""

from __future__ import annotations

import base64
import gzip
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from local.generate.__main__ import INPUT, write_set
from local.stack import stack
from local.stack.discover import LOCAL_PROJECT
from pipelines import backfill, tables
from pipelines.defaults import DEFAULT_INSTANCE
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.rows import Cell, Row

FOLDER = Path(__file__).parent / "fixtures" / "stored"
_SEED, _STORIES = 29, 80
_NAME = "stored"


def files() -> list[Path]:
    """Every file that is kept, oldest first."""
    return sorted(FOLDER.glob("*.json.gz"))


def read(path: Path) -> Iterator[Row]:
    """The rows of a file."""
    for row, cells in orjson.loads(gzip.decompress(path.read_bytes())).items():
        yield Row(_bytes(row), [Cell(family, _bytes(name), at, _bytes(value)) for family, name, at, value in cells])


def load(config: TruthConfig, rows: Iterable[Row]) -> None:
    """Writes rows into the table of records, as they are."""
    client = Client(config)
    try:
        for row in rows:
            wait_for(client.write(config.records_table, row.key, row.cells))
    finally:
        wait_for(client.close())


def made() -> dict[str, list[list[object]]]:
    """What this release stores of the set of documents, by row."""
    config = TruthConfig(LOCAL_PROJECT, DEFAULT_INSTANCE, _NAME)
    with tempfile.TemporaryDirectory() as folder, stack() as running, running.exported():
        write_set(Path(folder), _SEED, _STORIES)
        tables.set_up(config, _NAME)
        places = ["--project", LOCAL_PROJECT, "--bigtable_table", _NAME, "--dataset", _NAME, "--runner", "FnApiRunner"]
        backfill.run(["--input", str(Path(folder) / INPUT), *places, "--run", "release"])
        client = Client(config)
        found = list(client.scan(config.records_table, b"", b""))
        wait_for(client.close())
    return {
        _text(row.key): [[cell.family, _text(cell.qualifier), cell.timestamp, _text(cell.value)] for cell in row.cells]
        for row in found
    }


def _text(value: bytes) -> str:
    return base64.b85encode(value).decode()


def _bytes(text: str) -> bytes:
    return base64.b85decode(text)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    if target.exists():
        raise SystemExit(f"{target} is there: what an earlier release stored is not made again")
    target.write_bytes(gzip.compress(orjson.dumps(made()), 9, mtime=0))
