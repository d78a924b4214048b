"""Reconcile against the real emulators: every kind of damage, planted, is found and named, and nothing else is."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local.stack.discover import LOCAL_PROJECT
from pipelines import reconcile, refold
from tests.integration.jobs.stores import NewStores, Stores, differences
from tests.unit.parse import samples
from transforms import access_key
from transforms.counting import cells
from transforms.reconcile.served import QueryDoFn
from transforms.truth import row_keys, rows
from transforms.truth.client import Client
from transforms.truth.codec import packaged_codec
from transforms.truth.loop import wait_for
from transforms.truth.read import History
from transforms.truth.requests import Column
from transforms.truth.rows import Cell
from transforms.views.connect import rest_client


def named(found: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(one["what"], one["table"], one["key"]) for one in found}


def damage_state(stores: Stores, key: str) -> None:
    history = history_of(stores, key)
    state = Cell(rows.STATE, rows.FOLDED, 0, packaged_codec().encode_json({**history.state, "status": "bogus"}))
    write(stores, key, state)


def damage_last_change(stores: Stores, key: str) -> None:
    last = history_of(stores, key).changes[-1]
    after, dimensions = ({**found, "status": "bogus"} for found in (last.after, last.dimensions_after))
    write(stores, key, rows.change_cell(packaged_codec(), last._replace(after=after, dimensions_after=dimensions)))


def history_of(stores: Stores, key: str) -> History:
    return stores.histories()[key]


def write(stores: Stores, key: str, cell: Cell) -> None:
    client = Client(stores.truth)
    wait_for(client.write(stores.truth.records_table, row_keys.row_key(key), [cell]))
    wait_for(client.close())


def run_job(stores: Stores, mend: str) -> None:
    """Runs what a difference says mends it, one command after another."""
    for command in mend.split(" && "):
        module, *arguments = command.removeprefix("python -m ").split()
        importlib.import_module(module).run([*stores.arguments("-")[2:], *arguments])


def lose_bigtable_count(stores: Stores) -> None:
    client, table = Client(stores.truth), f"{stores.truth.records_table}{cells.TABLE_SUFFIX}"
    row = next(r for r in client.scan(table, b"0", row_keys.RESERVED) if b"uf#" in r.key)
    wait_for(client.replace(table, row.key, [Column(cells.COUNTS, row.cells[0].qualifier)], []))
    wait_for(client.close())


def test_each_kind_of_damage_is_found_and_named_and_rebuild_mends_what_it_says(
    new_stores: NewStores, few_documents: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stores, output = new_stores(), tmp_path / "found.jsonl"
    stores.backfill(few_documents)
    stores.backfill(few_documents, "--run", "again")
    stores.query("INSERT INTO documents SELECT * FROM documents")
    assert differences(stores, output) == [], "rows written twice, all the same, are no difference"
    assert "no differences" in capfd.readouterr().out

    found = stores.query("SELECT DISTINCT access_key FROM documents ORDER BY access_key LIMIT 6")
    missing, twice, wrong, ahead, folded, lineage = (row["access_key"] for row in found)
    other = ahead[:25] + ("1" if ahead[25] != "1" else "2") + ahead[26:]
    stores.query(f"DELETE FROM documents WHERE access_key = '{missing}'")
    stores.query(
        f"INSERT INTO changes SELECT * REPLACE ('x' AS job) FROM changes WHERE access_key = '{twice}' AND revision = 1"
    )
    stores.query(f"UPDATE documents SET total = COALESCE(total, 0) + 0.01 WHERE access_key = '{wrong}'")
    stores.query(
        f"INSERT INTO documents SELECT * REPLACE ('{other}' AS access_key) FROM documents WHERE access_key = '{ahead}'"
    )
    stores.query(f"DELETE FROM arrivals WHERE access_key = '{lineage}'")
    stores.query("DELETE FROM dead_letters WHERE TRUE")
    issuer = stores.query("SELECT MIN(value) AS value FROM counts WHERE dimension = 'issuer'")[0]["value"]
    stores.query(f"UPDATE counts SET documents = documents + 1 WHERE dimension = 'issuer' AND value = '{issuer}'")
    lose_bigtable_count(stores)
    damage_state(stores, folded)

    seen = differences(stores, output)
    expected = {
        ("missing_row", "documents", missing),
        ("doubled_row", "changes", twice),
        ("wrong_row", "documents", wrong),
        ("surplus_row", "documents", other),
        ("missing_row", "arrivals", lineage),
        ("state_is_not_fold", "", folded),
        ("wrong_count", "counts", ""),
    }
    assert {one for one in named(seen) if one[1] != "dead_letters"} == expected
    assert {one[0] for one in named(seen) if one[1] == "dead_letters"} == {"missing_row"}
    counts = [one for one in seen if one["what"] == "wrong_count"]
    assert {one["issuer"] for one in counts} == {issuer, ""}, "BigQuery's by issuer, Bigtable's by state"
    mends = {(one["what"], one["table"]): one["mend"] for one in seen}
    assert mends["missing_row", "documents"] == f"python -m pipelines.rebuild --keys {missing}"
    assert mends["doubled_row", "changes"] == "python -m pipelines.rebuild"
    [state] = [one for one in seen if one["what"] == "state_is_not_fold"]
    assert "status=bogus" in state["detail"] and state["issuer"] == access_key.split(folded).issuer_id and state["day"]
    assert "differences, all in" in capfd.readouterr().out

    part = differences(stores, output, "--keys", f"{missing},{twice}")
    assert named(part) == {("missing_row", "documents", missing), ("doubled_row", "changes", twice)}

    run_job(stores, mends["missing_row", "documents"])
    assert mends["state_is_not_fold", ""] == f"python -m pipelines.refold --keys {folded}"
    capfd.readouterr()
    keys = tmp_path / "keys"
    left = differences(stores, output, "--keys_file", str(keys))
    assert ("missing_row", "documents", missing) not in named(left)
    assert folded in keys.read_text().splitlines()
    mending = capfd.readouterr().out.partition("This mends all of it:\n")[2].splitlines()[0]
    assert f"refold --bigtable_table={stores.name} --dataset={stores.name} --keys @{keys} && " in mending
    for step in mending.split(" && "):
        _, _, job = step.partition("pipelines.")
        name, *arguments = job.split()
        importlib.import_module(f"pipelines.{name}").run([*arguments, "--runner", "FnApiRunner"])
    assert differences(stores, output) == []


@pytest.mark.long
def test_each_kind_of_damage_alone_is_mended_by_the_job_that_is_named(
    new_stores: NewStores, few_documents: Path, tmp_path: Path
) -> None:
    stores, output = new_stores(), tmp_path / "found.jsonl"
    stores.backfill(few_documents)
    views = stores.views()
    keys = [key for key, history in sorted(stores.histories().items()) if len(history.records) > 1]
    damages: dict[str, Callable[[], object]] = {
        "missing_row": lambda: stores.query(f"DELETE FROM changes WHERE access_key = '{keys[0]}'"),
        "doubled_row": lambda: stores.query(
            f"INSERT INTO changes SELECT * REPLACE ('x' AS job) FROM changes WHERE access_key = '{keys[0]}'"
        ),
        "wrong_count": lambda: stores.query("UPDATE counts SET total = total + 1 WHERE dimension = 'uf'"),
        "state_is_not_fold": lambda: damage_last_change(stores, keys[1]),
    }
    for what, damage in damages.items():
        damage()
        found = differences(stores, output)
        assert what in {one["what"] for one in found}, found
        assert {one["key"] for one in found if one["what"] == what} <= {keys[0], keys[1], ""}
        for mend in sorted({one["mend"] for one in found if one["what"] == what}):
            run_job(stores, mend)
        assert differences(stores, output) == []
        assert stores.views() == views


def test_counts_are_read_one_by_one_only_where_the_digests_of_their_bucket_differ(
    new_stores: NewStores, few_documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores, output = new_stores(), tmp_path / "found.jsonl"
    stores.backfill(few_documents)
    counts = len(stores.query("SELECT * FROM counts_total"))
    answers: list[int] = []
    original = QueryDoFn._query

    def counted(self: QueryDoFn, sql: str, buckets: Iterable[str] = ()) -> Iterator[Any]:
        rows_of_answer = list(original(self, sql, buckets))
        if "counts_total" in sql:
            answers.append(len(rows_of_answer))
        return iter(rows_of_answer)

    monkeypatch.setattr(QueryDoFn, "_query", counted)
    assert differences(stores, output, "--bucket_characters", "1") == []
    assert answers == [16] and counts > 100, "a digest per bucket, and no count"

    answers.clear()
    stores.query(
        "UPDATE counts SET total = total + 0.01 WHERE dimension = 'issuer' AND value = "
        "(SELECT MIN(value) FROM counts WHERE dimension = 'issuer')"
    )
    found = differences(stores, output)
    assert {one["what"] for one in found} == {"wrong_count"}
    digests, *suspects = answers
    assert digests > 100 and len(found) <= sum(suspects) < counts / 4


def test_refold_says_what_it_wrote_and_leaves_right_histories_alone(
    new_stores: NewStores, few_documents: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    histories, content = stores.histories(), stores.content()
    key, incomplete = [key for key, history in sorted(histories.items()) if len(history.records) > 1][:2]
    write(stores, incomplete, Cell(rows.STATE, rows.REVISION, 0, rows.pack_int(len(histories[incomplete].records) + 1)))
    damage_last_change(stores, key)
    assert refold.main(stores.arguments("-")[2:]) == 0
    told = {" ".join(line.split()) for line in capfd.readouterr().out.splitlines()}
    for line in (f"histories read {len(histories):,}", "states rewritten 0", "changes rewritten 1"):
        assert line in told
    assert "left as they are 1 they lack changes: reconcile names them" in told
    assert any(line.endswith("-m pipelines.rebuild") or "-m pipelines.rebuild --" in line for line in told)
    assert stores.content() == content and history_of(stores, key) == histories[key]


def test_a_dataset_that_is_not_there_is_told(new_stores: NewStores, capfd: pytest.CaptureFixture[str]) -> None:
    stores = new_stores()
    rest_client(LOCAL_PROJECT).delete_dataset(f"{LOCAL_PROJECT}.{stores.name}", delete_contents=True)
    assert reconcile.main(stores.arguments("-")[2:]) == 2
    error = capfd.readouterr().err
    assert "table documents does not exist" in error and "Traceback" not in error


def test_the_largest_and_the_oddest_amounts_are_compared_like_any_other(new_stores: NewStores, tmp_path: Path) -> None:
    amounts = ("9999999999999.99", f"{'9' * 18}.999999999", "-0.5", "-12.000000001", "0.0000005", "1", "0.00")
    given = tmp_path / "given"
    given.mkdir()
    for number, amount in enumerate(amounts):
        total = f"<vProd>1.00</vProd><vNF>{amount}</vNF>"
        (given / f"{number}.xml").write_text(samples.nfe(samples.key(number=number + 1), total=total))
    stores = new_stores()
    stores.backfill(given)
    found = stores.query("SELECT total FROM unique_documents ORDER BY access_key")
    assert sorted(row["total"] for row in found) == sorted(map(Decimal, amounts))
    assert differences(stores, tmp_path / "found") == []


def test_a_folder_or_a_pattern_as_output_is_refused_and_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("of somebody else")
    # Nothing may run, whatever the checks behind this one say.
    monkeypatch.setattr(reconcile.stores, "check", lambda options: pytest.fail("it went on"))
    for output in (str(tmp_path), f"{tmp_path}/", "gs://bucket/folder/"):
        assert reconcile.main(["--project", LOCAL_PROJECT, "--output", output]) == 2
        assert "is a folder" in capsys.readouterr().err
    for output in (f"{tmp_path}/*.txt", "gs://bucket/*", "gs://bucket/found-[0-9]"):
        assert reconcile.main(["--project", LOCAL_PROJECT, "--output", output]) == 2
        assert "is a pattern" in capsys.readouterr().err
    assert kept.read_text() == "of somebody else"
