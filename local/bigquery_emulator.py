"""The BigQuery emulator, started with what its release 1.4.0 gets wrong put right.

``python -m local.bigquery_emulator`` takes the options of ``bqemulator start``. Each mend is a few lines over one
function of the package and says what the service does; the tests of the views fail without them.
"""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from local import bigquery_appends
from transforms.collector import collect_seldom

_OPEN_STREAMS = 1024
_TRANSLATIONS = 10_000


def mend() -> None:
    """Puts the emulator's write path right, in this process. Call before the server starts."""
    _provide_spatial_extension()
    _keep_nested_records()
    _store_bignumeric()
    _take_no_snapshot_per_append()
    _tell_view_queries()
    _tell_queries_as_sent()
    _add_columns_of_whole_scale()
    _translate_a_query_once()
    _serve_many_streams()
    _run_a_query_in_one_thread()
    bigquery_appends.mend()
    _refuse_updates_of_what_has_changed()


def _provide_spatial_extension() -> None:
    """The emulator loads DuckDB's spatial extension, from the network unless it is there already."""
    import duckdb_extensions

    duckdb_extensions.import_extension("spatial")


def _keep_nested_records() -> None:
    """AppendRows drops the fields inside a RECORD column and then fails; the service stores them."""
    from bqemulator.api.routes import tabledata
    from bqemulator.grpc_api import write_servicer

    def arrow_schema(table: Any) -> Any:
        return tabledata._build_arrow_schema(tabledata._fields_raw_from_schema(table.schema_.fields))

    write_servicer._table_arrow_schema = arrow_schema


def _store_bignumeric() -> None:
    """A BIGNUMERIC column cannot be created (76 digits; DuckDB has 38). Here it has 18 decimals, never rounded to 9."""
    import pyarrow
    from bqemulator.api.routes import tabledata
    from bqemulator.storage import type_map

    plain = tabledata._bq_type_to_arrow
    type_map._BQ_TO_DUCKDB["BIGNUMERIC"] = "DECIMAL(38, 18)"
    tabledata._bq_type_to_arrow = lambda name: (
        pyarrow.decimal128(38, 18) if name.upper() == "BIGNUMERIC" else plain(name)
    )


def _take_no_snapshot_per_append() -> None:
    """Every append copies its whole table for time travel: quadratic, in memory, and nobody travels here."""
    from bqemulator.versioning.snapshots import SnapshotManager

    capture = SnapshotManager.capture

    def only_asked_for(self: Any, *names: str, kind: str = "AUTO") -> Any:
        return capture(self, *names, kind=kind) if kind == "USER" else None

    SnapshotManager.capture = only_asked_for


def _serve_many_streams() -> None:
    """An open append stream holds a thread of asyncio's small pool: with a stream per table the last ones hang."""
    import grpc.aio

    grpc.aio.server = partial(grpc.aio.server, ThreadPoolExecutor(_OPEN_STREAMS, thread_name_prefix="grpc"))


def _run_a_query_in_one_thread() -> None:
    """DuckDB's threads wait for one another with the CPU in hand: an insert of many rows takes four times as much."""
    from bqemulator.storage.engine import DuckDBEngine

    plain = DuckDBEngine._apply_session_pragmas

    def apply(self: Any) -> None:
        plain(self)
        self._connection.execute("SET threads = 1")

    DuckDBEngine._apply_session_pragmas = apply


def _tell_view_queries() -> None:
    """A view's resource lacks its query, so nobody could see whether it is current; the service gives it."""
    from bqemulator.api.routes import tables

    plain = tables._table_to_rest

    def with_query(table: Any) -> dict[str, Any]:
        view = {"view": {"query": table.view_query, "useLegacySql": False}} if table.view_query else {}
        described: dict[str, Any] = plain(table) | view
        return described

    tables._table_to_rest = with_query


def _tell_queries_as_sent() -> None:
    """Makes jobs show what was sent, like the service: the emulator omits parameters, and rewrites queries for a
    default dataset."""
    from bqemulator.api.routes import jobs

    plain = jobs._execute_query_or_failed_meta

    async def as_sent(*, config: dict[str, Any], **rest: Any) -> Any:
        job = await plain(config=config, **rest)
        if job.configuration and "query" in job.configuration:
            sent = {name: config["query"][name] for name in ("query", "queryParameters") if name in config["query"]}
            job.configuration["query"] = {**job.configuration["query"], **sent}
        return job

    jobs._execute_query_or_failed_meta = as_sent


def _add_columns_of_whole_scale() -> None:
    """A NUMERIC column that is added keeps three decimals of nine, and a BIGNUMERIC one none of those it has here."""
    from bqemulator.sql.translator import SQLTranslator

    plain = SQLTranslator.translate

    def translate(self: Any, bq_sql: str, **rest: Any) -> Any:
        if bq_sql.lstrip().upper().startswith("ALTER TABLE"):
            bq_sql = re.sub(r"\bNUMERIC\b", "NUMERIC(38, 9)", bq_sql)
            bq_sql = re.sub(r"\bBIGNUMERIC\b", "NUMERIC(38, 18)", bq_sql)
        return plain(self, bq_sql, **rest)

    SQLTranslator.translate = translate


def _translate_a_query_once() -> None:
    """Each query is parsed a dozen times on its way to DuckDB, which takes seconds for a view of views."""
    from bqemulator.sql.translator import SQLTranslator

    plain = SQLTranslator.translate
    known: dict[tuple[str, str, str], Any] = {}

    def translate(self: Any, bq_sql: str, *, schema: Any = None, caller: Any = None, **rest: Any) -> Any:
        asked = bq_sql, repr(schema), repr(caller)
        if asked not in known:
            if len(known) >= _TRANSLATIONS:
                known.clear()
            known[asked] = plain(self, bq_sql, schema=schema, caller=caller, **rest)
        return known[asked]

    SQLTranslator.translate = translate


def _refuse_updates_of_what_has_changed() -> None:
    """An update that names a version (If-Match) is made whatever the table is by now; the service refuses it."""
    import inspect
    from functools import wraps

    from bqemulator.api.routes import tables
    from fastapi import HTTPException

    def bound(plain: Any) -> Any:
        @wraps(plain)
        async def update(**given: Any) -> Any:
            found = given["ctx"].catalog.get_table(given["project_id"], given["dataset_id"], given["table_id"])
            wanted = given["request"].headers.get("if-match")
            if found is not None and wanted not in (None, "*", found.etag):
                raise HTTPException(412, "Precondition check failed.")
            return await plain(**given)

        described: Any = update
        described.__signature__ = inspect.signature(plain, eval_str=True)
        return described

    for route in tables.router.routes:
        if {"PATCH", "PUT"} & getattr(route, "methods", set()):
            route.endpoint = bound(route.endpoint)


if __name__ == "__main__":
    mend()
    from bqemulator.cli import main

    # A look at all that its libraries keep takes half a second, in which nobody is answered.
    collect_seldom()
    main(["start", *sys.argv[1:]], prog_name="bigquery_emulator")
