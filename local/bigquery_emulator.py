"""The BigQuery emulator, started with what its release 1.4.0 gets wrong put right.

``python -m local.bigquery_emulator`` takes the options of ``bqemulator start``. Each mend is a few lines over one
function of the package and says what the service does; the tests of the views fail without them.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

_OPEN_STREAMS = 128


def mend() -> None:
    """Puts the emulator's write path right, in this process. Call before the server starts."""
    _provide_spatial_extension()
    _keep_nested_records()
    _store_bignumeric()
    _take_no_snapshot_per_append()
    _tell_view_queries()
    _serve_many_streams()


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


def _tell_view_queries() -> None:
    """A view's resource lacks its query, so nobody could see whether it is current; the service gives it."""
    from bqemulator.api.routes import tables

    plain = tables._table_to_rest

    def with_query(table: Any) -> dict[str, Any]:
        view = {"view": {"query": table.view_query, "useLegacySql": False}} if table.view_query else {}
        return plain(table) | view

    tables._table_to_rest = with_query


if __name__ == "__main__":
    mend()
    from bqemulator.cli import main

    main(["start", *sys.argv[1:]], prog_name="bigquery_emulator")
