"""The statements that read rows. Identifiers are quoted and values are literals through ``psycopg.sql``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from psycopg import sql

from transforms.ingest.postgres.parts import TableColumns, TablePart
from transforms.ingest.postgres.source import CTID, PostgresSource

# Page ranges have to come in physical order, which only a TID range scan gives.
PAGE_SCAN_SETTINGS = {
    "enable_seqscan": "off",
    "enable_indexscan": "off",
    "enable_indexonlyscan": "off",
    "enable_bitmapscan": "off",
    "enable_tidscan": "on",
}


def relation(part: TablePart) -> sql.Composable:
    """The relation to read from; without its children, which are parts of their own."""
    name = sql.Identifier(part.schema, part.name)
    return sql.SQL("ONLY {}").format(name) if part.only else name


def select_pages(
    source: PostgresSource, shape: TableColumns, part: TablePart, page: int, item: int, stop: int
) -> sql.Composable:
    """Rows from the physical address (``page``, ``item``) up to page ``stop`` (exclusive), in physical order."""
    condition = sql.SQL("{ctid} >= {first}::tid AND {ctid} < {last}::tid").format(
        ctid=sql.Identifier(CTID), first=sql.Literal(f"({page},{item})"), last=sql.Literal(f"({stop},0)")
    )
    return _select(source, shape, part, sql.Identifier(CTID), condition)


def select_block(source: PostgresSource, shape: TableColumns, part: TablePart, block: int) -> sql.Composable:
    """Rows of one range of key values, in any order."""
    column = sql.Identifier(part.column)
    if part.nulls:
        condition: sql.Composable = sql.SQL("{} IS NULL").format(column)
    else:
        condition = _between(column, part.column_type, part.bounds[block], part.bounds[block + 1])
    return _select(source, shape, part, sql.SQL("'(0,0)'::tid"), condition)


def copy(select: sql.Composable) -> sql.Composed:
    return sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(select)


def conditions(source: PostgresSource, shape: TableColumns) -> list[sql.Composable]:
    """What the user restricts the table to. The condition ends in a line break, as its last line may be a comment."""
    found: list[sql.Composable] = []
    if shape.updated:
        since = sql.Literal(datetime.fromisoformat(source.updated_since).isoformat())
        found.append(sql.SQL("{} >= {}::timestamptz").format(sql.Identifier(shape.updated), since))
    if source.where:
        found.append(sql.SQL("(" + source.where + "\n)"))
    return found


def _select(
    source: PostgresSource, shape: TableColumns, part: TablePart, address: sql.Composable, condition: sql.Composable
) -> sql.Composable:
    payload = sql.Identifier(shape.payload)
    columns = [
        address,
        _received_at(source, shape),
        *(sql.SQL("{}::text").format(sql.Identifier(key)) for key in shape.keys),
        # The output function of xml drops the declaration; its cast to text keeps it.
        sql.SQL("{}::bytea" if shape.binary else "{}::text").format(payload),
    ]
    return sql.SQL("SELECT {} FROM {} WHERE {}").format(
        sql.SQL(", ").join(columns), relation(part), sql.SQL(" AND ").join([condition, *conditions(source, shape)])
    )


def _received_at(source: PostgresSource, shape: TableColumns) -> sql.Composable:
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=source.read_at)
    fixed = sql.SQL("{}::timestamptz").format(sql.Literal(instant.isoformat()))
    if not shape.received_at:
        return fixed
    return sql.SQL("COALESCE({}::timestamptz, {})").format(sql.Identifier(shape.received_at), fixed)


def _between(column: sql.Composable, type_name: str, low: str | None, high: str | None) -> sql.Composable:
    """``type_name`` is the server's own spelling (``format_type``), already quoted."""
    cast = sql.SQL("{} {} {}::" + type_name)
    ends = [(">=", low), ("<", high)]
    limits = [cast.format(column, sql.SQL(sign), sql.Literal(value)) for sign, value in ends if value is not None]
    return sql.SQL(" AND ").join(limits) if limits else sql.SQL("{} IS NOT NULL").format(column)
