"""Who asks the local BigQuery sees all that was appended before, whoever inserts it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import Any

import duckdb
import pyarrow
import pytest

from local import bigquery_appends
from local.bigquery_appends import Waiting

TABLES, ROWS = 2, 50
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
        query = f"SELECT COUNT(*) FROM {quoted_table_ref(*table(number))} WHERE value = ?"
        [found] = cursor.execute(query, [value]).fetchall()
    return int(found[0])


def test_who_asks_waits_for_rows_that_another_thread_inserts(
    source: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, begun, goes_on = Waiting(), Event(), Event()
    insert = bigquery_appends._insert

    def held_up(cursor: Any, place: tuple[str, str, str], rows: pyarrow.Table) -> None:
        begun.set()
        assert goes_on.wait(60)
        insert(cursor, place, rows)

    monkeypatch.setattr(bigquery_appends, "_insert", held_up)
    waiting.add(table(0), rows(7))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(waiting.insert, source)
        assert begun.wait(60)
        second = pool.submit(waiting.insert, source)
        with pytest.raises(TimeoutError):
            second.result(0.2)
        goes_on.set()
        second.result(60)
        assert count(source, 0, 7) == ROWS
        first.result(60)


def test_what_one_table_refuses_keeps_no_other_from_its_rows(source: duckdb.DuckDBPyConnection) -> None:
    waiting = Waiting()
    waiting.add(table(0), pyarrow.table({"value": ["no number"]}))
    assert waiting.add(table(1), rows(7)) == 1 + ROWS
    with pytest.raises(duckdb.Error):
        waiting.insert(source)
    waiting.insert(source)
    assert count(source, 1, 7) == ROWS
    assert waiting.add(table(1), rows(7)) == ROWS
