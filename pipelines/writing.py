"""Rows of a query for programs: JSON, JSON lines, CSV and Parquet."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, TextIO

import pyarrow
import pyarrow.parquet
from google.cloud import bigquery

from transforms.errors import AcervoError
from transforms.language import say, tr

TABLE, JSON, LINES, CSV, PARQUET = "table", "json", "jsonl", "csv", "parquet"
FORMATS = (TABLE, JSON, LINES, CSV, PARQUET)
# What spreadsheets take a cell for that begins so: a formula, which may fetch and send. The wide signs are theirs too,
# and they skip a tab or a line break in front of one (OWASP, CSV Injection).
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
TEXT_MARK = "'"


class WritingError(AcervoError):
    """Rows cannot be written so, or there; the message says why and what to do."""


def format_of(path: Path) -> str:
    """The format that a file's name asks for. Raises WritingError where it asks for none."""
    form = path.suffix.removeprefix(".").lower()
    if form in FORMATS:
        return form
    raise WritingError(
        say("--out {file}: its name does not say how to write it. Give --format: {formats}",
            file=path, formats=", ".join(FORMATS))
    )  # fmt: skip


def plain(value: Any) -> Any:
    """A value as JSON: instants in RFC 3339, exact decimals as text, bytes in base64."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def cell(value: Any) -> str:
    """A value as one cell of a table or of a CSV file; NULL is empty."""
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def is_formula(value: Any) -> bool:
    """Whether a spreadsheet would run a text as a formula. Neither numbers nor texts that are numbers are formulas."""
    return isinstance(value, str) and _FORMULA.match(value) is not None and not _NUMBER.fullmatch(value)


def write_json(names: Sequence[str], rows: Iterator[Sequence[Any]], out: TextIO) -> None:
    """One array, an object a row."""
    out.write("[")
    for number, line in enumerate(_objects(names, rows)):
        out.write(f"{',' if number else ''}\n{line}")
    out.write("\n]\n")


def write_lines(names: Sequence[str], rows: Iterator[Sequence[Any]], out: TextIO) -> None:
    """An object a row, each on a line of its own."""
    out.writelines(f"{line}\n" for line in _objects(names, rows))


def _objects(names: Sequence[str], rows: Iterator[Sequence[Any]]) -> Iterator[str]:
    return (json.dumps(dict(zip(names, plain(list(row)), strict=True)), ensure_ascii=False) for row in rows)


def write_csv(names: Sequence[str], rows: Iterator[Sequence[Any]], out: TextIO, *, keep_formulas: bool = False) -> int:
    """Comma-separated, with a header; how many cells were given a ``'`` in front, by which spreadsheets show a formula
    and do not run it."""
    defused = 0
    writer = csv.writer(out, lineterminator="\n")
    # Before Python 3.13 a lone carriage return goes unquoted, and is read as the end of a row.
    quoting = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    for row in rows:
        marked = [not keep_formulas and is_formula(value) for value in row]
        cells = [f"{TEXT_MARK if mark else ''}{cell(value)}" for mark, value in zip(marked, row, strict=True)]
        (quoting if any("\r" in text for text in cells) else writer).writerow(cells)
        defused += sum(marked)
    return defused


def write_parquet(rows: bigquery.table.RowIterator, out: IO[bytes]) -> None:
    """With BigQuery's types: NUMERIC as decimal, instants in UTC, JSON as text. Raises WritingError."""
    writer = None
    try:
        for batch in rows.to_arrow_iterable():
            writer = writer or pyarrow.parquet.ParquetWriter(out, batch.schema, compression="zstd")
            writer.write_batch(batch)
    except pyarrow.ArrowException as error:
        raise WritingError(say("Parquet has no such type: {error}. Cast the column to STRING.", error=error)) from error
    finally:
        if writer is not None:
            writer.close()


@contextmanager
def opened(path: Path | None, option: str = "--out") -> Iterator[IO[bytes]]:
    """Standard output, or a file that appears whole or not at all. Raises WritingError where it cannot be written.

    ``option`` is what named the file.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.absolute().parent)
    except OSError as error:
        raise WritingError(
            say("{option} {file} cannot be written: {reason}", option=option, file=path, reason=error.strerror)
        ) from error
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
        os.chmod(partial, 0o666 & ~_mask())
        os.replace(partial, path)
    except IsADirectoryError as error:
        raise WritingError(say("{option} {file} is a folder: name a file in it", option=option, file=path)) from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(partial)


@contextmanager
def opened_text(path: Path | None) -> Iterator[TextIO]:
    """The same for text, in UTF-8 with line feeds; standard output as it is."""
    if path is None:
        yield sys.stdout
        return
    with opened(path) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as out:
        yield out


def _mask() -> int:
    """The umask of the process, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def defused_text(cells: int) -> str:
    """What to tell people about cells that were given a mark."""
    return say(
        "{cells:,} texts begin as formulas do and have a ' in front, so that no spreadsheet runs them; "
        "--keep_formulas leaves them as they are",
        cells=cells,
    )


def check_terminal(form: str, path: Path | None) -> None:
    """Raises WritingError where Parquet would go to a terminal."""
    if form == PARQUET and path is None and sys.stdout.isatty():
        raise WritingError(tr("Parquet is not text: name a file with --out, or send it into a pipe"))
