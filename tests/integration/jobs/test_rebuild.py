"""Rebuild against the real emulators: a dataset that was deleted, tables that were damaged, jobs that go on beside."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from local.stack.discover import LOCAL_PROJECT
from pipelines import rebuild
from tests.integration.jobs.stores import NewStores, Stores, bigtable_counts, content, copies, rebuild_stores
from transforms import instants
from transforms.views import merge, repair, schema
from transforms.views.connect import rest_client


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
    right = repair.repair

    def come_before(project: str, dataset: str, build: str, tables: Any, until: int, noted: bool = True) -> Any:
        if schema.DOCUMENTS in tables:
            stores.backfill(second)
        return right(project, dataset, build, tables, until, noted)

    monkeypatch.setattr(repair, "repair", come_before)
    rebuild_stores(stores)
    assert stores.views() == straight.views()
    assert copies(stores) == {}


def test_a_part_is_added_to_what_is_there(new_stores: NewStores, few_documents: Path) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    views = stores.views()
    lost = stores.query(
        "SELECT access_key FROM unique_documents WHERE LENGTH(access_key) = 44 ORDER BY access_key LIMIT 1"
    )[0]["access_key"]
    for table in ("documents", "events", "changes"):
        stores.query(f"DELETE FROM {table} WHERE access_key = '{lost}'")
    assert stores.views() != views
    told = rebuild_stores(stores, "--keys", lost)
    assert told["rows_added_documents"] == told["rows_added_changes"] == 1, "the rows that were not there"
    assert not any(rebuild_stores(stores, "--keys", lost).values()), "what is there is not added, nor told"
    assert stores.views() == views
    stores.query(f"DELETE FROM documents WHERE STARTS_WITH(access_key, '{lost[:6]}')")
    rebuild_stores(stores, "--states", lost[:2], "--months", lost[2:6])
    assert stores.views() == views
    stores.query(f"DELETE FROM documents WHERE SUBSTR(access_key, 7, 14) = '{lost[6:20]}'")
    assert stores.views() != views
    rebuild_stores(stores, "--issuers", lost[6:20])
    assert stores.views() == views


# Every statement at which it may be cut off: tests/integration/views/test_repair.py.
HOLDS = [
    ("after", "INSERT INTO .*seen_changes"),
    ("before", "MERGE .*documents"),
    ("after", "MERGE .*arrivals"),
    ("after", "MERGE .*counts"),
]


@pytest.mark.long
def test_a_rebuild_killed_at_each_step_serves_the_old_or_the_right_and_the_next_one_ends_it(
    new_stores: NewStores, few_documents: Path
) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    right, views, counts = content(stores), stores.views(), bigtable_counts(stores)
    for when, pattern in HOLDS:
        damage(stores)
        # What is wrong in changes is merged, in an hour when all of them are settled.
        merge.merge(LOCAL_PROJECT, stores.name, instants.now() + 2 * merge.OVERLAP)
        wrong = content(stores)
        kill_held(stores, when, pattern)
        found = content(stores)
        for table in schema.TABLES:
            assert found[table] in (wrong[table], right[table]), f"{table} is half done, killed {when} {pattern}"
        repaired = [table for table in schema.TABLES if found[table] != wrong[table]]
        assert bool(repaired) == (when == "after" and pattern.startswith("MERGE")), (when, pattern)
    assert len(builds(stores)) == len(HOLDS)
    rebuild_stores(stores)
    assert content(stores) == right
    assert stores.views() == views and bigtable_counts(stores) == counts


def damage(stores: Stores) -> None:
    """Every table has wrong rows, missing ones, and right ones twice."""
    for statement in (
        "UPDATE documents SET total = 1, layout = 'bogus' WHERE MOD(revision, 2) = 1 AND ENDS_WITH(access_key, '1')",
        "DELETE FROM documents WHERE ENDS_WITH(access_key, '2')",
        "INSERT INTO documents SELECT * FROM documents WHERE ENDS_WITH(access_key, '3')",
        "UPDATE events SET event_type = '000000' WHERE ENDS_WITH(access_key, '1')",
        "UPDATE changes SET status_after = 'bogus' WHERE ENDS_WITH(access_key, '4')",
        "DELETE FROM changes WHERE ENDS_WITH(access_key, '5')",
        "INSERT INTO arrivals SELECT * FROM arrivals WHERE outcome = 'new'",
        "DELETE FROM dead_letters WHERE TRUE",
        "UPDATE counts SET documents = documents + 5 WHERE dimension = 'issuer'",
        "DELETE FROM counts WHERE dimension = 'uf'",
    ):
        stores.query(statement)


def kill_held(stores: Stores, when: str, pattern: str) -> None:
    command = [sys.executable, "-m", "tests.integration.jobs.held_rebuild", when, pattern, *stores.arguments("-")[2:]]
    job = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert job.stdout is not None
    assert job.stdout.readline() == b"held\n", f"it never came to {pattern}"
    job.kill()
    assert job.wait() == -signal.SIGKILL
    job.stdout.close()


def builds(stores: Stores) -> set[str]:
    return {name for name in datasets() if name.startswith(f"{stores.name}__")}


def test_a_rebuild_of_what_is_right_changes_nothing(new_stores: NewStores, few_documents: Path) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    stores.backfill(few_documents, "--run", "second")
    before = content(stores)
    changed = rebuild_stores(stores)
    assert content(stores) == before and copies(stores) == {}
    assert changed == dict.fromkeys(changed, 0) and len(changed) == 2 * len(schema.TABLES)


def test_what_differed_is_counted(new_stores: NewStores, few_documents: Path) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    (wrong,) = stores.query("SELECT COUNT(*) AS n FROM documents WHERE ENDS_WITH(access_key, '1')")
    (missing,) = stores.query("SELECT COUNT(*) AS n FROM documents WHERE ENDS_WITH(access_key, '2')")
    stores.query("UPDATE documents SET layout = 'bogus' WHERE ENDS_WITH(access_key, '1')")
    stores.query("DELETE FROM documents WHERE ENDS_WITH(access_key, '2')")
    changed = {name: count for name, count in rebuild_stores(stores).items() if count}
    assert wrong["n"] > 0 and missing["n"] > 0
    assert changed == {"rows_removed_documents": wrong["n"], "rows_added_documents": wrong["n"] + missing["n"]}


@pytest.mark.long
def test_columns_in_another_order_a_column_of_others_and_a_missing_one(
    new_stores: NewStores, few_documents: Path
) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    views = stores.views()
    client, path = rest_client(LOCAL_PROJECT), f"{LOCAL_PROJECT}.{stores.name}.documents"
    table = client.get_table(path)
    fields = [field for field in reversed(table.schema) if field.name != "ibs_total"]
    other = bigquery.Table(path, schema=[bigquery.SchemaField("of_others", "STRING"), *fields])
    other.range_partitioning, other.clustering_fields = table.range_partitioning, table.clustering_fields
    client.delete_table(path)
    client.create_table(other)
    for _ in range(2):
        rebuild_stores(stores)
        # Views of all columns show those of others too; what those of the project hold is as it was.
        for name, found in stores.views().items():
            assert [row.replace("'of_others': None, ", "") for row in found] == views[name], name
        assert copies(stores) == {}
    names = [field.name for field in client.get_table(path).schema]
    assert (names[0], names[-1]) == ("of_others", "ibs_total")


def test_a_failed_repair_leaves_what_was_served_and_says_so(
    new_stores: NewStores, few_documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    right = content(stores)
    damage(stores)
    wrong = content(stores)
    run = repair._run

    def fails(client: Any, statement: str) -> Any:
        if statement.strip().startswith("MERGE") and "changes" in statement:
            statement = statement.replace("WHEN MATCHED THEN DELETE", "WHEN MATCHED THEN DELETE FROM nothing")
        return run(client, statement)

    with monkeypatch.context() as patched:
        patched.setattr(repair, "_run", fails)
        with pytest.raises(Exception, match="not all tables .* were repaired .*start the rebuild again"):
            rebuild_stores(stores)
    found = content(stores)
    assert found["changes"] == wrong["changes"] and found["counts"] == wrong["counts"]
    assert found["documents"] == right["documents"]
    rebuild_stores(stores)
    assert content(stores) == right


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sates", "SP"], "Did you mean --states"),
        (["--max_in_flight", "many"], "argument --max_in_flight: invalid int value: 'many'"),
        (["--keys", "@/nowhere/keys"], "/nowhere/keys"),
        (["--keys", "35"], "'35' is not an access key"),
        (["--keys", "@/dev/null"], "selects nothing"),
        (["--states", ","], "selects nothing"),
        (["--states", "XX"], "'XX' is not a Brazilian state"),
        (["--issuers", "12"], "'12' is not an issuer"),
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
