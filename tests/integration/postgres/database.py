"""What the tests of the extract do with a database, and how they read a table without Beam."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from local.postgres import Server
from transforms.ingest.postgres.frames import Row
from transforms.ingest.postgres.parts import TableColumns, TablePart
from transforms.ingest.postgres.pool import Pool
from transforms.ingest.postgres.reader import TableReader
from transforms.ingest.postgres.retry import Retry
from transforms.ingest.postgres.source import PostgresSource
from transforms.ingest.postgres.transform import plan

XML = "<nfeProc><NFe>%s</NFe></nfeProc>"


@dataclass(frozen=True)
class Database:
    """A database of the test server; ``admin`` is a superuser's connection to it, in autocommit."""

    server: Server
    name: str
    admin: psycopg.Connection[tuple[Any, ...]]

    @classmethod
    @contextlib.contextmanager
    def create(cls, server: Server, name: str, options: str = "") -> Iterator[Database]:
        with server.connect() as conn:
            conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 " + options).format(sql.Identifier(name)))
        try:
            with server.connect(name) as admin:
                yield cls(server, name, admin)
        finally:
            with server.connect() as conn:
                conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def source(
        self, table: str = "docs", xml_column: str = "xml", user: str = "postgres", **more: Any
    ) -> PostgresSource:
        more.setdefault("run", "test")
        return PostgresSource(dsn=self.server.dsn(self.name, user), table=table, xml_column=xml_column, **more)

    def execute(self, statement: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        cursor = self.admin.execute(statement, parameters)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []

    def fill(self, table: str, rows: int, size: int = 400) -> None:
        """Rows 1 to ``rows`` of (id, xml), each of about ``size`` bytes that do not compress."""
        noise = f"SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, {max(1, size // 32)}) AS j"
        self.execute(
            f"INSERT INTO {table} (id, xml) SELECT i, '<nfeProc><NFe>' || i || ':' || ({noise}) || '</NFe></nfeProc>'"
            f" FROM generate_series(1, {rows}) AS i"
        )

    def sessions(self, run: str = "test") -> int:
        """How many sessions of ``run`` are open."""
        ((count,),) = self.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()",
            [f"acervo:{run}"],
        )
        return int(count)

    def kill_sessions(self, run: str = "test") -> set[int]:
        """Ends every session of ``run``, and says which there were.

        One that tells its client of its end, and whose client does not listen, is still there after the five seconds.
        """
        killed = self.execute(
            "SELECT pid, pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s"
            " AND datname = current_database()",
            [f"acervo:{run}"],
        )
        return {pid for pid, _ in killed}


def impatient() -> Retry:
    """Retries without waiting long."""
    return Retry(first_seconds=0.001, longest_seconds=0.01)


@contextlib.contextmanager
def planned(source: PostgresSource) -> Iterator[tuple[TableReader, TableColumns, list[TablePart]]]:
    """A reader of ``source``, and the parts to read."""
    pool = Pool(source)
    try:
        table, parts = plan(source, pool)
        yield TableReader(source, table.shape, pool, impatient), table.shape, parts
    finally:
        pool.close()


def read_all(source: PostgresSource) -> list[Row]:
    """Every row, part by part."""
    with planned(source) as (reader, _, parts):
        return [row for part in parts for row in reader.read(part, part.start, part.stop, lambda block: True)]


def keys(rows: Sequence[Row]) -> list[str]:
    """The first key column of each row."""
    return ["" if row.key[0] is None else row.key[0].decode() for row in rows]


def numbers(rows: Sequence[Row]) -> list[int]:
    return sorted(int(key) for key in keys(rows))


@contextlib.contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Does ``work`` again and again in a thread until the block ends; its exception fails the test."""
    done = threading.Event()
    failed: list[BaseException] = []

    def loop() -> None:
        try:
            while not done.is_set():
                work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    if failed:
        raise failed[0]


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
