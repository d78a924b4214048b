"""The appends of the BigQuery emulator, made cheap: they were the costliest step of a local run, and of the tests.

Rows of messages become columns of Arrow here, where the emulator looks up the type of every single value. They are
inserted with those of other appends, when anybody asks DuckDB for anything: an insert into a table of 200 columns takes
some 25 ms of CPU for one row as for a thousand. Whoever asks sees all that was appended before, as in the service.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow
from pyarrow import types

_LOG = logging.getLogger(__name__)

# Held at the most before they are inserted.
_MOST_ROWS = 4_000
# Somebody else may be changing the table.
_ATTEMPTS, _PAUSE_SECONDS = 20, 0.1

Table = tuple[str, str, str]


def mend() -> None:
    """Replaces the emulator's ways to read and to store appended rows. Call before the server starts."""
    from bqemulator.grpc_api import write_servicer
    from bqemulator.storage.engine import DuckDBEngine

    engine: Any = DuckDBEngine.connection
    waiting = Waiting()
    own = threading.local()

    def connection(self: Any) -> Any:
        """One for each thread: queries and appends on the same one hang before long."""
        source = engine.fget(self)
        waiting.insert(source)
        if getattr(own, "source", None) is not source:
            own.source, own.cursor = source, source.cursor()
            own.cursor.execute("SET TimeZone = 'UTC'")
        return own.cursor

    def hold(self: Any, stream: Any, rows: pyarrow.Table) -> None:
        table = stream.project_id, stream.dataset_id, stream.table_id
        with self._write_lock:
            found = self._ctx.catalog.get_table(*table)
            if found is None:
                raise ValueError(f"table gone: {'.'.join(table)}")
            self._ctx.catalog.update_table(found.model_copy(update={"num_rows": found.num_rows + rows.num_rows}))
            many = waiting.add(table, rows)
        # Queries know that their answers are out of date.
        self._ctx.snapshots.record_change(*table)
        if many:
            waiting.insert(engine.fget(self._ctx.engine))

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

    def add(self, table: Table, rows: pyarrow.Table) -> bool:
        """Holds rows; whether they are many by now."""
        with self._adding:
            self._held.setdefault((table, rows.schema), []).append(rows)
            self._rows += rows.num_rows
            return self._rows >= _MOST_ROWS

    def insert(self, source: Any) -> None:
        """Inserts all that is held, each table's at once. Raises what DuckDB raises: the rest is still held then."""
        # Also while another thread inserts: who asks now is to see those rows.
        with self._inserting:
            with self._adding:
                held, self._held, self._rows = self._held, {}, 0
            while held:
                (table, schema), parts = held.popitem()
                try:
                    _insert(source.cursor(), table, pyarrow.concat_tables(parts))
                except BaseException:
                    held[table, schema] = parts
                    self._hold_again(held)
                    raise

    def _hold_again(self, held: dict[tuple[Table, pyarrow.Schema], list[pyarrow.Table]]) -> None:
        with self._adding:
            for place, parts in held.items():
                self._held[place] = parts + self._held.get(place, [])
                self._rows += sum(part.num_rows for part in parts)


def _insert(cursor: Any, table: Table, rows: pyarrow.Table) -> None:
    from bqemulator.storage.sql_identifiers import quoted_table_ref

    cursor.execute("SET TimeZone = 'UTC'")
    cursor.register("appended", rows)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            # By name: a stream may know less columns than the table has by now.
            cursor.execute(f"INSERT INTO {quoted_table_ref(*table)} BY NAME SELECT * FROM appended")
            break
        except duckdb.TransactionException:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(_PAUSE_SECONDS)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            _LOG.warning("%s is not the table that %d rows were appended to: %s", table, rows.num_rows, error)
            break
    cursor.close()


def arrow_table(decoder: Any, rows: list[bytes], schema: pyarrow.Schema) -> pyarrow.Table:
    """Rows as they are sent, as columns of a table's types."""
    message = decoder._message_class
    plain = _reader(message.DESCRIPTOR)
    decoded = [plain(message.FromString(row)) for row in rows]
    present = set[str]().union(*decoded)
    columns = []
    for field in schema:
        if field.name not in present:
            columns.append(pyarrow.nulls(len(rows), field.type))
            continue
        sent = _sent(field.type)
        column = pyarrow.array([row.get(field.name) for row in decoded], type=sent)
        columns.append(column if sent == field.type else column.cast(field.type))
    return pyarrow.Table.from_arrays(columns, schema=schema)


def _reader(descriptor: Any) -> Callable[[Any], dict[str, Any]]:
    """What makes a dict of a message: fields that are set, messages in them as dicts."""
    inner: dict[str, Callable[[Any], Any]] = {}
    for field in descriptor.fields:
        if field.message_type is not None:
            of_one = _reader(field.message_type)
            inner[field.name] = _each(of_one) if field.is_repeated else of_one
        elif field.is_repeated:
            inner[field.name] = list
    names = inner.keys()

    def plain(message: Any) -> dict[str, Any]:
        row = {field.name: value for field, value in message.ListFields()}
        for name in names & row.keys():
            row[name] = inner[name](row[name])
        return row

    return plain


def _each(of_one: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    return lambda values: [of_one(value) for value in values]


def _sent(wanted: Any) -> Any:
    """The Arrow type in which values of a type are sent: decimals are text, which Arrow reads in C."""
    if types.is_decimal(wanted):
        return pyarrow.string()
    if types.is_list(wanted):
        return pyarrow.list_(wanted.value_field.with_type(_sent(wanted.value_type)))
    if types.is_struct(wanted):
        return pyarrow.struct([field.with_type(_sent(field.type)) for field in wanted])
    return wanted
