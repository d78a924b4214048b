"""Who asks the local BigQuery sees all that was appended before, whoever inserts it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import duckdb
import pyarrow
import pytest

from local.bigquery_appends import Waiting

TABLES, THREADS, APPENDS, ROWS = 3, 4, 60, 50
pytestmark = pytest.mark.timeout(120)


def table(number: int) -> tuple[str, str, str]:
    return "project", "dataset", f"t{number}"


def rows(value: int) -> pyarrow.Table:
    return pyarrow.table({"value": pyarrow.array([value] * ROWS, pyarrow.int64())})


@pytest.fixture
def source() -> duckdb.DuckDBPyConnection:
    from bqemulator.storage.sql_identifiers import quoted_table_ref

    source = duckdb.connect()
    source.execute('CREATE SCHEMA "project__dataset"')
    for number in range(TABLES):
        source.execute(f"CREATE TABLE {quoted_table_ref(*table(number))} (value BIGINT)")
    return source


def count(source: duckdb.DuckDBPyConnection, number: int, value: int) -> int:
    from bqemulator.storage.sql_identifiers import quoted_table_ref

    with closing(source.cursor()) as cursor:
        query = f"SELECT COUNT(*) FROM {quoted_table_ref(*table(number))} WHERE value = ?"  # noqa: S608
        [found] = cursor.execute(query, [value]).fetchall()
    return int(found[0])


def test_each_thread_sees_what_it_appended_while_others_insert(source: duckdb.DuckDBPyConnection) -> None:
    waiting, done = Waiting(), Event()

    def insert_again_and_again() -> None:
        while not done.is_set():
            waiting.insert(source)

    def append(value: int) -> None:
        for times in range(1, APPENDS + 1):
            waiting.add(table(value % TABLES), rows(value))
            waiting.insert(source)
            assert count(source, value % TABLES, value) == times * ROWS

    with ThreadPoolExecutor(THREADS + 1) as pool:
        inserter = pool.submit(insert_again_and_again)
        try:
            for appended in [pool.submit(append, value) for value in range(THREADS)]:
                appended.result()
        finally:
            done.set()
        inserter.result()


def test_what_one_table_refuses_keeps_no_other_from_its_rows(source: duckdb.DuckDBPyConnection) -> None:
    waiting = Waiting()
    waiting.add(table(0), pyarrow.table({"value": ["no number"]}))
    assert waiting.add(table(1), rows(7)) == 1 + ROWS
    with pytest.raises(duckdb.Error):
        waiting.insert(source)
    waiting.insert(source)
    assert count(source, 1, 7) == ROWS
    assert waiting.add(table(1), rows(7)) == ROWS
