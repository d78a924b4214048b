"""Rows of Bigtable as a release wrote them, kept in files: made by that release, by ``store_rows``, for later ones."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from transforms.truth import row_keys, rows
from transforms.truth.client import Client
from transforms.truth.codec import packaged_codec
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.rows import Cell, Row

FOLDER = Path(__file__).parent / "fixtures" / "stored"


def files() -> list[Path]:
    """Every file that is kept, oldest first."""
    return sorted(FOLDER.glob("*.json.gz"))


def read(path: Path) -> Iterator[Row]:
    """The rows of a file."""
    for row, cells in orjson.loads(gzip.decompress(path.read_bytes())).items():
        yield Row(_bytes(row), [Cell(family, _bytes(name), at, _bytes(value)) for family, name, at, value in cells])


def payloads(path: Path) -> Iterator[bytes]:
    """The XML of the records in a file."""
    found = list(read(path))
    reserved = {row.key: rows.by_column(row.cells) for row in found if row_keys.is_reserved(row.key)}

    def certificate(digest: bytes) -> bytes | None:
        return reserved.get(row_keys.certificate_row(digest), {}).get(rows.XML, {}).get(rows.CERTIFICATE)

    codec = packaged_codec(find_certificate=certificate)
    for row in found:
        if row.key not in reserved:
            yield from (codec.decode_xml(cell.value) for cell in row.cells if cell.family == rows.XML)


def load(config: TruthConfig, found: Iterable[Row]) -> None:
    """Writes rows into the table of records, as they are."""
    client = Client(config)
    try:
        for row in found:
            wait_for(client.write(config.records_table, row.key, row.cells))
    finally:
        wait_for(client.close())


def write(path: Path, found: Iterable[Row]) -> None:
    """Makes a file of rows."""
    said = {
        _text(row.key): [[cell.family, _text(cell.qualifier), cell.timestamp, _text(cell.value)] for cell in row.cells]
        for row in found
    }
    path.write_bytes(gzip.compress(orjson.dumps(said), 9, mtime=0))


def _text(value: bytes) -> str:
    return base64.b85encode(value).decode()


def _bytes(text: str) -> bytes:
    return base64.b85decode(text)
