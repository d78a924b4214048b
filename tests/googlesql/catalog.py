"""A dataset as the analyzer sees it: tables by ``schemas/*.json``, views by what their queries give, in order.

Names resolve as in BigQuery: in full (```project.dataset.name```), by dataset, and alone where the query has a
default dataset. ``Dataset.analyze`` says what a query gives and which columns of which tables it reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from zetasql import types
from zetasql.api import ResolvedNodeVisitor, TypeFactory
from zetasql.core import ServerError
from zetasql.types import TypeKind

from tests.googlesql.language import InvalidSql, builtin_functions, language, options, service, words_of
from transforms.views import schema, sql
from transforms.views.schema import Column

PROJECT, DATASET = "some-project", "acervo"
_ALTERED = re.compile(r"^\s*ALTER\s+(?:TABLE|VIEW)\s+(?:IF\s+EXISTS\s+)?`([^`]+)`", re.IGNORECASE)
_KINDS = {"INTEGER": "INT64", "FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "BOOLEAN": "BOOL"}


class Analysis(NamedTuple):
    """What a statement gives (name and type of each column, none for DML and DDL), and the columns that it reads.

    ``reads``: table or view, by its bare name -> its columns. Columns of a view are not followed into its query.
    """

    columns: tuple[tuple[str, types.Type], ...]
    reads: Mapping[str, frozenset[str]]


def simple(kind: str) -> types.Type:
    """A type by the name that BigQuery's SQL or its API has for it."""
    return TypeFactory.create_simple_type(TypeKind[f"TYPE_{_KINDS.get(kind, kind)}"])


def type_of(column: Column) -> types.Type:
    """The type of a column of a table."""
    if column.fields:
        inner = TypeFactory.create_struct_type([(field.name, type_of(field)) for field in column.fields])
    else:
        inner = simple(column.type)
    return TypeFactory.create_array_type(inner) if column.mode == "REPEATED" else inner


def paths_of(statement: str) -> set[tuple[str, ...]]:
    """The tables that a statement names; the library leaves out the one that is altered. Raises ``ServerError``."""
    found = service().extract_table_names_from_statement(sql_statement=statement, options=language()).table_name
    return {tuple(name.table_name_segment) for name in found} | {(name,) for name in _ALTERED.findall(statement)}


def table_names() -> list[str]:
    """Every table that has a schema, whether or not the code lists it already."""
    folder = resources.files(schema.__package__).joinpath("schemas")
    return sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))


class Dataset:
    """Tables and views of one dataset, to analyze statements with."""

    def __init__(self, project: str = PROJECT, dataset: str = DATASET) -> None:
        self.project, self.dataset = project, dataset
        self.columns: dict[str, tuple[tuple[str, types.Type], ...]] = {
            name: tuple((column.name, type_of(column)) for column in schema.load(name).columns)
            for name in table_names()
        }
        self.refused: dict[str, InvalidSql] = {}
        self._catalog_id: int | None = None

    def add(self, name: str, columns: Iterable[tuple[str, types.Type]]) -> None:
        """Adds a table, or replaces it."""
        self.columns[name] = tuple(columns)
        self.close()

    @classmethod
    def whole(cls) -> Dataset:
        """With all views of the project, which are analyzed once a process."""
        made, views = cls(), _views()
        made.columns, made.refused = dict(views.columns), dict(views.refused)
        return made

    def add_views(self, views: Iterable[sql.View]) -> Dataset:
        """Analyzes views, each after those it reads, and adds them; what is refused is kept in ``refused``.

        Each is analyzed with the tables that it names: a catalog of all of them takes a second to register.
        """
        for view in views:
            try:
                named = {path[-1].rpartition(".")[2] for path in paths_of(view.query)}
                few = self.simple_catalog(named & set(self.columns))
                found = service().analyze(options=options(), simple_catalog=few, sql_statement=view.query)
                self.columns[view.name] = _given(found.resolved_statement)
            except ServerError as error:
                self.refused[view.name] = InvalidSql(words_of(error))
        self.close()
        return self

    def simple_catalog(self, only: Iterable[str] | None = None) -> types.SimpleCatalog:
        """The catalog, of ``only`` some tables or of all, by full names, by dataset, and by bare names."""
        names = list(self.columns if only is None else only)
        full = [self._table(name, f"{self.project}.{self.dataset}.{name}") for name in names]
        bare = [self._table(name, name) for name in names]
        inner = types.SimpleCatalog(name=self.dataset, table=[self._table(name, name) for name in names])
        return types.SimpleCatalog(
            name="bigquery", table=full + bare, catalog=[inner], builtin_function_options=builtin_functions()
        )

    def _table(self, name: str, path: str) -> types.SimpleTable:
        columns = [
            types.SimpleColumn(name=column, type=type_, is_writable_column=True) for column, type_ in self.columns[name]
        ]
        return types.SimpleTable(name=path, column=columns)

    def resolve(self, statement: str, parameters: dict[str, types.Type] | None = None) -> Any:
        """The resolved statement. Raises ``InvalidSql`` with the analyzer's words."""
        if self._catalog_id is None:
            self._catalog_id = service().register_catalog(simple_catalog=self.simple_catalog()).registered_id
        try:
            found = service().analyze(
                options=options(parameters), registered_catalog_id=self._catalog_id, sql_statement=statement
            )
        except ServerError as error:
            raise InvalidSql(words_of(error)) from None
        return found.resolved_statement

    def analyze(self, statement: str, parameters: dict[str, types.Type] | None = None) -> Analysis:
        """What a statement gives and reads. Raises ``InvalidSql`` with the analyzer's words."""
        resolved = self.resolve(statement, parameters)
        reads = _Reads()
        reads.visit(resolved)
        return Analysis(_given(resolved), {name: frozenset(found) for name, found in reads.found.items()})

    def close(self) -> None:
        """Forgets the registered catalog; the next statement registers it as it is then."""
        if self._catalog_id is not None:
            service().unregister_catalog(registered_id=self._catalog_id)
            self._catalog_id = None


@cache
def _views() -> Dataset:
    return Dataset().add_views(sql.views(PROJECT, DATASET))


def _given(resolved: Any) -> tuple[tuple[str, types.Type], ...]:
    given = getattr(resolved, "output_column_list", None) or ()
    return tuple((column.name, column.column.type) for column in given if isinstance(column.name, str))


class _Reads(ResolvedNodeVisitor):
    """The columns of tables that a resolved statement reads, after unused ones were pruned."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, set[str]] = {}

    def visit_ResolvedTableScan(self, node: types.ResolvedTableScan) -> None:
        """A scan of a table."""
        name = node.table.name.rpartition(".")[2]
        self.found.setdefault(name, set()).update(column.name for column in node.column_list)
        self.descend(node)
