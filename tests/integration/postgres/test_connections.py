"""Connections that are lost, refused, too many, or too slow."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.integration.postgres.database import Database, numbers, planned, read_all, wait_until
from transforms.ingest.postgres import pool as pool_of_process
from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.pool import Pool
from transforms.ingest.postgres.preflight import preflight
from transforms.ingest.postgres.retry import Retry
from transforms.ingest.postgres.snapshot import hold_snapshot
from transforms.ingest.postgres.source import PostgresSource

SMALL = {"range_bytes": 256 << 10, "statement_bytes": 256 << 10}
ROWS = 2500


@pytest.fixture
def table(database: Database) -> Database:
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text)")
    database.fill("docs", ROWS, 2000)
    database.execute("VACUUM ANALYZE docs")
    return database


def read_and_kill(table: Database, source: PostgresSource, every: int) -> tuple[list[int], int]:
    """The keys that come out while the reader's connections are ended after each ``every`` rows; and how many were."""
    killed: set[int] = set()
    found: list[int] = []
    with planned(source) as (reader, _, parts):
        for part in parts:
            for row in reader.read(part, part.start, part.stop, lambda block: True):
                found.append(int(row.key[0] or 0))
                if len(found) % every == 0 and len(killed) < 10:
                    killed |= table.kill_sessions("reader")
        assert reader.reconnects >= len(killed)
    return sorted(found), len(killed)


@pytest.mark.parametrize("split_by", ["ctid", "id"])
@pytest.mark.parametrize("every", [7, 201])
def test_connections_killed_ten_times_in_mid_read_lose_and_double_nothing(
    table: Database, split_by: str, every: int
) -> None:
    source = table.source(split_by=split_by, run="reader", **SMALL)
    assert read_and_kill(table, source, every) == (list(range(1, ROWS + 1)), 10)


@pytest.mark.parametrize("split_by", ["ctid", "id"])
def test_the_same_inside_a_snapshot_while_the_table_changes(table: Database, split_by: str) -> None:
    """The workers' connections are ended, the one that holds the snapshot is not."""
    with hold_snapshot(table.source(split_by=split_by, run="holder", **SMALL)) as held:
        table.execute("UPDATE docs SET id = -id WHERE id % 3 = 0")
        source = PostgresSource(**{**vars(held), "run": "reader"})
        assert read_and_kill(table, source, 201) == (list(range(1, ROWS + 1)), 10)


@pytest.mark.parametrize("split_by", ["ctid", "id"])
def test_a_connection_lost_while_it_stops_at_a_refused_claim_brings_nothing_more(
    table: Database, split_by: str
) -> None:
    source = table.source(split_by=split_by, run="reader", **SMALL)
    with planned(source) as (reader, _, (part,)):

        def claim(block: int) -> bool:
            if block < 3:
                return True
            table.kill_sessions("reader")
            return False

        first = list(reader.read(part, 0, part.stop, claim))
        rest = list(reader.read(part, 3, part.stop, lambda block: True))
    assert numbers(first + rest) == list(range(1, ROWS + 1))


def test_rows_without_a_unique_key_survive_a_lost_connection_too(database: Database) -> None:
    database.execute("CREATE TABLE docs (id bigint, xml text)")
    for _ in range(3):
        database.fill("docs", 500, 2000)
    database.execute("CREATE INDEX ON docs (id)")
    database.execute("ANALYZE docs")
    source = database.source(key_columns=("id",), split_by="id", run="reader", **SMALL)
    assert read_and_kill(database, source, 67) == (sorted([*range(1, 501)] * 3), 10)


def test_a_server_that_stays_away_ends_the_reading_with_a_reason(table: Database) -> None:
    with planned(table.source(run="reader")) as (reader, _, (part,)):
        reader.new_retry = lambda: Retry(sleep=lambda _: None)
        rows = reader.read(part, part.start, part.stop, lambda page: True)
        next(rows)
        table.kill_sessions("reader")
        reader.pool = Pool(dataclasses.replace(reader.source, dsn="host=/nowhere dbname=x"))
        with pytest.raises(PostgresError, match="gave up after 12 attempts without a row.*No such file"):
            list(rows)


