"""Rebuild against the real emulators: a dataset that was deleted, tables that were damaged, jobs that go on beside."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import GoogleAPICallError, NotFound

from local.stack.discover import LOCAL_PROJECT
from pipelines import rebuild
from tests.integration.jobs.stores import Stores
from transforms.counting import cells
from transforms.counting.contributions import CountKey
from transforms.truth import rows
from transforms.truth.client import Client, wait_for
from transforms.truth.read import Reader
from transforms.views import swap
from transforms.views.connect import rest_client

NewStores = Callable[[], Stores]


def rebuild_stores(stores: Stores, *more: str) -> None:
    rebuild.run([*stores.arguments("-")[2:], *more])


def all_views(stores: Stores) -> dict[str, list[str]]:
    """Every view with every column, but the time at which a dead letter was found, which is not kept to the micro."""
    found = {}
    for name, query in stores.queries().items():
        found[name] = sorted(repr(sorted(_settled(row).items())) for row in stores.query(query))
    return found


def _settled(row: dict[str, Any]) -> dict[str, Any]:
    left_out = {name for name in row if name.startswith("lag_")} | {"job_started_at", "computed_at", "found_at"}
    if row.get("outcome") == "dead":
        left_out.add("applied_at")
    return {name: value for name, value in row.items() if name not in left_out}


def bigtable_counts(stores: Stores) -> dict[CountKey, tuple[int, str]]:
    """What Bigtable's counts say, nothing where it is nothing."""
    config, reader = stores.truth, Reader(stores.truth)
    client = Client(config)
    table = f"{config.records_table}{cells.TABLE_SUFFIX}"
    found = client.scan(table, b"0", rows.RESERVED)
    sums = [cells.sums(reader.codec, row.key, rows.by_column(row.cells)) for row in found]
    wait_for(client.close())
    reader.close()
    return {k: (a.documents, str(a.total)) for one in sums for k, a in one.items() if a.documents}


def datasets() -> list[str]:
    return [found.dataset_id for found in rest_client(LOCAL_PROJECT).list_datasets()]


def test_a_deleted_dataset_comes_back_equal_and_running_the_input_again_doubles_nothing(
    new_stores: NewStores, few_documents: Path
) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    stores.backfill(few_documents, "--run", "second")
    before, counts = all_views(stores), bigtable_counts(stores)
    assert len(before["unique_documents"]) > 30 and before["dead_letters_by_code"]

    rest_client(LOCAL_PROJECT).delete_dataset(f"{LOCAL_PROJECT}.{stores.name}", delete_contents=True)
    rebuild_stores(stores)
    after = all_views(stores)
    assert {name for name in before if before[name] != after[name]} == set()
    assert bigtable_counts(stores) == counts
    assert not [name for name in datasets() if name.startswith(f"{stores.name}__")]

    stores.backfill(few_documents)
    assert all_views(stores)["counts_total"] == before["counts_total"]
    assert bigtable_counts(stores) == counts


def test_what_does_not_belong_is_gone_and_what_came_meanwhile_is_there(
    new_stores: NewStores, few_documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for number, file in enumerate(sorted(path for path in few_documents.rglob("*") if path.is_file())):
        target = (first, second)[number % 2] / file.relative_to(few_documents)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    stores, straight = new_stores(), new_stores()
    stores.backfill(first)
    straight.backfill(first)
    straight.backfill(second)
    stores.query("UPDATE changes SET status_after = 'bogus' WHERE revision = 1")
    stores.query("UPDATE counts SET documents = documents + 5 WHERE dimension = 'issuer'")
    served = swap.swap

    def come_before(*places: str) -> None:
        stores.backfill(second)
        served(*places)

    monkeypatch.setattr(swap, "swap", come_before)
    rebuild_stores(stores)
    assert stores.views() == straight.views()


def test_a_part_is_added_to_what_is_there(new_stores: NewStores, few_documents: Path) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    views = stores.views()
    lost = stores.query("SELECT access_key FROM unique_documents ORDER BY access_key LIMIT 1")[0]["access_key"]
    for table, column in (("documents", "access_key"), ("events", "access_key"), ("changes", "key")):
        stores.query(f"DELETE FROM {table} WHERE {column} = '{lost}'")
    assert stores.views() != views
    rebuild_stores(stores, "--keys", lost)
    assert stores.views() == views
    stores.query(f"DELETE FROM documents WHERE STARTS_WITH(access_key, '{lost[:6]}')")
    rebuild_stores(stores, "--states", lost[:2], "--months", lost[2:6])
    assert stores.views() == views
    stores.query(f"DELETE FROM documents WHERE SUBSTR(access_key, 7, 14) = '{lost[6:20]}'")
    assert stores.views() != views
    rebuild_stores(stores, "--issuers", lost[6:20])
    assert stores.views() == views


def test_a_rebuild_killed_at_several_points_shows_nothing_half_built_and_the_next_one_ends_it(
    new_stores: NewStores, few_documents: Path
) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    views, counts = stores.views(), bigtable_counts(stores)
    stores.query("UPDATE counts SET documents = documents + 5 WHERE dimension = 'issuer'")
    damaged = stores.views()
    for filled in ("documents", "ready_documents", "ready_changes"):
        known = builds(stores)
        job = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.jobs.held_rebuild", filled, *stores.arguments("-")[2:]],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while job.poll() is None and not any(has_rows(f"{build}.{filled}") for build in builds(stores) - known):
            time.sleep(0.05)
        job.kill()
        assert job.wait() == -signal.SIGKILL
        if filled == "documents":
            assert stores.views() == damaged, "the tables that are served are the old ones until the swap"
    assert len(builds(stores)) == 3
    rebuild_stores(stores)
    assert stores.views() == views and bigtable_counts(stores) == counts


def builds(stores: Stores) -> set[str]:
    return {name for name in datasets() if name.startswith(f"{stores.name}__")}


def has_rows(table: str) -> bool:
    try:
        return bool(list(rest_client(LOCAL_PROJECT).query(f"SELECT 1 FROM {table} LIMIT 1").result()))
    except GoogleAPICallError:  # it is being made
        return False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sates", "SP"], "Did you mean --states"),
        (["--max_in_flight", "many"], "argument --max_in_flight: invalid int value: 'many'"),
        (["--keys", "@/nowhere/keys"], "/nowhere/keys"),
        (["--keys", "35"], "'35' is no access key"),
        (["--keys", "@/dev/null"], "selects nothing"),
        (["--states", ","], "selects nothing"),
        (["--states", "XX"], "'XX' is no Brazilian state"),
        (["--issuers", "12"], "'12' is no issuer"),
    ],
)
def test_a_mistyped_command_is_told_in_one_line(
    new_stores: NewStores, capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert rebuild.main([*Stores("absent").arguments("-")[2:], *arguments]) == 2
    error = capfd.readouterr().err
    assert message in error and "Traceback" not in error and "usage:" not in error


def test_selecting_nothing_is_said_before_anything_is_written(
    new_stores: NewStores, capfd: pytest.CaptureFixture[str]
) -> None:
    stores = new_stores()
    assert rebuild.main([*stores.arguments("-")[2:], "--months", "2513"]) == 2
    assert "2513" in capfd.readouterr().err
    with pytest.raises(NotFound):
        rest_client(LOCAL_PROJECT).get_table(f"{LOCAL_PROJECT}.{stores.name}__rebuild.documents")
