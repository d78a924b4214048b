"""A hot standby as the source, so that the primary is not burdened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.postgres import Server, postgres_server
from tests.integration.postgres.database import Database, meanwhile, numbers, planned, read_all, wait_until
from transforms.ingest.postgres.preflight import preflight
from transforms.ingest.postgres.snapshot import hold_snapshot
from transforms.ingest.postgres.source import PostgresSource

ROWS = 3000


@pytest.fixture(scope="module")
def replica(postgres: Server) -> Iterator[Server]:
    with postgres_server({"hot_standby_feedback": "on", "max_connections": "40"}, replica_of=postgres) as server:
        yield server


@pytest.fixture
def source(database: Database, replica: Server) -> PostgresSource:
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text)")
    database.fill("docs", ROWS, 300)
    database.execute("DELETE FROM docs WHERE id % 4 = 0")
    wait_for(database, replica)
    return PostgresSource(replica.dsn(database.name), "docs", "xml", statement_bytes=32 << 10, range_bytes=128 << 10)


def wait_for(database: Database, replica: Server) -> None:
    """Until the replica has what the primary has now."""
    ((position,),) = database.execute("SELECT pg_current_wal_lsn()::text")
    with replica.connect() as conn:
        wait_until(
            lambda: conn.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [position]).fetchone() == (True,)
        )


def changes(database: Database) -> None:
    database.execute("UPDATE docs SET xml = xml || 'x' WHERE id % 50 = (random() * 50)::int")
    database.execute("INSERT INTO docs SELECT (random() * 1e9)::int + 10000, '<late/>' ON CONFLICT DO NOTHING")
    database.execute("VACUUM docs")


def test_a_snapshot_of_a_replica_while_it_follows_the_primary(
    database: Database, replica: Server, source: PostgresSource
) -> None:
    expected = [number for number in range(1, ROWS + 1) if number % 4]
    with hold_snapshot(source) as held:
        changes(database)
        wait_for(database, replica)
        with meanwhile(lambda: changes(database)):
            assert numbers(read_all(held)) == expected


def test_where_replay_is_paused_nothing_moves_and_no_snapshot_is_needed(
    database: Database, replica: Server, source: PostgresSource
) -> None:
    with replica.connect() as conn:
        conn.execute("SELECT pg_wal_replay_pause()")
        try:
            wait_until(lambda: conn.execute("SELECT pg_get_wal_replay_pause_state()").fetchone() == ("paused",))
            assert "replay is paused" in preflight(source).consistency
            with planned(source) as (reader, _, (part,)):
                rows = reader.read(part, part.start, part.stop, lambda page: True)
                first = next(rows)
                database.execute("DELETE FROM docs")
                assert len([first, *rows]) == ROWS * 3 // 4
        finally:
            conn.execute("SELECT pg_wal_replay_resume()")
    wait_for(database, replica)
    assert read_all(source) == []
