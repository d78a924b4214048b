"""One test's own stores in the emulators, and what is compared of them."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from local.stack.discover import LOCAL_PROJECT
from pipelines import backfill, rebuild, reconcile, tables
from pipelines.defaults import DEFAULT_INSTANCE
from tests.dump import dump
from transforms.counting import cells
from transforms.counting.contributions import CountKey
from transforms.ingest.archives import expand
from transforms.ingest.files import FileRef, open_file
from transforms.ingest.listing import list_files
from transforms.model import RawDocument
from transforms.truth import row_keys, rows
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.read import History, HistoryReader
from transforms.views import repair_sql, schema, sql

# Views that tell how things came (by whom, in which order), and so differ between two ways of bringing them.
_LINEAGE_VIEWS = {
    "history", "arrivals_by_origin", "ingestion_health", "nsu_gaps", "nsu_received", "unique_arrivals",
    "unique_changes", "unique_daily_arrivals",
}  # fmt: skip
_LINEAGE_VIEWS |= {"unique_counts", "current_counts", "dead_letters_by_code", "unique_dead_letters"}
_LINEAGE_COLUMNS = {"run", "job", "origin", "revision", "received_at", "applied_at", "changed_at", "first_received_at"}
_LINEAGE_COLUMNS |= {"parser"}

Rows = list[str]


@dataclass(frozen=True)
class Stores:
    """Tables of Bigtable and a dataset of BigQuery under one name."""

    name: str

    @property
    def truth(self) -> TruthConfig:
        return TruthConfig(LOCAL_PROJECT, DEFAULT_INSTANCE, self.name)

    def create(self) -> None:
        tables.set_up(self.truth, self.name)

    def arguments(self, given: Path | str, *more: str) -> list[str]:
        places = ["--project", LOCAL_PROJECT, "--bigtable_table", self.name, "--dataset", self.name]
        return ["--input", str(given), *places, "--runner", "FnApiRunner", *more]

    def backfill(self, given: Path | str, *more: str) -> Counter[str]:
        """Runs the job in this process; its counters."""
        result = backfill.run(self.arguments(given, *more))
        return Counter({c.key.metric.name: c.committed for c in result.metrics().query()["counters"]})

    def start_backfill(self, given: Path | str, *more: str) -> subprocess.Popen[bytes]:
        """Runs the job in a process of its own."""
        command = [sys.executable, "-m", "pipelines.backfill", *self.arguments(given, *more)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def content(self) -> dict[tuple[str, str, bytes], tuple[int, bytes]]:
        """Bigtable's content, lineage, revisions and changes aside."""
        return {(key, cell.family, cell.qualifier): (cell.timestamp, cell.value) for key, cell in dump(self.truth)}

    def histories(self) -> dict[str, History]:
        reader = HistoryReader(self.truth)
        try:
            return {history.key: history for history in reader.scan()}
        finally:
            reader.close()

    def views(self, *names: str) -> dict[str, Rows]:
        """The rows of every view, or of those named, lineage aside, in an order of their own."""
        found = {}
        for name, query in self.queries().items():
            if name not in _LINEAGE_VIEWS and (not names or name in names):
                found[name] = sorted(_shown(row) for row in self.query(query))
        return found

    def queries(self) -> dict[str, str]:
        """What gives all rows of each view; of one that counts days, as of one and the same day."""
        live, pinned = (sql.views(LOCAL_PROJECT, self.name, today) for today in (sql.TODAY, "DATE '2026-04-01'"))
        return {
            view.name: f"SELECT * FROM {view.name}" if view == then else then.query
            for view, then in zip(live, pinned, strict=True)
        }

    def query(self, statement: str) -> list[dict[str, Any]]:
        client = bigquery.Client(project=LOCAL_PROJECT, credentials=AnonymousCredentials())
        config = bigquery.QueryJobConfig(default_dataset=f"{LOCAL_PROJECT}.{self.name}")
        return [dict(row) for row in client.query(statement, job_config=config).result()]


def finish(job: subprocess.Popen[bytes]) -> None:
    """Waits for a job that must end well."""
    _, error = job.communicate(timeout=600)
    assert job.returncode == 0, error.decode()[-2000:]


def _shown(row: dict[str, Any]) -> str:
    return repr({name: value for name, value in sorted(row.items()) if name not in _LINEAGE_COLUMNS})


NewStores = Callable[[], Stores]


def payloads_of(folder: Path) -> list[bytes]:
    """Every input in the archives and files of a folder."""
    found = []
    for file in list_files(str(folder)):
        assert isinstance(file, FileRef)
        with open_file(file.path) as stream:
            expanded = expand(stream, file.origin, file.modified_at)
            found += [raw.payload for raw in expanded if isinstance(raw, RawDocument)]
    return found


def rebuild_stores(stores: Stores, *more: str) -> dict[str, int]:
    """Runs the job in this process; the rows it removed and added, by counter."""
    result = rebuild.run([*stores.arguments("-")[2:], *more])
    found = {c.key.metric.name: c.committed for c in result.metrics().query()["counters"]}
    return {name: count for name, count in found.items() if name.startswith(("rows_removed_", "rows_added_"))}


def bigtable_counts(stores: Stores) -> dict[CountKey, tuple[int, str]]:
    """What Bigtable's counts say, nothing where it is nothing."""
    config, reader = stores.truth, HistoryReader(stores.truth)
    client = Client(config)
    table = f"{config.records_table}{cells.TABLE_SUFFIX}"
    found = client.scan(table, b"0", row_keys.RESERVED)
    sums = [cells.sums(reader.codec, row.key, rows.by_column(row.cells)) for row in found]
    wait_for(client.close())
    reader.close()
    return {k: (a.documents, str(a.total)) for one in sums for k, a in one.items() if a.documents}


def content(stores: Stores) -> dict[str, list[str]]:
    """All rows of all tables as far as they are compared: the digest of each, as often as it is there."""
    found = {}
    for table in schema.TABLES:
        rows = stores.query(f"SELECT {repair_sql.digest(table, 'r')} AS digest FROM {table} AS r")
        found[table] = sorted(row["digest"] for row in rows)
    return found


def copies(stores: Stores) -> dict[str, int]:
    """Rows too many, by table."""
    found = {table: len(digests) - len(set(digests)) for table, digests in content(stores).items()}
    return {table: count for table, count in found.items() if count}


def differences(stores: Stores, output: Path, *more: str) -> list[dict[str, Any]]:
    """What the job finds; its exit status must say the same."""
    status = reconcile.main([*stores.arguments("-")[2:], "--output", str(output), *more])
    found = [orjson.loads(line) for line in output.read_bytes().splitlines()]
    assert status == (1 if found else 0)
    return found
