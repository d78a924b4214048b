"""Served tables repaired in place: beside a writer that never pauses, cut off at any statement, rows of each kind.

The source of truth is a list here; what is proven is what becomes of the tables.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.cloud import bigquery

from local.stack import PROJECT_ID
from tests import views_world as world
from tests.googlesql.sent import FOREIGN
from tests.integration.views.dataset import Dataset
from transforms.model import Applied
from transforms.views import catalog, connect, repair, repair_sql, rows, schema, sink
from transforms.views.rows import TableRow

Make = Callable[..., Dataset]
TABLES = (schema.DOCUMENTS, schema.CHANGES, schema.ARRIVALS)
BEFORE = 60


class Truth:
    """Records applied one after the other; each is put into the list before its rows are appended."""

    def __init__(self, served: Dataset) -> None:
        self.applied: list[Applied] = []
        self._served = served

    def apply(self, count: int, *, now: bool) -> None:
        first = len(self.applied)
        entries = [world.document(world.key_of(number=first + n + 1), f"record-{first + n}") for n in range(count)]
        at = time.time_ns() // 1000 if now else world.RECEIVED_AT
        results = world.applied(entries, received_at=at - 2 * world.SECOND * now)
        self.applied += results
        self._served.write_applied(results)

    def rows(self) -> list[TableRow]:
        return [row for result in self.applied for row in rows.rows_of(result)]


@pytest.fixture
def served(make_dataset: Make) -> Iterator[Dataset]:
    """A dataset with a sink that stays open, as a job's does."""
    made = make_dataset()
    destination = sink.Destination(PROJECT_ID, made.name, connect.storage_endpoint(), 20)
    sink.acquire(destination)
    yield made
    sink.release(destination)


@pytest.fixture
def build(served: Dataset, make_dataset: Make) -> Iterator[Dataset]:
    name = f"{served.name}__rebuild_1"
    repair.create_build(PROJECT_ID, served.name, name)
    yield Dataset(name, served.client)
    repair.drop_build(PROJECT_ID, name)


def held(dataset: Dataset) -> dict[str, Counter[str]]:
    """How often each row is there, by table."""
    found = {}
    for table in TABLES:
        digest = repair_sql.digest(table, "r")
        answer = dataset.emulated(f"SELECT {digest} AS d, COUNT(*) AS n FROM {table} AS r GROUP BY 1")
        found[table] = Counter({row["d"]: row["n"] for row in answer})
    return found


def damage(served: Dataset) -> None:
    """Wrong rows, missing ones, rows of nothing, and copies, in each table."""
    for table in (schema.DOCUMENTS, schema.CHANGES, schema.ARRIVALS):
        served.emulated(f"UPDATE {table} SET origin = 'bogus' WHERE record_id IN ('record-1', 'record-2')")
        served.emulated(f"DELETE FROM {table} WHERE record_id IN ('record-3', 'record-4', 'record-5')")
        served.emulated(f"INSERT INTO {table} SELECT * FROM {table} WHERE record_id IN ('record-6', 'record-7')")
        served.emulated(f"UPDATE {table} SET access_key = 'nobody' WHERE record_id = 'record-8'")


def repaired(served: Dataset, build: Dataset, until: int) -> dict[str, Any]:
    return repair.repair(PROJECT_ID, served.name, build.name, repair.ROWS, until)


def test_a_writer_that_never_pauses_loses_nothing_and_nothing_is_doubled(served: Dataset, build: Dataset) -> None:
    truth = Truth(served)
    truth.apply(BEFORE, now=False)
    damage(served)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            truth.apply(3, now=True)

    identity = served.client.get_table(f"{PROJECT_ID}.{served.name}.documents").created
    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_for_more(truth)
        until = time.time_ns() // 1000
        repair.remember(PROJECT_ID, served.name, build.name)
        wait_for_more(truth)
        read = truth.rows()  # in it also what was appended after the beginning, and what is on its way
        build.write(read)
        wait_for_more(truth)
        changed = repaired(served, build, until)
        wait_for_more(truth)
    finally:
        stop.set()
        writer.join()
    assert len(truth.applied) * 3 > len(read) > BEFORE * 3, "it was written to before and after"
    # Wrong: two and one of nobody; copies: two. Missing: three, the three in the place of the wrong ones, and what was
    # applied just before the beginning and was still on its way then.
    assert {name: changed[name].removed for name in TABLES} == dict.fromkeys(TABLES, 5)
    assert all(6 <= changed[name].added <= 9 for name in TABLES)
    found = held(served)
    assert {name: max(counts.values()) for name, counts in found.items()} == dict.fromkeys(TABLES, 1)
    expected = Dataset(f"{build.name}_expected", served.client)
    catalog.migrate(PROJECT_ID, expected.name)
    expected.write(truth.rows())
    assert found == held(expected)
    assert served.client.get_table(f"{PROJECT_ID}.{served.name}.documents").created == identity


