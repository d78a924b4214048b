"""``python -m pipelines.query "SELECT ..."``: one query, its rows for people or for programs.

python -m pipelines.query "SELECT ..." --out rows.parquet       also .csv, .json, .jsonl
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("query"))

import argparse
import functools
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import requests.exceptions
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines import describe, discover, writing
from pipelines.defaults import DEFAULT_DATASET
from pipelines.guard import guarded
from transforms import language
from transforms.errors import AcervoError
from transforms.language import mark, say, tr
from transforms.views import readonly, rest, schema
from transforms.views.connect import rest_client

RETRY_SECONDS = 10.0
PIPED_WIDTH = 4000
_AMOUNTS = ("total", "value", "freight", "amount")
NO_STACK = mark("""No local stack is running, and no project was given.
  the local stack:  make stack   (in another terminal, and leave it there)
  a real project:   acervo query --project <project> "SELECT ..."\n""")


class QueryError(AcervoError):
    """The query could not be run; the message says why and what to do."""


def parser() -> argparse.ArgumentParser:
    """The options of this command."""
    found = argparse.ArgumentParser(
        prog="acervo query",
        description=tr("Runs a query in GoogleSQL against the local stack, or against a project with --project."),
    )
    found.add_argument("sql", nargs="?", default="", help=tr('the query; "-" reads it from standard input'))
    about = found.add_mutually_exclusive_group()
    about.add_argument(
        "--tables", action="store_true", help=tr("what there is to query, a line each, instead of a query")
    )
    about.add_argument("--describe", metavar="NAME", help=tr("columns of a table or view with types and descriptions"))
    found.add_argument("--write", action="store_true", help=tr("also run what changes data or tables"))
    found.add_argument("--project", help=tr("project of the dataset; default: the running local stack"))
    found.add_argument("--dataset", default=DEFAULT_DATASET, help=tr("dataset of names without one (%(default)s)"))
    found.add_argument("--location", help=tr("location of the dataset, where it is not found by itself"))
    found.add_argument("--max_rows", type=int, default=1000, help=tr("rows shown as a table (%(default)s)"))
    form = found.add_mutually_exclusive_group()
    form.add_argument(
        "--format", dest="form", choices=writing.FORMATS, help=tr("how rows are written (table, or as --out is named)")
    )
    form.add_argument("--json", dest="form", action="store_const", const=writing.JSON, help=tr("--format json"))
    form.add_argument("--csv", dest="form", action="store_const", const=writing.CSV, help=tr("--format csv"))
    found.add_argument("--out", type=Path, metavar="FILE", help=tr("file for the rows (standard output)"))
    found.add_argument(
        "--keep_formulas",
        action="store_true",
        help=tr("in CSV, leave texts that begin with = + - @ as they are; otherwise they get a ' in front"),
    )
    return found


def connect(project: str | None) -> bigquery.Client:
    """A client of the emulator where there is one, else of the service. Raises QueryError when neither is known."""
    if discover.adopt(project):
        return rest_client(project or os.environ.get("GOOGLE_CLOUD_PROJECT", discover.LOCAL_PROJECT))
    project = project or os.environ.get("GOOGLE_CLOUD_PROJECT")
    if not project or project == discover.LOCAL_PROJECT:
        raise QueryError(tr(NO_STACK).rstrip())
    try:
        return rest_client(project)
    except DefaultCredentialsError as error:
        raise QueryError(
            say("No credentials for {project}: gcloud auth application-default login", project=project)
        ) from error


def run(
    client: bigquery.Client,
    sql: str,
    dataset: str = DEFAULT_DATASET,
    location: str | None = None,
    *,
    write: bool = False,
    parameters: Sequence[Any] = (),
) -> bigquery.table.RowIterator:
    """The rows of a query whose unqualified names are in ``dataset``. Raises QueryError, with the service's reason.

    ``write``: whether statements that change something are run, and not refused. ``parameters`` are BigQuery's.
    """
    if not sql.strip():
        raise QueryError(tr("The query is empty."))
    if not write and (word := readonly.writes(sql)):
        raise QueryError(
            say(
                "{word}: acervo query only reads: one statement that begins with SELECT, WITH or FROM."
                " If this is meant to change data or tables, add --write.",
                word=word,
            )
        )
    config = bigquery.QueryJobConfig(default_dataset=f"{client.project}.{dataset}", query_parameters=list(parameters))
    retry = rest.retry(RETRY_SECONDS)
    try:
        return client.query(sql, config, location=location, retry=retry, job_retry=None).result(retry=retry)
    except exceptions.NotFound as error:
        hint = describe.did_you_mean(_reason(error)) or tr(
            "acervo tables creates the tables and views; make run does so too."
        )
        raise QueryError(f"{_reason(error)}\n{hint}") from error
    except exceptions.GoogleAPICallError as error:
        raise QueryError(_reason(error)) from error
    except (exceptions.RetryError, requests.exceptions.RequestException) as error:
        cause = error.cause if isinstance(error, exceptions.RetryError) else error
        if isinstance(cause, exceptions.GoogleAPICallError):
            raise QueryError(rest.explain(error, tr("roles/bigquery.jobUser on the project"))) from error
        if not isinstance(cause, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
            raise QueryError(say("What BigQuery answered cannot be read: {cause}", cause=cause)) from error
        address = os.environ.get("BIGQUERY_EMULATOR_HOST")
        if not address:
            raise QueryError(say("BigQuery does not answer: {error}", error=error)) from error
        raise QueryError(
            say("Nothing answers at {address}. Is the local stack still up? make stack starts it.", address=address)
        ) from error


def _reason(error: exceptions.GoogleAPICallError) -> str:
    """What the service said, once: its exceptions repeat the message with ids around it."""
    details: list[Any] = list(error.errors or [])
    message = details[0].get("message") if details and isinstance(details[0], dict) else None
    return str(message or error.message).strip()


def shown(name: str, value: Any) -> str:
    """A value of a column as people read it: amounts as money, instants with their zone; NULL is empty.

    Whole numbers stay as they are: most of them are codes, series and numbers of documents.
    """
    if isinstance(value, Decimal):
        return language.money(value) if is_money(name) else language.decimal(value)
    if isinstance(value, datetime):
        return language.instant(value)
    if isinstance(value, date):
        return language.day(value)
    if isinstance(value, float):
        return language.real(value)
    return writing.cell(value)


def is_money(name: str) -> bool:
    """Whether a column of decimals is of amounts in BRL: by its description, or by how such columns are named."""
    return name in _amounts() or name.endswith(_AMOUNTS)


@functools.cache
def _amounts() -> frozenset[str]:
    columns = (column for table in schema.TABLES for column in schema.load(table).columns)
    return frozenset(column.name for column in columns if "BRL" in column.description)


def table_of(names: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> Table:
    """Rows as a table for a terminal, numbers to the right."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for position, name in enumerate(names):
        numeric = any(isinstance(row[position], int | float | Decimal) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(name, value)) for name, value in zip(names, row, strict=True)))
    return table