def test_statements_over_their_time_are_made_smaller_until_they_fit(database: Database) -> None:
    database.execute(
        "CREATE FUNCTION slow(text) RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT $1 FROM pg_sleep(0.01) $$"
    )
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text)")
    database.fill("docs", 300, 2000)
    source = database.source(where="slow(xml) <> ''", statement_timeout_seconds=1)
    with planned(source) as (reader, _, (part,)):
        assert part.blocks_in(source.statement_bytes) > part.stop
        assert numbers(list(reader.read(part, part.start, part.stop, lambda page: True))) == list(range(1, 301))
        assert reader.reconnects > 0


def test_a_statement_that_cannot_be_made_smaller_names_the_option(database: Database) -> None:
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text)")
    database.fill("docs", 3, 100)
    source = database.source(where="pg_sleep(5) IS NOT NULL", statement_timeout_seconds=1)
    with pytest.raises(PostgresError, match="statement timeout, 1 s: --postgres_statement_timeout"):
        read_all(source)


def test_no_more_connections_than_allowed_however_many_workers(table: Database) -> None:
    """Two processes' pools of three threads each, and three connections in all."""
    source = table.source(run="crowd", max_connections=3, processes=2, statement_bytes=64 << 10)
    with planned(source) as (reader, _, (part,)):
        reader.pool.close()
        pools = [Pool(source, sleep=lambda _: threading.Event().wait(0.02)) for _ in range(6)]
        most, found = 0, []
        lock = threading.Lock()
        pair = threading.Barrier(2)  # however the threads are scheduled, two read at once

        def read(number: int) -> None:
            nonlocal most
            mine = type(reader)(source, reader.shape, pools[number])
            start, stop = part.stop * number // 6, part.stop * (number + 1) // 6
            for count, row in enumerate(mine.read(part, start, stop, lambda page: True)):
                if count == 0:
                    pair.wait(60)
                with lock:
                    found.append(row)
                    if count % 100 == 0:
                        most = max(most, len(admitted(table)))
            pools[number].close()

        threads = [threading.Thread(target=read, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert numbers(found) == list(range(1, ROWS + 1))
    assert 1 < most <= 3


def admitted(table: Database) -> list[tuple[object, ...]]:
    """Sessions that read: one too many is open only for as long as it takes to find that out."""
    return table.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'acervo:crowd' AND query LIKE 'COPY%'"
    )


def test_waiting_for_a_place_has_no_end_and_fails_nothing(table: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is moved on by an hour with each pause: no bundle may fail of that."""
    source = table.source(run="queue", max_connections=1, processes=2)
    first, second = Pool(source), Pool(source)
    clock, pauses = [0.0], 0
    held = first.connection()
    held.__enter__()

    def pause(_: float) -> None:
        nonlocal pauses
        pauses += 1
        clock[0] += 3_600
        if pauses == 5:
            held.__exit__(None, None, None)
            first.close()
            wait_until(lambda: table.sessions("queue") == 0)

    monkeypatch.setattr(pool_of_process.time, "monotonic", lambda: clock[0])
    second._sleep = pause
    with second.connection() as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)
    assert pauses == 5 and second.waited() == 5 * 3_600 and second.waited() == 0
    monkeypatch.undo()
    second.close()


def test_a_server_without_a_free_slot_is_waited_for(table: Database) -> None:
    table.execute("CREATE ROLE narrow LOGIN CONNECTION LIMIT 1")
    table.execute("GRANT SELECT ON docs TO narrow")
    source = table.source(user="narrow", run="slots")
    first, pauses = Pool(source), 0
    held = first.connection()
    held.__enter__()

    def pause(_: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 20:  # more often than a lost connection is tried again
            held.__exit__(None, None, None)
            first.close()
            wait_until(lambda: table.sessions("slots") == 0)

    second = Pool(source, sleep=pause)
    with second.connection() as conn:
        assert conn.execute("SELECT count(*) FROM docs").fetchone() == (ROWS,)
    assert pauses == 20
    second.close()
    table.execute("DROP OWNED BY narrow")
    table.execute("DROP ROLE narrow")


def test_eighty_workers_read_by_eight_connections_and_none_keeps_a_place_that_it_does_not_use(table: Database) -> None:
    """What Dataflow starts for 20 workers of 4 vCPUs: a pool for each process, which it keeps after its last range."""
    source = table.source(run="crowd", max_connections=8, processes=80, statement_bytes=64 << 10)
    with planned(source) as (reader, _, (part,)):
        reader.pool.close()
        pools = [Pool(source) for _ in range(80)]
        found: list[Any] = []
        most = 0

        def read(number: int) -> None:
            nonlocal most
            mine = type(reader)(source, reader.shape, pools[number])
            start, stop = part.stop * number // 80, part.stop * (number + 1) // 80
            rows = list(mine.read(part, start, stop, lambda page: True))
            most = max(most, len(admitted(table)))
            found.extend(rows)

        began = time.monotonic()
        with ThreadPoolExecutor(80) as threads:
            list(threads.map(read, range(80)))
        took = time.monotonic() - began
        for pool in pools:
            pool.close()
    assert numbers(found) == list(range(1, ROWS + 1))
    assert most <= 8
    assert took < 85, "the server would close an idle connection only after 90 s, for each of ten turns"


def test_a_connection_lost_while_it_was_idle_costs_nothing(table: Database) -> None:
    with planned(table.source(run="idle")) as (reader, _, (part,)):
        assert len(table.kill_sessions("idle")) == 1
        assert len(list(reader.read(part, part.start, part.stop, lambda page: True))) == ROWS


def test_idle_connections_give_their_place_back(table: Database) -> None:
    with planned(table.source(run="idle")) as (reader, _, _):
        with reader.pool.connection() as conn:
            assert conn.execute("SHOW idle_session_timeout").fetchone() == ("90s",)
            assert conn.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("90s",)
        assert table.sessions("idle") == 1
        reader.pool.close()
        wait_until(lambda: table.sessions("idle") == 0)


@pytest.fixture
def guarded(table: Database) -> Iterator[Database]:
    """The server asks the user ``reader`` for a password."""
    file = table.server.folder / "data" / "pg_hba.conf"
    before = file.read_text()
    table.execute("CREATE ROLE reader LOGIN PASSWORD 'sesame: open\\'")
    table.execute("GRANT SELECT ON docs TO reader")
    file.write_text(f"local all reader scram-sha-256\n{before}")
    table.execute("SELECT pg_reload_conf()")
    yield table
    file.write_text(before)
    table.execute("SELECT pg_reload_conf()")
    table.execute("DROP OWNED BY reader")
    table.execute("DROP ROLE reader")


def test_the_password_comes_from_the_file_that_pgpassfile_names(
    guarded: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passfile = tmp_path / "pgpass"
    passfile.write_text(r"*:*:*:reader:sesame\: open\\" + "\n")
    passfile.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passfile))
    assert len(read_all(guarded.source(user="reader"))) == ROWS


def test_a_missing_or_wrong_password_says_where_to_put_it(guarded: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    monkeypatch.delenv("PGPASSWORD", raising=False)
    with pytest.raises(PostgresError, match="PGPASSFILE") as missing:
        preflight(guarded.source(user="reader"))
    assert "none was found" in str(missing.value)
    monkeypatch.setenv("PGPASSWORD", "guess-what")
    with pytest.raises(PostgresError, match="refused the password") as wrong:
        preflight(guarded.source(user="reader"))
    assert "guess-what" not in str(wrong.value)
