"""What is in the local stores: rows of the source of truth, of every table and view, and what people look at first."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import grpc
from google.cloud import bigquery
from google.cloud.bigtable_v2.types import ReadRowsRequest, ReadRowsResponse

from pipelines import query
from transforms.truth.config import TruthConfig, emulator_host
from transforms.truth.row_keys import RESERVED
from transforms.truth.rows import STATE
from transforms.views import schema, sql

_READ_ROWS = "/google.bigtable.v2.Bigtable/ReadRows"
_ANY_SIZE = (("grpc.max_receive_message_length", -1),)


def bigtable_rows(config: TruthConfig) -> int:
    """Rows of the table of records in the emulator that have a state: all but the reserved ones.

    Over the bare stub: a client that makes an object of each row takes ten times as long.
    """
    request = ReadRowsRequest.pb()(table_name=config.records_table)
    request.rows.row_ranges.add().end_key_open = RESERVED
    chain = request.filter.chain.filters
    chain.add().family_name_regex_filter = STATE
    chain.add().cells_per_row_limit_filter = 1
    chain.add().strip_value_transformer = True
    with grpc.insecure_channel(emulator_host() or "", options=_ANY_SIZE) as channel:
        read = channel.unary_stream(
            _READ_ROWS,
            request_serializer=type(request).SerializeToString,
            response_deserializer=ReadRowsResponse.pb().FromString,
        )
        return sum(chunk.commit_row for response in read(request) for chunk in response.chunks)


@dataclass(frozen=True)
class Tables:
    """The tables and views of one dataset, through one client."""

    client: bigquery.Client
    dataset: str

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """The rows of a query, values by column. Raises ``query.QueryError``."""
        return [dict(row) for row in query.run(self.client, statement, self.dataset)]

    def table_rows(self) -> dict[str, int]:
        """Rows of every table, repetitions included."""
        return self._count(schema.TABLES)

    def view_rows(self) -> dict[str, int]:
        """Rows of every view."""
        return self._count(sorted(view.name for view in sql.views(self.client.project, self.dataset)))

    def _count(self, names: Iterable[str]) -> dict[str, int]:
        return {name: self.rows(f"SELECT COUNT(*) AS n FROM `{name}`")[0]["n"] for name in names}

    def counts(self) -> list[dict[str, Any]]:
        """Documents and value by month, UF, model, status and environment."""
        columns = "uf, month, model, status, environment, documents, total"
        return self.rows(f"SELECT {columns} FROM counts_by_uf WHERE documents != 0")

    def counts_of(self, run: str) -> list[dict[str, Any]]:
        """The same of what came with a run, whenever it came first, as it is now."""
        columns = "uf_after AS uf, month_after AS month, model_after AS model, status_after AS status"
        return self.rows(
            f"SELECT {columns}, environment_after AS environment, COUNT(*) AS documents, SUM(total_after) AS total "
            "FROM (SELECT * FROM unique_changes "
            f"WHERE access_key IN (SELECT access_key FROM arrivals WHERE run = {_literal(run)}) "
            "QUALIFY ROW_NUMBER() OVER (PARTITION BY access_key ORDER BY revision DESC) = 1) "
            "GROUP BY uf, month, model, status, environment"
        )

    def dead_letters(self, run: str) -> dict[str, dict[str, Any]]:
        """Of a run, by code: where one of them came from, and what is wrong with it."""
        found = self.rows(
            "SELECT code, MIN(origin) AS example_origin, "
            "ARRAY_AGG(message ORDER BY origin, dead_letter_id LIMIT 1)[OFFSET(0)] AS example_message "
            f"FROM dead_letters WHERE run = {_literal(run)} GROUP BY code"
        )
        return {row["code"]: row for row in found}

    def telling_key(self, run: str = "") -> str | None:
        """An access key (of a run) whose history has most to tell: the most known statuses, then the most records."""
        of_run = f"AND access_key IN (SELECT access_key FROM arrivals WHERE run = {_literal(run)}) " if run else ""
        found = self.rows(
            f"SELECT access_key FROM unique_changes WHERE LENGTH(access_key) = 44 {of_run}GROUP BY access_key "
            "ORDER BY COUNT(DISTINCT NULLIF(status_after, 'unknown')) DESC, COUNT(*) DESC, access_key LIMIT 1"
        )
        return found[0]["access_key"] if found else None

    def history(self, key: str) -> list[dict[str, Any]]:
        """The records of a key in the order of what happened."""
        return self.rows(f"SELECT * FROM history WHERE access_key = '{key}' ORDER BY position")


def _literal(text: str) -> str:
    """A string of GoogleSQL: its escapes are those of JSON."""
    return json.dumps(text)
