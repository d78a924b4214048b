"""What can be checked before the job starts, so that it does not fail after an hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from transforms.ingest.postgres.catalog import Column, Relation, Table, describe
from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.finding import Connection
from transforms.ingest.postgres.partition import estimated_rows
from transforms.ingest.postgres.parts import TablePart
from transforms.ingest.postgres.session import begin, connect_or_explain, set_page_scan
from transforms.ingest.postgres.source import CTID, PostgresSource
from transforms.ingest.postgres.statements import conditions, select_pages
from transforms.language import say, tr

_TID_RANGE_SCAN = "Tid Range Scan"


@dataclass(frozen=True)
class Preflight:
    """What the job will read: estimates of rows and stored bytes, relations (partitions), the column it is split by
    (``ctid`` for physical pages), what a row updated meanwhile means, and what to think about before going on."""

    table: str
    rows: int
    bytes: int
    relations: int
    split_by: str
    consistency: str
    warnings: tuple[str, ...]

    def lines(self) -> list[str]:
        """What to tell people at launch."""
        head = say(
            "PostgreSQL {table}: about {rows:,} rows, {size:,.2f} GB as stored, split by {column}; relations to "
            "read: {relations:,}.",
            table=self.table,
            rows=self.rows,
            size=self.bytes / 1e9,
            relations=self.relations,
            column=self.split_by,
        )
        return [head, self.consistency, *(say("Warning: {text}", text=warning) for warning in self.warnings)]


def preflight(source: PostgresSource) -> Preflight:
    """Connects, and checks everything that reading ``source`` needs. Raises PostgresError with what to do."""
    conn = connect_or_explain(source)
    try:
        begin(conn, source)
        table = describe(conn, source)
        if not table.relations:
            raise PostgresError(
                say("{table} has no partitions, so there is nothing to read.", table=f"{table.schema}.{table.name}")
            )
        rows = _explain_all(conn, source, table)
        return Preflight(
            table=f"{table.schema}.{table.name}",
            rows=round(rows),
            bytes=sum(relation.size for relation in table.relations),
            relations=len(table.relations),
            split_by=table.split.name if table.split else CTID,
            consistency=_consistency(conn, source, table),
            warnings=tuple(_warnings(conn, source, table)),
        )
    finally:
        conn.close()


def _explain_all(conn: Connection, source: PostgresSource, table: Table) -> float:
    """Plans the reading of every relation, for what only a plan shows; gives the rows to expect."""
    rows = 0.0
    for relation in table.relations:
        try:
            _check_condition(conn, source, relation)
            rows += estimated_rows(conn, source, table, relation)
            if table.split is None:
                _check_page_plan(conn, source, table, relation)
        except psycopg.errors.InsufficientPrivilege as error:
            raise PostgresError(
                say(
                    "no right to read {table} as {user}: {error}. (Where a row security policy would hide rows from "
                    "this role: give it BYPASSRLS.)",
                    table=f"{relation.schema}.{relation.name}",
                    user=conn.info.user,
                    error=error,
                )
            ) from error
        except psycopg.Error as error:
            raise PostgresError(_wrong_condition(source, error)) from error
    return rows


def _check_condition(conn: Connection, source: PostgresSource, relation: Relation) -> None:
    """Plans the condition without the parentheses that are put around it, so that it cannot close them itself.

    It is the operator's own SQL and has the role's rights; but ``id = 1) OR (true`` would read the table in each range.
    """
    if source.where:
        name = sql.Identifier(relation.schema, relation.name)
        query = sql.SQL("EXPLAIN SELECT 1 FROM {} WHERE {}").format(name, sql.SQL(source.where))
        # Asked for in binary, as psycopg then takes one statement only.
        conn.execute(query, binary=True)


def _wrong_condition(source: PostgresSource, error: psycopg.Error) -> str:
    if not source.where:
        return say("{table} cannot be queried: {error}", table=source.table, error=error)
    return say(
        "the condition of --postgres_where_file does not work on {table}: {error}. The file holds what would follow "
        "WHERE, and nothing else.",
        table=source.table,
        error=error,
    )


def _check_page_plan(conn: Connection, source: PostgresSource, table: Table, relation: Relation) -> None:
    part = TablePart(
        relation.schema, relation.name, relation.oid, only=True, start=0, stop=1, block_pages=1, block_bytes=1
    )
    select = select_pages(source, table.shape, part, 0, 0, max(1, relation.pages))
    with conn.transaction():
        set_page_scan(conn)
        plan = _plan(conn, select)
    if plan["Node Type"] != _TID_RANGE_SCAN:
        raise PostgresError(
            say(
                "the server would read {table} by a {scan}, not by ranges of pages, so every range would cost a whole "
                "table. The condition is the likely reason: write it without IN (SELECT ...) and EXISTS (column = ANY "
                "(ARRAY(SELECT ...)) is fine), or give --postgres_split_by a column.",
                table=f"{relation.schema}.{relation.name}",
                scan=plan["Node Type"],
            )
        )


def _plan(conn: Connection, select: sql.Composable) -> dict[str, Any]:
    row = conn.execute(sql.SQL("EXPLAIN (FORMAT JSON) {}").format(select)).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _has_index(conn: Connection, source: PostgresSource, table: Table, relation: Relation, column: Column) -> bool:
    """Whether the planner finds an index for a range of ``column``. The unknown bounds keep it from guessing."""
    name = sql.Identifier(column.name)
    unknown = sql.SQL("(SELECT NULL::" + column.type_name + ")")
    limits = sql.SQL("{} >= {} AND {} < {}").format(name, unknown, name, unknown)
    query = sql.SQL("SELECT 1 FROM {} WHERE {}").format(
        sql.Identifier(relation.schema, relation.name),
        sql.SQL(" AND ").join([limits, *conditions(source, table.shape)]),
    )
    with conn.transaction():
        conn.execute("SET LOCAL enable_seqscan = off")
        return any("Index Cond" in node for node in _nodes(_plan(conn, query)))


def _consistency(conn: Connection, source: PostgresSource, table: Table) -> str:
    if source.snapshot:
        return tr("All ranges are read from one snapshot: every row as it was at that instant, once.")
    row = conn.execute("SELECT CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END").fetchone()
    if row and row[0]:
        return tr("The server is a replica whose replay is paused: nothing moves while the job reads.")
    if table.split:
        return say(
            "No snapshot: a row comes out once, as it is when its range is read; only if its {column} is updated "
            "meanwhile may it come out twice, or not at all.",
            column=table.split.name,
        )
    return tr(
        "No snapshot: a row that is updated while the job reads may be missed, or come out in both versions (harmless)."
        " What is missed comes with an increment from the launch on (--updated_since)."
    )


def _warnings(conn: Connection, source: PostgresSource, table: Table) -> Iterator[str]:
    shape = table.shape
    if CTID in shape.keys:
        yield tr(
            "origins are physical addresses: when a row is updated, or the table is rewritten (VACUUM FULL), the same "
            "documents get other origins."
        )
    elif not shape.unique:
        yield say(
            "no unique index says that {columns} identifies one row. Rows with the same key have the same origin: "
            "they cannot be told apart when one of them is looked up.",
            columns=", ".join(shape.keys),
        )
    if not source.snapshot and table.split is None and not source.updated_column:
        yield tr(
            "rows updated while the job reads may be missed. Use a snapshot (--postgres_snapshot=export), or "
            "--postgres_split_by=<key column>, or an increment afterwards, unless the table is only inserted into."
        )
    if table.split:
        for relation in table.relations:
            if not _has_index(conn, source, table, relation, table.split):
                name = f"{relation.schema}.{relation.name}"
                yield say(
                    "no index serves ranges of {column} in {table}: every range reads all of it.",
                    column=table.split.name,
                    table=name,
                )
    row = conn.execute("SELECT current_setting('max_connections')::int4").fetchone()
    if row and source.max_connections >= row[0]:
        yield say(
            "--postgres_max_connections is {asked:,}, and the server's own max_connections is {most:,}.",
            asked=source.max_connections,
            most=row[0],
        )
