"""Every statement that reached the BigQuery emulator, held against GoogleSQL. Nothing has to be registered.

The emulator keeps its jobs, whoever sent them: a test, a job's worker in another process, a command. What it answered
is analyzed with the columns that the tables have here. A statement that it did not answer proves nothing and is left
out; so is one about tables that are none of the project's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from google.cloud import bigquery
from zetasql import types
from zetasql.api import TypeFactory
from zetasql.core import ServerError

from tests.googlesql.catalog import Dataset, paths_of, simple
from tests.googlesql.language import InvalidSql, accepts, builtin_functions, options, words_of
from tests.googlesql.written import Literal
from transforms.views.erased import IDS, IDS_SCHEMA
from transforms.views.repair import SEEN_SCHEMA
from transforms.views.repair_sql import SEEN

# At the end of a statement that a test sends in the name of others, about columns that only they have.
FOREIGN = "-- not of the project"
_ALL = 1_000_000
_GAP = "\0"
_LISTED = "INFORMATION_SCHEMA"
# The project and the dataset of a table; every test has datasets of its own.
_DATASET = re.compile(r"`([^`.]+)\.[^`.]+\.")


class Sent(NamedTuple):
    """A statement with the types of its parameters, and the name of its job."""

    sql: str
    parameters: tuple[tuple[str, str], ...]
    job_id: str = ""


class Judged(NamedTuple):
    """Statements that are GoogleSQL, and those that are not with the analyzer's words."""

    accepted: list[str]
    refused: list[str]


def sent(client: bigquery.Client) -> Iterator[Sent]:
    """Statements of the emulator's jobs, of each shape one: constants, numbers and names of datasets aside."""
    shapes: set[tuple[str, Any]] = set()
    for job in client.list_jobs(page_size=_ALL):
        if not isinstance(job, bigquery.QueryJob) or not job.query or job.query.endswith(FOREIGN):
            continue
        parameters = tuple(sorted(_typed(parameter) for parameter in job.query_parameters))
        shape = re.sub(r"\d+", "0", _DATASET.sub(r"`\1.", re.sub(r"'[^']*'", "''", job.query))), parameters
        if shape not in shapes:
            shapes.add(shape)
            yield Sent(job.query, parameters, job.job_id)


def _typed(parameter: Any) -> tuple[str, str]:
    if isinstance(parameter, bigquery.ArrayQueryParameter):
        return parameter.name, f"ARRAY<{parameter.array_type}>"
    return parameter.name, parameter.type_


def judge(statements: Iterable[Sent], dataset: Dataset, client: bigquery.Client | None = None) -> Judged:
    """Analyzes statements. With a ``client``, what is refused there as well is no statement of ours."""
    accepted, refused = [], []
    for one in statements:
        try:
            analyze(one, dataset)
            accepted.append(one.sql)
        except NotOurs:
            continue
        except InvalidSql as words:
            if client is None or client.get_job(one.job_id).error_result is None:
                refused.append(f"{one.sql}\n{words}")
    return Judged(accepted, refused)


class NotOurs(Exception):
    """A statement about a table that is none of the project's."""


def analyze(one: Sent, dataset: Dataset) -> None:
    """Raises ``InvalidSql``, or ``NotOurs``."""
    parameters = {name: _type(kind) for name, kind in one.parameters}
    try:
        catalog = types.SimpleCatalog(name="bigquery", builtin_function_options=builtin_functions())
        for path in paths_of(one.sql):
            _add(catalog, path, dataset)
        accepts(types.AnalyzeRequest(options=options(parameters), simple_catalog=catalog, sql_statement=one.sql))
    except ServerError as error:
        raise InvalidSql(words_of(error)) from None


def _add(catalog: types.SimpleCatalog, path: tuple[str, ...], dataset: Dataset) -> None:
    """Puts a table into the catalog under the path that a statement gives it, with the columns of its namesake."""
    name = path[-1].rpartition(".")[2]
    if _LISTED in ".".join(path).upper():
        raise NotOurs
    in_work = IDS_SCHEMA if name == IDS else SEEN_SCHEMA if name.startswith(SEEN) else None
    if in_work is not None:
        columns = [(field.name, simple(field.field_type)) for field in in_work]
        catalog_of(catalog, path[:-1]).table.append(_table(path[-1], columns))
        return
    # Tables of work in progress are made as the ones that they are named after.
    same = max((known for known in dataset.columns if known in name), key=len, default=None)
    if same is None:
        raise NotOurs
    catalog_of(catalog, path[:-1]).table.append(_table(path[-1], dataset.columns[same]))


def catalog_of(catalog: types.SimpleCatalog, path: Iterable[str]) -> types.SimpleCatalog:
    """The catalog inside a catalog, made where it is not there."""
    for part in path:
        inner = next((one for one in catalog.catalog if one.name == part), None)
        if inner is None:
            inner = types.SimpleCatalog(name=part)
            catalog.catalog.append(inner)
        catalog = inner
    return catalog


def _table(name: str, columns: Iterable[tuple[str, types.Type]]) -> types.SimpleTable:
    return types.SimpleTable(
        name=name,
        column=[types.SimpleColumn(name=column, type=type_, is_writable_column=True) for column, type_ in columns],
    )


def _type(kind: str) -> types.Type:
    inner = re.fullmatch(r"ARRAY<(\w+)>", kind)
    return TypeFactory.create_array_type(simple(inner[1])) if inner else simple(kind)


def missing(literals: Iterable[Literal], accepted: Iterable[str]) -> list[str]:
    """Statements of the sources that none of the accepted ones was made of."""
    texts = [_flat(text) for text in accepted]
    lost = []
    for literal in literals:
        # A statement is sent without the blanks around it.
        whole = _GAP.join(map(_flat, literal.parts)).strip()
        pattern = re.compile(".*".join(map(re.escape, whole.split(_GAP))))
        if not any(pattern.search(text) for text in texts):
            lost.append(f"{literal.where}: {_flat('{}'.join(literal.parts))}")
    return lost


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)
