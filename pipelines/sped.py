"""``python -m pipelines.sped``: what a file of SPED's EFD ICMS/IPI books, compared with the documents that are here.

python -m pipelines.sped --file EFD.txt
python -m pipelines.sped --file EFD.txt --out differences.csv       also .json, .jsonl
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("sped"))

import argparse
import sqlite3
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from google.cloud import bigquery

from pipelines import query, writing
from pipelines.defaults import DEFAULT_DATASET
from pipelines.guard import guarded
from pipelines.sped_screen import show
from transforms import access_key
from transforms.efd import compare
from transforms.efd.compare import Booked, Difference
from transforms.efd.reader import Entry, FileError, Problem, Reader
from transforms.efd.sqlite import Entries, Number
from transforms.errors import AcervoError
from transforms.language import say, tr

# Keys and numbers that one query asks for: some 2 MB of its request, of which BigQuery takes 10.
CHUNK = 20_000
_FORMATS = (writing.CSV, writing.JSON, writing.LINES)
_COLUMNS = ", ".join(Booked._fields)
_OF_PERIOD = f"""SELECT {_COLUMNS}
FROM sped_documents
WHERE company_id IN UNNEST(@companies) AND environment = 1
  AND (dt_doc BETWEEN @first_day AND @last_day OR (dt_doc IS NULL AND month BETWEEN @first_month AND @last_day))"""
_BY_KEY = f"""SELECT state.access_key AS known_key, state.status AS known_status, state.known_by, booked.*
FROM document_state AS state
LEFT JOIN (
  SELECT {_COLUMNS} FROM sped_documents WHERE company_id IN UNNEST(@companies) AND environment = 1
) AS booked ON booked.access_key = state.access_key
WHERE state.access_key IN UNNEST(@keys) AND COALESCE(state.environment, 1) = 1"""
_BY_NUMBER = f"""SELECT {_COLUMNS}
FROM sped_documents
WHERE company_id IN UNNEST(@companies) AND environment = 1 AND ind_emit = '0'
  AND CONCAT(cod_mod, '/', ser, '/', CAST(num_doc AS STRING)) IN UNNEST(@numbers)"""


class SpedError(AcervoError):
    """The file cannot be compared; the message says why."""


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo sped",
        description=tr(
            "Compares a file of SPED's EFD ICMS/IPI with the documents that are here, by access key. "
            "Exit status 0: they agree; 1: there are differences; 2: cannot look."
        ),
    )
    found.add_argument("--file", type=Path, required=True, metavar="EFD.txt", help=tr("the file of the EFD ICMS/IPI"))
    found.add_argument(
        "--companies",
        default="",
        metavar="CNPJ,CNPJ",
        help=tr("other establishments that the file books for, where one books for all (default: that of the file)"),
    )
    found.add_argument("--out", type=Path, metavar="FILE", help=tr("file for all differences: .csv, .json or .jsonl"))
    found.add_argument("--format", dest="form", choices=_FORMATS, help=tr("how --out is written (as it is named)"))
    found.add_argument(
        "--examples", type=int, default=3, help=tr("differences of each kind that are shown (%(default)s)")
    )
    found.add_argument("--project", help=tr("project of the dataset; default: the running local stack"))
    found.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("dataset of the views (%(default)s)"))
    found.add_argument("--location", help=tr("location of the dataset, where it is not found by itself"))
    return found


@dataclass
class Tally:
    """What was found, by kind of difference; the first differences of each."""

    most: int
    counts: Counter[str] = field(default_factory=Counter)
    amounts: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    examples: defaultdict[str, list[Difference]] = field(default_factory=lambda: defaultdict(list))

    def over(self, found: Iterator[Difference]) -> Iterator[Difference]:
        """The differences, each counted as it passes."""
        for one in found:
            self.counts[one.kind] += 1
            self.amounts[one.kind] += one.amount
            if len(self.examples[one.kind]) < self.most:
                self.examples[one.kind].append(one)
            yield one


class Comparison:
    """One file against the views of one dataset. Iterating gives the differences, once."""

    def __init__(self, reader: Reader, entries: Entries, views: Views) -> None:
        self._reader, self._entries, self._views = reader, entries, views
        self.looked_at = 0
        """Documents here of the period."""
        self.consolidated: Counter[str] = Counter()
        """Documents here that the file has only as a part of a consolidated line, by model."""

    def __iter__(self) -> Iterator[Difference]:
        yield from self._read()
        yield from (compare.in_file(compare.REPEATED, entry) for entry in self._entries.repeated())
        for here in self._views.of_period(self._reader.opening.first_day, self._reader.opening.last_day):
            self.looked_at += 1
            yield from self._compare(here)
        left = self._entries.left()
        while chunk := list(islice(left, CHUNK)):
            yield from self._look_up([entry for entry in chunk if entry.key])
            yield from self._look_up_numbers([entry for entry in chunk if not entry.key])

    def _read(self) -> Iterator[Difference]:
        batch: list[Entry] = []
        for one in self._reader:
            if isinstance(one, Problem):
                yield compare.unreadable(one)
                continue
            batch.append(one)
            if len(batch) == CHUNK:
                self._entries.add(batch)
                batch.clear()
        self._entries.add(batch)
        self._entries.complete()

    def _compare(self, here: Booked) -> Iterator[Difference]:
        if here.access_key is None:
            entry = self._entries.find_number(_number(here))
        else:
            # Of a document between two of the companies both have a row, and look for their own side.
            either = here.partner_id not in self._views.companies
            entry = self._entries.find(here.access_key, here.ind_emit, either=either)
        if entry is not None:
            yield from compare.differences(entry, here)
        elif (missing := compare.not_in_file(here, self._reader.consolidated)) is not None:
            yield missing
        elif compare.not_in_file(here, set()) is not None:
            self.consolidated[here.cod_mod] += 1

    def _look_up(self, entries: list[Entry]) -> Iterator[Difference]:
        """What is known of keys that are of other periods, of other companies, or not here."""
        known = self._views.by_key([entry.key for entry in entries])
        for entry in entries:
            rows = known.get(entry.key, [])
            sides = [compare.booked(row) for row in rows if row["company_id"] is not None]
            if sides:
                here = next((one for one in sides if one.ind_emit == entry.ind_emit), sides[0])
                yield from compare.differences(entry, here)
            elif not rows:
                yield compare.in_file(compare.NOT_HERE, entry)
            else:
                kind = compare.OF_OTHERS if rows[0]["known_by"] == "document" else compare.NO_DOCUMENT
                yield compare.in_file(kind, entry, status=rows[0]["known_status"])

    def _look_up_numbers(self, entries: list[Entry]) -> Iterator[Difference]:
        known = self._views.by_number([f"{e.cod_mod}/{e.ser}/{e.num_doc}" for e in entries])
        for entry in entries:
            here = known.get(Number(entry.cod_mod, entry.ser, entry.num_doc or 0))
            if here is None:
                yield compare.in_file(compare.NOT_HERE, entry)
            else:
                yield from compare.differences(entry, here)


def _number(here: Booked) -> Number:
    return Number(here.cod_mod, here.ser, here.num_doc or 0)


class Views:
    """What the views say of some companies. Keys go to BigQuery as parameters. Raises QueryError."""

    def __init__(self, client: bigquery.Client, dataset: str, location: str | None, companies: Sequence[str]) -> None:
        self._client, self._dataset, self._location = client, dataset, location
        self.companies = frozenset(companies)
        self._first = companies[0]

    def of_period(self, first: date, last: date) -> Iterator[Booked]:
        """What they book that was issued in a period."""
        days = {"first_day": first, "last_day": last, "first_month": first.replace(day=1)}
        parameters = [bigquery.ScalarQueryParameter(name, "DATE", day) for name, day in days.items()]
        return map(compare.booked, self._rows(_OF_PERIOD, *parameters))

    def by_key(self, keys: list[str]) -> dict[str, list[dict[str, Any]]]:
        """Rows of keys that are here: ``known_*``, and the columns of ``Booked``, null where none of them books it."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows(_BY_KEY, bigquery.ArrayQueryParameter("keys", "STRING", keys)) if keys else ():
            found.setdefault(row["known_key"], []).append(row)
        return found

    def by_number(self, numbers: list[str]) -> dict[Number, Booked]:
        """Voided numbers, else documents that the first company issued, asked for as ``model/series/number``.

        Establishments number for themselves, and a number without a key does not tell whose it is.
        """
        rows = self._rows(_BY_NUMBER, bigquery.ArrayQueryParameter("numbers", "STRING", numbers)) if numbers else ()
        known = [here for here in map(compare.booked, rows) if not here.access_key or here.company_id == self._first]
        return {_number(here): here for here in sorted(known, key=lambda here: here.access_key is None)}

    def _rows(self, sql: str, *parameters: Any) -> Iterator[dict[str, Any]]:
        companies = bigquery.ArrayQueryParameter("companies", "STRING", sorted(self.companies))
        found = query.run(self._client, sql, self._dataset, self._location, parameters=[companies, *parameters])
        return (dict(row.items()) for row in found)


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; exit status 0 no differences, 1 differences, 2 cannot look."""
    options = parser().parse_args(argv)
    form = _form(options.form, options.out)
    try:
        with options.file.open("rb") as stream:
            return _run(stream, options, form)
    except FileError as error:
        raise SpedError(f"{options.file} {error}") from error
    except sqlite3.Error as error:
        raise SpedError(
            say("what {file} books cannot be kept in a temporary file: {reason}", file=options.file, reason=error)
        ) from error
    except OSError as error:
        if error.filename != str(options.file):
            raise
        raise SpedError(say("{file} cannot be read: {reason}", file=options.file, reason=error.strerror)) from error


def _run(stream: BinaryIO, options: argparse.Namespace, form: str) -> int:
    reader = Reader(stream)
    companies = [reader.opening.company_id, *_companies(options.companies)]
    views = Views(query.connect(options.project), options.dataset, options.location, companies)
    tally = Tally(options.examples)
    with Entries() as entries:
        comparison = Comparison(reader, entries, views)
        found = tally.over(iter(comparison))
        if options.out is None:
            deque(found, maxlen=0)
        else:
            _write(found, options.out, form)
    show(reader, comparison, tally, options.out)
    return 1 if tally.counts else 0


def _companies(text: str) -> list[str]:
    """Ids without punctuation. Raises SpedError."""
    found = ["".join(filter(str.isalnum, one)).upper() for one in text.split(",") if one.strip()]
    for one in found:
        if not access_key.is_cnpj(one) and not access_key.is_cpf(one):
            raise SpedError(say("--companies: {id} is neither a CNPJ nor a CPF", id=one))
    return found


def _form(form: str | None, out: Path | None) -> str:
    if out is None or form is not None:
        return form or writing.CSV
    named = writing.format_of(out)
    if named not in _FORMATS:
        raise SpedError(
            say("--out {file}: differences are written as {formats}", file=out, formats=", ".join(_FORMATS))
        )
    return named


def _write(found: Iterator[Difference], path: Path, form: str) -> None:
    rows: Iterator[Sequence[Any]] = found
    with writing.opened_text(path) as out:
        if form == writing.JSON:
            writing.write_json(Difference._fields, rows, out)
        elif form == writing.LINES:
            writing.write_lines(Difference._fields, rows, out)
        else:
            writing.write_csv(Difference._fields, rows, out)
