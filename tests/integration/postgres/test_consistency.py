"""What a job sees of a table that others write to."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

from local.stack.process import PROJECT
from tests.integration.postgres.database import Database, keys, meanwhile, numbers, planned, read_all, wait_until
from transforms.ingest.postgres.errors import PostgresError, SnapshotLostError
from transforms.ingest.postgres.snapshot import hold_snapshot
from transforms.ingest.postgres.source import PostgresSource

SMALL = {"range_bytes": 256 << 10, "statement_bytes": 32 << 10}
ROWS = 4000


@pytest.fixture
def busy(database: Database) -> Database:
    """A table with room on its pages, so that updated rows move to and fro."""
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text) WITH (fillfactor = 70)")
    database.fill("docs", ROWS, 300)
    database.execute("DELETE FROM docs WHERE id % 4 = 0")
    database.execute("VACUUM ANALYZE docs")
    return database


def writer(database: Database) -> Callable[[], None]:
    """Updates, inserts and deletes of a session of its own, and now and then a VACUUM that frees what is dead."""
    conn = database.server.connect(database.name)
    random_ = random.Random(5)

    def write() -> None:
        first = random_.randrange(ROWS)
        conn.execute(
            "UPDATE docs SET xml = '<new>' || repeat(id::text, %s) || '</new>' WHERE id BETWEEN %s AND %s",
            [random_.randrange(1, 150), first, first + 20],
        )
        conn.execute("INSERT INTO docs SELECT %s, '<late/>' ON CONFLICT DO NOTHING", [ROWS + random_.randrange(10**6)])
        conn.execute("DELETE FROM docs WHERE id > %s AND random() < 0.2", [ROWS])
        if random_.random() < 0.05:
            conn.execute("VACUUM docs")

    return write


@pytest.mark.parametrize("split_by", ["ctid", "id"])
def test_a_snapshot_gives_every_row_once_as_it_was_while_others_write(busy: Database, split_by: str) -> None:
    source = busy.source(split_by=split_by, **SMALL)
    with meanwhile(writer(busy)):
        for _ in range(3):
            with busy.server.connect(busy.name) as before:
                before.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                ((snapshot,),) = before.execute("SELECT pg_export_snapshot()").fetchall()
                held = PostgresSource(**{**vars(source), "snapshot": snapshot})
                rows = read_all(held)
                truth = before.execute("SELECT id::text, xml FROM docs ORDER BY docs.id").fetchall()
            assert sorted(
                zip(keys(rows), [(row.payload or b"").decode() for row in rows], strict=True),
                key=lambda r: int(r[0]),
            ) == [tuple(row) for row in truth]


def test_the_snapshot_that_is_held_is_of_one_instant_and_dates_the_rows(busy: Database) -> None:
    with hold_snapshot(busy.source(**SMALL)) as source:
        before = numbers(read_all(source))
        busy.execute("DELETE FROM docs WHERE id < 1000")
        busy.execute("UPDATE docs SET id = id + 1000000")
        busy.execute("VACUUM docs")
        assert numbers(read_all(source)) == before
    ((now,),) = busy.execute("SELECT (extract(epoch FROM now()) * 1000000)::int8")
    assert now - 60_000_000 < source.read_at < now
    assert numbers(read_all(busy.source(**SMALL))) != before


def test_ranges_of_a_key_need_no_snapshot_for_rows_that_stay(busy: Database) -> None:
    staying = set(numbers(read_all(busy.source())))
    with meanwhile(writer(busy)):
        for _ in range(3):
            found = [number for number in numbers(read_all(busy.source(split_by="id", **SMALL))) if number <= ROWS]
            assert len(found) == len(set(found))
            assert set(found) == staying


def test_pages_without_a_snapshot_miss_a_row_that_moves_behind_and_an_increment_brings_it(database: Database) -> None:
    """The documented weakness, made to happen; and the documented mending of it."""
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, at timestamptz DEFAULT now(), xml text)")
    database.fill("docs", 500, 300)
    database.execute("UPDATE docs SET at = '2020-01-01'")
    database.execute("VACUUM FULL docs")
    database.execute("DELETE FROM docs WHERE id < 50")
    database.execute("VACUUM docs")
    source = database.source(updated_column="", updated_since="", statement_bytes=8192)
    with planned(source) as (reader, _, (part,)):
        found = []  # type: ignore[var-annotated]
        for row in reader.read(part, part.start, part.stop, lambda page: True):
            if len(found) == 200:
                database.execute("UPDATE docs SET xml = xml || '<!-- -->', at = now() WHERE id = 400")
            found.append(int(row.key[0] or 0))
    assert set(found) == set(range(50, 501)) - {400}
    assert numbers(read_all(database.source(updated_column="at", updated_since="2026-01-01"))) == [400]


def test_a_lost_snapshot_says_so_and_what_to_do(busy: Database) -> None:
    with hold_snapshot(busy.source()) as source:
        assert len(busy.kill_sessions()) == 1
        with pytest.raises(SnapshotLostError, match="Start the job again under the same run"):
            read_all(source)


def test_a_snapshot_of_another_database_is_refused(busy: Database) -> None:
    with busy.server.connect() as elsewhere:
        elsewhere.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        ((snapshot,),) = elsewhere.execute("SELECT pg_export_snapshot()").fetchall()
        with pytest.raises(SnapshotLostError):
            read_all(busy.source(snapshot=snapshot))


def test_a_held_snapshot_keeps_the_table_from_being_truncated_or_rewritten(busy: Database) -> None:
    with hold_snapshot(busy.source()):
        busy.execute("SET lock_timeout = '100ms'")
        for statement in ("TRUNCATE docs", "VACUUM FULL docs", "ALTER TABLE docs ADD COLUMN more text"):
            with pytest.raises(psycopg.errors.LockNotAvailable):
                busy.execute(statement)


def test_a_table_rewritten_between_two_ranges_is_noticed(busy: Database) -> None:
    with planned(busy.source(**SMALL)) as (reader, _, (part,)):
        list(reader.read(part, 0, 10, lambda page: True))
        busy.execute("VACUUM FULL docs")
        with pytest.raises(PostgresError, match="was rewritten while it was read"):
            list(reader.read(part, 10, part.stop, lambda page: True))


def test_the_command_that_holds_a_snapshot_for_a_job_elsewhere(busy: Database) -> None:
    command = [sys.executable, "-m", "transforms.ingest.postgres.snapshot", "--postgres_table=docs"]
    command += ["--postgres_xml_column=xml", f"--postgres_dsn={busy.server.dsn(busy.name)}"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            snapshot = holder.stdout.readline().strip()
            before = numbers(read_all(busy.source(snapshot=snapshot)))
            busy.execute("DELETE FROM docs WHERE id < 1000")
            assert numbers(read_all(busy.source(snapshot=snapshot))) == before
        finally:
            holder.terminate()
        assert holder.wait(30) == 0
    wait_until(lambda: busy.sessions("docs") == 0)


def test_the_command_says_what_is_wrong(busy: Database) -> None:
    command = [sys.executable, "-m", "transforms.ingest.postgres.snapshot", "--postgres_table=dosc"]
    command += ["--postgres_xml_column=xml", f"--postgres_dsn={busy.server.dsn(busy.name)}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "there is no table dosc" in done.stderr and "public.docs" in done.stderr
    assert "Traceback" not in done.stderr
