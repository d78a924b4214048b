"""Connections: how they are opened, set up, and put into the snapshot."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from transforms.ingest.postgres.errors import PostgresError, SnapshotLostError, cannot_connect
from transforms.ingest.postgres.parts import TablePart
from transforms.ingest.postgres.password import password
from transforms.ingest.postgres.source import PostgresSource
from transforms.ingest.postgres.statements import PAGE_SCAN_SETTINGS, relation
from transforms.language import say

Connection = psycopg.Connection[tuple[Any, ...]]

# Of a worker that is gone; one that lives closes its idle connections itself (``pool``).
_SERVER_IDLE_SECONDS = 90
_CONNECT_SETTINGS = {
    "connect_timeout": "30",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


def connect(source: PostgresSource, *, holds_snapshot: bool = False) -> Connection:
    """A read-only connection, outside any transaction. Raises PostgresError, or psycopg's error if it may pass."""
    conn = psycopg.connect(
        source.dsn,
        autocommit=True,
        client_encoding="UTF8",
        application_name=source.application_name,
        prepare_threshold=None,
        **_connection_settings(source),
    )
    try:
        _configure(conn, source, holds_snapshot)
    except BaseException:
        conn.close()
        raise
    return conn


def connect_or_explain(source: PostgresSource, *, holds_snapshot: bool = False) -> Connection:
    """``connect`` with every failure as a PostgresError."""
    try:
        return connect(source, holds_snapshot=holds_snapshot)
    except psycopg.Error as error:
        raise cannot_connect(error, source.dsn) from error


def _connection_settings(source: PostgresSource) -> dict[str, Any]:
    given = psycopg.conninfo.conninfo_to_dict(source.dsn)
    settings: dict[str, Any] = {name: value for name, value in _CONNECT_SETTINGS.items() if name not in given}
    if (secret := password(source.password_secret)) is not None:
        settings["password"] = secret
    return settings


def _configure(conn: Connection, source: PostgresSource, holds_snapshot: bool) -> None:
    """What the text forms of keys and the plans depend on is set here, not left to the server's or role's defaults."""
    idle = "0" if holds_snapshot else f"{_SERVER_IDLE_SECONDS}s"
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{source.statement_timeout_seconds}s",
        "idle_in_transaction_session_timeout": idle,
        # A policy that hides rows makes the query fail, instead of extracting a part of the table silently.
        "row_security": "off",
        "TimeZone": source.time_zone,
        "DateStyle": "ISO, YMD",
        "IntervalStyle": "postgres",
        "extra_float_digits": "1",
        "bytea_output": "hex",
        # Rows of a parallel plan come in no order.
        "max_parallel_workers_per_gather": "0",
    }
    if conn.info.parameter_status("server_encoding") == "SQL_ASCII":
        # Such a database converts nothing, but refuses bytes that are not in the client's encoding. All are in this.
        settings["client_encoding"] = "LATIN1"
    if conn.info.server_version >= 110000:
        settings["jit"] = "off"
    if conn.info.server_version >= 140000:
        settings["idle_session_timeout"] = idle
    _set(conn, settings, local=False)


def _set(conn: Connection, settings: dict[str, str], *, local: bool) -> None:
    calls = sql.SQL(", ").join(
        sql.SQL("set_config({}, {}, {})").format(sql.Literal(name), sql.Literal(value), sql.Literal(local))
        for name, value in settings.items()
    )
    try:
        conn.execute(sql.SQL("SELECT {}").format(calls))
    except psycopg.errors.InvalidParameterValue as error:
        raise PostgresError(say("the server does not take a setting: {error}", error=error)) from error


def begin(conn: Connection, source: PostgresSource) -> None:
    """Opens a transaction, in the snapshot if there is one, or continues the open one. Raises SnapshotLostError."""
    if conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        return
    if not source.snapshot:
        conn.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY")
        return
    conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    _import_snapshot(conn, source.snapshot)


def begin_part(conn: Connection, source: PostgresSource, part: TablePart) -> None:
    """Opens the transaction in which ``part`` is read, or goes on in that of the snapshot; checks the part is there."""
    new = conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    begin(conn, source)
    if new and part.by_pages:
        set_page_scan(conn)
    _check_part(conn, part)


def set_page_scan(conn: Connection) -> None:
    """Allows the planner nothing but TID scans, until the transaction ends."""
    _set(conn, PAGE_SCAN_SETTINGS, local=True)


def _import_snapshot(conn: Connection, snapshot: str) -> None:
    try:
        conn.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
    except (
        psycopg.errors.InvalidParameterValue,
        psycopg.errors.ObjectNotInPrerequisiteState,
        psycopg.errors.UndefinedObject,
        psycopg.errors.FeatureNotSupported,
    ) as error:
        raise SnapshotLostError(
            say(
                "the snapshot {snapshot} that all ranges are read from is gone: the session that exported it has ended "
                "(or is on another server or database). Start the job again under the same run, with a new snapshot: "
                "what it finds written is not written twice. Where no session can stay up that long (restarts, a "
                "replica that cancels queries: hot_standby_feedback = on helps), read without a snapshot, by ranges of "
                "a key: --postgres_snapshot=none --postgres_split_by=<key column>. The server said: {error}",
                snapshot=snapshot,
                error=error,
            )
        ) from error


def _check_part(conn: Connection, part: TablePart) -> None:
    """Locks the relation against being rewritten (ACCESS SHARE), then looks whether its pages are still the same."""
    query = sql.SQL(
        "SELECT coalesce(pg_relation_filenode({}::oid), 0)::int8 FROM (SELECT 1) AS one LEFT JOIN"
        " (SELECT 1 FROM {} WHERE false) AS none ON false"
    )
    row = conn.execute(query.format(sql.Literal(part.oid), relation(part))).fetchone()
    if part.filenode and row and row[0] != part.filenode:
        raise PostgresError(
            say(
                "{table} was rewritten while it was read (VACUUM FULL, CLUSTER, TRUNCATE or an ALTER TABLE), so its "
                "rows are on other pages now: start the job again under the same run. With a snapshot "
                "(--postgres_snapshot=export) the job holds a lock that keeps this from happening.",
                table=f"{part.schema}.{part.name}",
            )
        )
