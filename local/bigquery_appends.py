"""The appends of the BigQuery emulator, made cheap: they were the costliest step of a local run, and of the tests.

Rows of messages become columns of Arrow here, where the emulator looks up the type of every single value. They are
inserted with those of other appends, when anybody asks DuckDB for anything, or on a thread of low priority when they
are many: an insert into a table of 200 columns takes some 25 ms of CPU for one row as for a thousand. Whoever asks sees
all that was appended before, and whoever appends waits for no table, as in the service.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

import duckdb
import pyarrow
from pyarrow import types

_LOG = logging.getLogger(__name__)

# Rows that are inserted though nobody asks, and held at the most: then whoever appends more inserts them.
_MANY_ROWS, _MOST_ROWS = 4_000, 100_000
_LOW_PRIORITY = 10
# Somebody else may be changing the table.
_ATTEMPTS, _PAUSE_SECONDS = 20, 0.1

Table = tuple[str, str, str]


def mend() -> None:
    """Replaces the emulator's ways to read and to store appended rows. Call before the server starts."""
    from bqemulator.grpc_api import write_servicer
    from bqemulator.storage.engine import DuckDBEngine

    engine: Any = DuckDBEngine.connection
    waiting = Waiting()
    inserter = _Inserter(waiting)
    own = threading.local()

    def connection(self: Any) -> Any:
        """One for each thread: queries and appends on the same one hang before long."""
        source = engine.fget(self)
        waiting.insert(source)
        if getattr(own, "source", None) is not source:
            own.source, own.cursor = source, _cursor(source)
        return own.cursor

    def hold(self: Any, stream: Any, rows: pyarrow.Table) -> None:
        table = stream.project_id, stream.dataset_id, stream.table_id
        with self._write_lock:
            found = self._ctx.catalog.get_table(*table)
            if found is None:
                raise ValueError(f"table gone: {'.'.join(table)}")
            self._ctx.catalog.update_table(found.model_copy(update={"num_rows": found.num_rows + rows.num_rows}))
            held = waiting.add(table, rows)
        # Queries know that their answers are out of date.
        self._ctx.snapshots.record_change(*table)
        if held >= _MOST_ROWS:
            waiting.insert(engine.fget(self._ctx.engine))
        elif held >= _MANY_ROWS:
            inserter.insert(engine.fget(self._ctx.engine))

    DuckDBEngine.connection = property(connection)
    write_servicer.BigQueryWriteHandler._flush_to_target = hold
    write_servicer.proto_rows_to_arrow_table = arrow_table


class Waiting:
    """Rows that were appended and are in no table yet. Any thread may call it."""

    def __init__(self) -> None:
        self._held: dict[tuple[Table, pyarrow.Schema], list[pyarrow.Table]] = {}
        self._rows = 0
        self._adding = threading.Lock()
        self._inserting = threading.RLock()

    def add(self, table: Table, rows: pyarrow.Table) -> int:
        """Holds rows; how many there are by now."""
        with self._adding:
            self._held.setdefault((table, rows.schema), []).append(rows)
            self._rows += rows.num_rows
            return self._rows

    def insert(self, source: Any) -> None:
        """Inserts what is held at this moment, a table after the other. Raises what DuckDB raises, once.

        Several threads share the work, so that one of high priority waits for one table of another at the most.
        """
        with self._adding:
            places = list(self._held)
        for place in places:
            with self._inserting:
                with self._adding:
                    parts = self._held.pop(place, [])
                    self._rows -= sum(part.num_rows for part in parts)
                if parts:
                    with closing(_cursor(source)) as cursor:
                        _insert(cursor, place[0], pyarrow.concat_tables(parts))
        with self._inserting:
            pass  # what another thread took before is inserted too


class _Inserter:
    """A thread that inserts what is held when it is told to, after everything else that wants a processor."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._source: Any = None
        self._wanted = threading.Event()
        threading.Thread(target=self._run, name="insert", daemon=True).start()

    def insert(self, source: Any) -> None:
        """Returns at once."""
        self._source = source
        self._wanted.set()

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOW_PRIORITY)
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                self._waiting.insert(self._source)
            except Exception:
                _LOG.exception("rows that were appended are in no table")


def _cursor(source: Any) -> Any:
    cursor = source.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    return cursor


def _insert(cursor: Any, table: Table, rows: pyarrow.Table) -> None:
    from bqemulator.storage.sql_identifiers import quoted_table_ref

    cursor.register("appended", rows)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            # By name: a stream may know fewer columns than the table has by now.
            cursor.execute(f"INSERT INTO {quoted_table_ref(*table)} BY NAME SELECT * FROM appended")
            break
        except duckdb.TransactionException:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_SECONDS)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            _LOG.warning("%s is not the table that %d rows were appended to: %s", table, rows.num_rows, error)
            break


def arrow_table(decoder: Any, rows: list[bytes], schema: pyarrow.Schema) -> pyarrow.Table:
    """Rows as they are sent, as columns of a table's types."""
    message = decoder._message_class
    columns = _columns([message.FromString(row) for row in rows], message.DESCRIPTOR, schema)
    return pyarrow.Table.from_arrays(columns, schema=schema)


def _columns(messages: Sequence[Any], descriptor: Any, wanted: Iterable[pyarrow.Field]) -> list[pyarrow.Array]:
    """The fields that are wanted of each message; null where it has none."""
    fields = descriptor.fields_by_name
    return [_column(messages, fields.get(field.name), field.type) for field in wanted]


def _column(messages: Sequence[Any], field: Any, wanted: pyarrow.DataType) -> pyarrow.Array:
    if field is None:
        return pyarrow.nulls(len(messages), wanted)
    name = field.name
    if not field.is_repeated:
        return _array([getattr(one, name) if one.HasField(name) else None for one in messages], field, wanted)
    lists = [getattr(one, name) for one in messages]
    if not any(lists):
        return pyarrow.nulls(len(messages), wanted)
    ends = list(itertools.accumulate(map(len, lists), initial=0))
    starts = [start if found else None for start, found in zip(ends, lists, strict=False)]
    values = _array([value for found in lists for value in found], field, wanted.value_type)
    return pyarrow.ListArray.from_arrays(pyarrow.array([*starts, ends[-1]], pyarrow.int32()), values, type=wanted)


def _array(values: list[Any], field: Any, wanted: pyarrow.DataType) -> pyarrow.Array:
    if field.message_type is not None:
        parts = _columns(values, field.message_type, wanted)
        return pyarrow.StructArray.from_arrays(parts, fields=list(wanted))
    # Decimals are sent as text, which Arrow reads faster than Python.
    return (
        pyarrow.array(values, pyarrow.string()).cast(wanted)
        if types.is_decimal(wanted)
        else pyarrow.array(values, wanted)
    )