def terminal(out: TextIO) -> Console:
    """A console on ``out`` that wraps lines only on a terminal."""
    return Console(file=out, width=None if out.isatty() else PIPED_WIDTH, highlight=False)


def records_of(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[Text]:
    """Rows one below the other, a line per column, for rows that are wider than the terminal."""
    width = max(map(len, names), default=0)
    for number, row in enumerate(rows, 1):
        yield Text(say("row {number:,}", number=number), style="bold")
        for name, value in zip(names, row, strict=True):
            yield Text.assemble((f"  {name.ljust(width)}  ", "dim"), shown(name, value))


def write_table(names: Sequence[str], rows: Iterator[Sequence[Any]], out: TextIO, max_rows: int) -> None:
    shown = list(islice(rows, max_rows))
    console = terminal(out)
    table = table_of(names, shown)
    needed = console.measure(table, options=console.options.update(max_width=PIPED_WIDTH)).maximum
    if out.isatty() and needed > console.width:
        console.print(*records_of(names, shown), sep="\n")
    else:
        console.print(table)
    if next(rows, None) is not None:
        console.print(say("the first {rows:,} rows; --max_rows, or --format json, for more", rows=len(shown)))
    else:
        console.print(tr("1 row") if len(shown) == 1 else say("{rows:,} rows", rows=len(shown)))


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = parser().parse_args(argv)
    form = options.form or (writing.format_of(options.out) if options.out else writing.TABLE)
    writing.check_terminal(form, options.out)
    sql = sys.stdin.read() if options.sql == "-" else options.sql
    try:
        client = connect(options.project)
        if options.tables or options.describe:
            names, found = describe.look(client, options.dataset, options.describe)
            _write(options, form, names, iter(found))
            return 0
        result = run(client, sql, options.dataset, options.location, write=options.write)
        if form == writing.PARQUET:
            with writing.opened(options.out) as out:
                writing.write_parquet(result, out)
        else:
            _write(options, form, [field.name for field in result.schema], (row.values() for row in result))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _write(options: argparse.Namespace, form: str, names: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    if form == writing.PARQUET:
        raise QueryError(tr("Parquet is for the rows of a query"))
    write(options, form, names, rows)


def write(options: argparse.Namespace, form: str, names: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    """Rows as text in a form of ``writing.FORMATS``, to ``options.out`` or to standard output.

    ``options`` has ``max_rows`` and ``keep_formulas`` too.
    """
    with writing.opened_text(options.out) as out:
        _write_text(options, form, names, rows, out)


def _write_text(
    options: argparse.Namespace, form: str, names: Sequence[str], rows: Iterator[Sequence[Any]], out: TextIO
) -> None:
    """Rows as text in a form of ``writing.FORMATS``; ``options`` has ``max_rows`` and ``keep_formulas``."""
    if form == writing.JSON:
        writing.write_json(names, rows, out)
    elif form == writing.LINES:
        writing.write_lines(names, rows, out)
    elif form == writing.CSV:
        if defused := writing.write_csv(names, rows, out, keep_formulas=options.keep_formulas):
            print(writing.defused_text(defused), file=sys.stderr)
    else:
        write_table(names, rows, out, options.max_rows)
