"""GoogleSQL's reference implementation over rows in memory: what Google's own engine answers.

Views are run one after the other, each over the rows that the ones it reads gave, and kept until rows are added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from zetasql import types
from zetasql.core import ServerError
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2

from tests.googlesql.catalog import Dataset, paths_of
from tests.googlesql.language import InvalidSql, options, service, words_of
from tests.googlesql.values import Columns, TableData, plain, table_data
from transforms.views import schema, sql
from transforms.views.encode import RowEncoder

# The reference implementation has no approximate aggregates; where one is asked for it gives the exact answer.
_APPROXIMATE = re.compile(r"APPROX_QUANTILES\((.*), 100\)\[OFFSET\((\d+)\)\]")
_EXACT = r"ARRAY_AGG(\1 IGNORE NULLS ORDER BY \1)[SAFE_ORDINAL(CAST(CEIL(COUNT(\1) * \2 / 100) AS INT64))]"


class Engine:
    """The tables and views of one dataset. ``today``: the SQL expression of the date that days are counted to."""

    def __init__(self, project: str, dataset: str, today: str = sql.TODAY) -> None:
        self._dataset = Dataset(project, dataset)
        self._views = {view.name: view for view in sql.views(project, dataset, today)}
        self._rows: dict[str, list[dict[str, Any]]] = {name: [] for name in self._dataset.columns}
        self._encoders = {name: RowEncoder(schema.load(name)) for name in self._rows}
        self._content: dict[str, TableData] = {}

    def write(self, table_rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Adds rows, as they are after the sink's encoding."""
        for table, row in table_rows:
            encoder = self._encoders[table]
            self._rows[table].append(encoder.decode(encoder.encode(row)))
        self._content.clear()

    def query(self, statement: str) -> list[dict[str, Any]]:
        """Rows of a query that names tables and views in full or alone. Raises ``InvalidSql``."""
        columns, data = self._run(statement)
        return [
            {name: plain(type_, cell) for (name, type_), cell in zip(columns, row.cell, strict=True)}
            for row in data.row
        ]

    def _run(self, statement: str) -> tuple[Columns, TableData]:
        try:
            paths = {".".join(path) for path in paths_of(statement)}
            content = {path: self._table(path.rpartition(".")[2]) for path in paths}
            catalog = self._dataset.simple_catalog({path.rpartition(".")[2] for path in paths})
            return _execute(statement, catalog, content)
        except ServerError as error:
            raise InvalidSql(words_of(error)) from None

    def _table(self, name: str) -> TableData:
        if name not in self._content:
            if name in self._rows:
                self._content[name] = table_data(self._dataset.columns[name], self._rows[name])
            elif name in self._views:
                columns, self._content[name] = self._run(self._views[name].query)
                self._dataset.columns[name] = tuple(columns)
            else:
                raise InvalidSql(f"Table not found: {name}")
        return self._content[name]


def _execute(statement: str, catalog: types.SimpleCatalog, content: dict[str, TableData]) -> tuple[Columns, TableData]:
    """Over the library's messages themselves: its objects for each value of each row cost more than the query."""
    call = service().wasm_client.call_grpc_func
    request = local_service_pb2.PrepareQueryRequest(
        sql=_APPROXIMATE.sub(_EXACT, statement), options=options().to_proto(), simple_catalog=catalog.to_proto()
    )
    for name, data in content.items():
        request.table_content[name].table_data.CopyFrom(data)
    prepared = call("ZetaSqlLocalService_PrepareQuery", request, local_service_pb2.PrepareQueryResponse).prepared
    try:
        answer = call(
            "ZetaSqlLocalService_EvaluateQuery",
            local_service_pb2.EvaluateQueryRequest(prepared_query_id=prepared.prepared_query_id),
            local_service_pb2.EvaluateQueryResponse,
        )
    finally:
        call(
            "ZetaSqlLocalService_UnprepareQuery",
            local_service_pb2.UnprepareQueryRequest(prepared_query_id=prepared.prepared_query_id),
        )
    columns = [(column.name, types.parse_proto(column.type)) for column in prepared.columns]
    return columns, answer.content.table_data
