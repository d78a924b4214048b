"""One consistent snapshot for all ranges of all workers.

PostgreSQL lets one session export its snapshot, and others import it for as long as that session's transaction lives
(``pg_export_snapshot``, ``SET TRANSACTION SNAPSHOT``; primary and hot standby alike). So somebody has to hold that
transaction for the life of the job, and no Beam worker is a good place: a bundle ends, a worker is scaled away.

* A job whose launcher waits for it (DirectRunner, Prism, Flink, or Dataflow launched from a machine that stays) is
  wrapped in ``hold_snapshot`` by the launcher.
* A Dataflow template's launcher goes away once the job is submitted. There, any machine that reaches the server holds
  the snapshot, and the job is given its id::

      python -m transforms.ingest.postgres.snapshot --postgres_dsn=... --postgres_table=...

* Otherwise there is none, and ``ReadFromPostgres`` says what that means.

What it costs: VACUUM cannot remove rows deleted after the snapshot while it is held, and the table cannot be altered,
truncated or rewritten (ACCESS SHARE locks, as pg_dump takes them). On a replica, hot_standby_feedback or a long
max_standby_streaming_delay keeps replay from cancelling it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import signal
import sys
import threading
from collections.abc import Iterator, Sequence

import psycopg
from psycopg import sql

from transforms.errors import AcervoError
from transforms.ingest.postgres.catalog import Relation, describe
from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.finding import TABLE, Connection
from transforms.ingest.postgres.session import connect_or_explain
from transforms.ingest.postgres.source import PostgresSource
from transforms.language import say, speaking, tr

_LOGGER = logging.getLogger(__name__)
_LOOK_SECONDS = 30.0


@contextlib.contextmanager
def hold_snapshot(source: PostgresSource) -> Iterator[PostgresSource]:
    """``source`` with the id of a snapshot that is held until the block ends, and ``read_at`` the instant of it.

    Raises PostgresError when the server cannot be reached or the table not be read. Should the session be lost inside
    the block, it is logged at once, and workers that need the snapshot then raise SnapshotLostError.
    """
    source = dataclasses.replace(source, snapshot="")
    if source.max_connections < 2:
        raise PostgresError(
            tr("--postgres_max_connections is 1: a snapshot takes one connection to hold it, one to read.")
        )
    conn = connect_or_explain(source, holds_snapshot=True)
    try:
        snapshot, instant = _export(conn, source)
        with _watch(conn, snapshot):
            yield dataclasses.replace(source, snapshot=snapshot, read_at=instant)
    finally:
        conn.close()


def _export(conn: Connection, source: PostgresSource) -> tuple[str, int]:
    """The snapshot's id and its instant (micros), with every relation locked against being truncated or rewritten."""
    try:
        table = describe(conn, source)
        locks = [_lock(conn, relation) for relation in table.relations]
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for lock in locks:
            conn.execute(lock)
        row = conn.execute(
            "SELECT pg_export_snapshot(), (extract(epoch FROM statement_timestamp()) * 1000000)::int8"
        ).fetchone()
    except psycopg.Error as error:
        raise PostgresError(
            say("cannot hold a snapshot of {table}: {error}", table=source.table, error=error)
        ) from error
    assert row is not None
    return row[0], row[1]


def _lock(conn: Connection, relation: Relation) -> sql.Composed:
    """What takes an ACCESS SHARE lock on ``relation``.

    LOCK TABLE comes before any snapshot, so nothing can slip in between; but it wants the right to the whole table
    (and for a view to what is under it), where a query is content with the right to one column.
    """
    name = sql.Identifier(relation.schema, relation.name)
    allowed = conn.execute("SELECT has_table_privilege(%s::oid, 'SELECT')", [relation.oid]).fetchone()
    if relation.kind == TABLE and allowed and allowed[0]:
        return sql.SQL("LOCK TABLE ONLY {} IN ACCESS SHARE MODE").format(name)
    return sql.SQL("SELECT FROM {} WHERE false").format(name)


@contextlib.contextmanager
def _watch(conn: Connection, snapshot: str) -> Iterator[None]:
    """Says so in the log when the session that holds the snapshot is lost, which else is seen only when it is used."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            try:
                conn.execute("SELECT 1")
            except psycopg.Error as error:
                _LOGGER.error("The session that holds the snapshot %s is lost: %s", snapshot, error)
                return

    thread = threading.Thread(target=look, name="acervo-snapshot", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Holds a snapshot until SIGINT or SIGTERM; its id is the one line on standard output."""
    from apache_beam.options.pipeline_options import PipelineOptions

    from transforms.ingest.postgres.options import source_of

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with (
            speaking(sys.argv[1:] if arguments is None else arguments) as rest,
            hold_snapshot(source_of(PipelineOptions(rest))) as held,
        ):
            print(held.snapshot, flush=True)
            told = say("Holding it. Give the job --postgres_snapshot={id}", id=held.snapshot)
            print(told, file=sys.stderr, flush=True)
            stop.wait()
    except AcervoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
