"""From a table to the parts it is read in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from transforms.ingest.postgres.catalog import Column, Relation, Table
from transforms.ingest.postgres.finding import FOREIGN, VIEW
from transforms.ingest.postgres.parts import TablePart
from transforms.ingest.postgres.source import PostgresSource
from transforms.ingest.postgres.statements import conditions

Connection = psycopg.Connection[tuple[Any, ...]]

_BLOCKS_PER_RANGE = 8
_BLOCKS_AT_MOST = 50_000
_SAMPLES_PER_BLOCK = 30
_ASSUMED_ROW_BYTES = 2048.0
# Bounds travel with each range of a part, so a part has few of them.
_BLOCKS_PER_PART = 256


def parts_of(conn: Connection, source: PostgresSource, table: Table) -> Iterator[TablePart]:
    """The parts of ``table``: one per relation that holds rows, or several where it has many ranges of keys.

    Together they hold every row that the table holds, whatever the samples say: the first range of keys has no lower
    bound, the last no upper one, and NULLs have a range of their own.
    """
    for relation_ in table.relations:
        if table.split is None:
            yield from _by_pages(table, relation_)
        else:
            yield from _by_key(conn, source, table, relation_, table.split)


def _by_pages(table: Table, of: Relation) -> Iterator[TablePart]:
    if of.pages:
        yield TablePart(
            of.schema,
            of.name,
            of.oid,
            only=True,
            start=0,
            stop=of.pages,
            block_pages=1.0,
            block_bytes=max(of.size / of.pages, table.page_size),
            filenode=of.filenode,
        )


def _by_key(
    conn: Connection, source: PostgresSource, table: Table, of: Relation, column: Column
) -> Iterator[TablePart]:
    size, rows = _size(conn, source, table, of)
    block_size = max(source.range_bytes / _BLOCKS_PER_RANGE, size / _BLOCKS_AT_MOST)
    wanted = max(1, round(size / block_size))
    bounds = (None, *_bounds(conn, source, table, of, column, wanted, rows), None)
    blocks = len(bounds) - 1

    def part(bounds: tuple[str | None, ...], stop: int, nulls: bool = False) -> TablePart:
        return TablePart(
            of.schema,
            of.name,
            of.oid,
            only=of.kind not in (VIEW, FOREIGN),
            start=0,
            stop=stop,
            block_pages=0.0 if nulls else size / blocks / table.page_size,
            block_bytes=size / blocks,
            column=column.name,
            column_type=column.type_name,
            bounds=bounds,
            nulls=nulls,
        )

    for first in range(0, blocks, _BLOCKS_PER_PART):
        some = bounds[first : first + _BLOCKS_PER_PART + 1]
        yield part(some, len(some) - 1)
    if column.nullable:
        yield part((), 1, nulls=True)


def _size(conn: Connection, source: PostgresSource, table: Table, of: Relation) -> tuple[float, float]:
    """Bytes to read, as stored, and rows: estimates of the planner, under the user's conditions."""
    rows = estimated_rows(conn, source, table, of)
    if of.size and of.rows > 0:
        return of.size * min(1.0, rows / of.rows), rows
    if of.size:
        return float(of.size), rows
    query = sql.SQL("SELECT avg(pg_column_size(x))::float8 FROM (SELECT {} AS x FROM {} LIMIT 100) AS few")
    found = conn.execute(query.format(sql.Identifier(table.shape.payload), _source_of(of))).fetchone()
    return rows * (found[0] if found and found[0] else _ASSUMED_ROW_BYTES), rows


def estimated_rows(conn: Connection, source: PostgresSource, table: Table, of: Relation) -> float:
    """What the planner expects the user's conditions to leave."""
    query = sql.SQL("EXPLAIN (FORMAT JSON) SELECT 1 FROM {} WHERE {}").format(_source_of(of), _filter(source, table))
    # In binary, psycopg takes one statement only.
    found = conn.execute(query, binary=True).fetchone()
    return float(found[0][0]["Plan"]["Plan Rows"]) if found else 0.0


def _bounds(
    conn: Connection,
    source: PostgresSource,
    table: Table,
    of: Relation,
    column: Column,
    blocks: int,
    rows: float,
) -> tuple[str, ...]:
    """Values that cut the rows into about ``blocks`` equal heaps, as the server sorts them, from a sample.

    Tables are sampled by pages. A view cannot be: its column is read whole, with a random part of the rows kept.
    """
    if blocks == 1:
        return ()
    share = min(1.0, blocks * _SAMPLES_PER_BLOCK / max(rows, 1.0))
    sampled: sql.Composable = sql.SQL("")
    kept: sql.Composable = sql.SQL("true")
    if of.kind in (VIEW, FOREIGN):
        kept = sql.SQL("random() < {}").format(sql.Literal(share))
    elif share < 1:
        sampled = sql.SQL("TABLESAMPLE SYSTEM ({}) REPEATABLE (0)").format(sql.Literal(100 * share))
    query = sql.SQL(
        "SELECT value::text FROM (SELECT DISTINCT ON (heap) heap, value FROM (SELECT {column} AS value,"
        " ntile({blocks}) OVER (ORDER BY {column}) AS heap FROM {source} {sampled}"
        " WHERE {column} IS NOT NULL AND {kept} AND {filter}) AS sample ORDER BY heap, value) AS first"
        " WHERE heap > 1 ORDER BY heap"
    ).format(
        column=sql.Identifier(column.name),
        blocks=sql.Literal(blocks),
        source=_source_of(of),
        sampled=sampled,
        kept=kept,
        filter=_filter(source, table),
    )
    values = [value for (value,) in conn.execute(query, binary=True).fetchall()]
    return tuple(dict.fromkeys(values))


def _source_of(of: Relation) -> sql.Composable:
    name = sql.Identifier(of.schema, of.name)
    return name if of.kind in (VIEW, FOREIGN) else sql.SQL("ONLY {}").format(name)


def _filter(source: PostgresSource, table: Table) -> sql.Composable:
    return sql.SQL(" AND ").join(conditions(source, table.shape) or [sql.SQL("true")])