def wait_for_more(truth: Truth) -> None:
    known, deadline = len(truth.applied), time.monotonic() + 120
    while len(truth.applied) < known + 6:
        assert time.monotonic() < deadline, "the writer stands still"
        time.sleep(0.02)


class Killed(Exception):
    pass


def test_cut_off_at_any_statement_and_begun_again_the_end_is_the_same(
    served: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = Truth(served)
    truth.apply(12, now=False)
    right = held(served)
    run, cut, after, number = repair._run, 0, False, 0

    def until_killed(client: Any, statement: str) -> Any:
        nonlocal number
        number += 1
        if number == cut and not after:
            raise Killed
        result = run(client, statement)
        if number == cut:
            raise Killed
        return result

    monkeypatch.setattr(repair, "_run", until_killed)
    steps = 2 * len(schema.TABLES) + 2 * len(TABLES) + len(repair.ROWS) - len(TABLES)
    for cut in (1, 4, 2 * len(schema.TABLES), steps - 7, steps - 5, steps - 1, 0):
        after = not after
        damage(served)
        name, number = f"{served.name}__rebuild_{cut}", 0
        repair.create_build(PROJECT_ID, served.name, name)
        build = Dataset(name, served.client)
        try:
            repair.remember(PROJECT_ID, served.name, name)
            build.write(truth.rows())
            repaired(served, build, time.time_ns() // 1000)
            assert cut == 0
        except Killed:
            wrong = [table for table in TABLES if held(served)[table] != right[table]]
            assert wrong or cut >= steps - 1
    assert held(served) == right


def test_a_part_adds_what_is_missing_and_leaves_the_rest(served: Dataset, build: Dataset) -> None:
    truth = Truth(served)
    truth.apply(12, now=False)
    served.emulated("DELETE FROM documents WHERE record_id = 'record-3'")
    served.emulated("UPDATE documents SET origin = 'bogus' WHERE record_id = 'record-4'")
    build.write(row for row in truth.rows() if row[1]["record_id"] in ("record-2", "record-3"))
    repaired(served, build, time.time_ns() // 1000)
    found = served.emulated("SELECT record_id, origin FROM documents ORDER BY record_id")
    assert len(found) == len({row["record_id"] for row in found}) == 12
    assert [row["record_id"] for row in found if row["origin"] == "bogus"] == ["record-4"]


def test_labels_and_columns_of_others_stay(served: Dataset) -> None:
    path = f"{PROJECT_ID}.{served.name}.documents"
    served.emulated(f"ALTER TABLE documents ADD COLUMN of_others STRING {FOREIGN}")
    table = served.client.get_table(path)
    table.labels = {"owner": "tax"}
    table.schema = [*table.schema, bigquery.SchemaField("of_others", "STRING")]
    served.client.update_table(table, ["labels", "schema"])
    truth = Truth(served)
    truth.apply(9, now=False)
    served.emulated(f"UPDATE documents SET of_others = 'kept' WHERE record_id = 'record-0' {FOREIGN}")
    damage(served)
    name = f"{served.name}__rebuild_2"
    repair.create_build(PROJECT_ID, served.name, name)
    repair.remember(PROJECT_ID, served.name, name)
    build = Dataset(name, served.client)
    build.write(truth.rows())
    repaired(served, build, time.time_ns() // 1000)
    assert served.client.get_table(path).labels == {"owner": "tax"}
    found = served.emulated(f"SELECT of_others FROM documents WHERE of_others IS NOT NULL {FOREIGN}")
    assert found == [{"of_others": "kept"}]
    assert len(served.emulated("SELECT DISTINCT record_id FROM documents")) == 9


def test_a_build_that_was_left_over_is_dropped_when_its_time_is_over_and_no_other_dataset(
    served: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{served.name}__rebuild_old", f"{served.name}__rebuild_new", f"{served.name}__of_others"]
    for name in names[:2]:
        repair.create_build(PROJECT_ID, served.name, name)
    served.client.create_dataset(bigquery.Dataset(f"{PROJECT_ID}.{names[2]}"))
    monkeypatch.setattr(repair, "_KEPT", repair._KEPT * 0)
    repair._drop_abandoned(connect.rest_client(PROJECT_ID), PROJECT_ID, served.name)
    left = {item.dataset_id for item in served.client.list_datasets()}
    assert left & set(names) == {names[2]}
