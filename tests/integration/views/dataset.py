"""A dataset of its own in the BigQuery emulator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from google.api_core.retry import Retry
from google.cloud import bigquery

from local.stack import PROJECT_ID
from tests import views_world as world
from tests.googlesql.compare import assert_same
from tests.googlesql.reference import Engine
from transforms.model import Entry
from transforms.views import connect, rows, sink, sql
from transforms.views.rows import TableRow

_RETRY = Retry(deadline=20.0)


@dataclass
class Dataset:
    """One dataset of the emulator."""

    name: str
    client: bigquery.Client
    _unread: list[TableRow] = field(default_factory=list)

    @cached_property
    def _google(self) -> Engine:
        return Engine(PROJECT_ID, self.name)

    def write(self, table_rows: Iterable[TableRow]) -> None:
        """Appends rows as the sink does, without a pipeline."""
        table_rows = list(table_rows)
        self._unread += table_rows
        destination = sink.Destination(PROJECT_ID, self.name, connect.storage_endpoint(), 20)
        target = sink.acquire(destination)
        tables: dict[str, list[bytes]] = {}
        for table, row in table_rows:
            tables.setdefault(table, []).append(target.encoders[table].encode(row))
        for table, encoded in tables.items():
            assert target.append(table, encoded).result().refused == {}
        sink.release(destination)

    def write_applied(self, applied: Iterable[Any]) -> None:
        """Appends the rows of what the source of truth applied."""
        self.write(row for result in applied for row in rows.rows_of(result))

    def write_history(self, history: Iterable[Entry]) -> None:
        """Appends what came of a history, and then of the same inputs in a second attempt of its run."""
        results = world.applied(history)
        self.write_applied(results)
        self.write_applied(world.retried(results))

    def query(self, text: str) -> list[dict[str, Any]]:
        """Rows of a query whose bare names are of this dataset, from the emulator and from Google's engine: the same.

        Google's engine has what ``write`` wrote, whatever else is in the emulator.
        """
        if self._unread:
            self._google.write(self._unread)
            self._unread.clear()
        emulated, google = self.emulated(text), self._google.query(text)
        assert_same(emulated, google, text)
        return google

    def emulated(self, text: str) -> list[dict[str, Any]]:
        """Rows of a query whose bare names are of this dataset, from the emulator alone."""
        config = bigquery.QueryJobConfig(default_dataset=f"{PROJECT_ID}.{self.name}")
        job = self.client.query(text, job_config=config, retry=_RETRY, job_retry=None)
        return [dict(row) for row in job.result(retry=_RETRY)]

    def view(self, name: str, today: str) -> list[dict[str, Any]]:
        """Rows of a view as it would answer on a day (``YYYY-MM-DD``)."""
        query = next(v.query for v in sql.views(PROJECT_ID, self.name, f"DATE '{today}'") if v.name == name)
        return self.query(query)
