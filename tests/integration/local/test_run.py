from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local import run
from local.generate import documents, leaves
from local.generate.__main__ import INPUT, MANIFEST, write_set
from local.stack import PROJECT_ID, stack
from local.stores import Tables
from pipelines import defaults, query, standing
from tests.googlesql import recording
from tests.unit.parse.samples import nfe


@pytest.fixture(scope="module", autouse=True)
def own_stack() -> Iterator[None]:
    """A stack of its own: the summary counts all that is in it."""
    with stack() as running, running.exported():
        yield
        recording.check()


MIX: dict[str, Any] = {"seed": 11, "count": 200, "broken": 0.05, "duplicates": 0.1}


def in_two_histories() -> int:
    """How many DPS came whose NFS-e came too: they are in its history as well."""
    told: dict[int, set[str]] = {}
    for each in documents(**MIX):
        for leaf in leaves(each):
            told.setdefault(each.history, set()).add(leaf.what)
    return sum({"dps", "nfse"} <= whats for whats in told.values())


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    write_set(folder, **MIX)
    return folder


@pytest.fixture(scope="module")
def first_run(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return backfill(generated / INPUT, tmp_path_factory.mktemp("first") / "summary.json")


def backfill(source: Path, summary: Path) -> dict[str, Any]:
    assert run.main(["--input", str(source), "--summary", str(summary), "--runner", "FnApiRunner"]) == 0
    found: dict[str, Any] = json.loads(summary.read_text())
    return found


def test_summary__agrees_with_the_manifest_and_with_the_stores(generated: Path, first_run: dict[str, Any]) -> None:
    expected = json.loads((generated / MANIFEST).read_text())["expected"]
    for name in ("inputs", "documents", "events", "voided_ranges", "dead_letters", "duplicates"):
        assert first_run[name] == expected[name], name
    assert first_run["new"] == expected["records"]
    assert first_run["resumed"] == 0
    assert first_run["bigtable_rows"] == expected["keys"]
    assert first_run["tables"]["changes"] == expected["records"]
    assert first_run["tables"]["arrivals"] == expected["inputs"]
    assert first_run["tables"]["dead_letters"] == sum(expected["dead_letters"].values())
    assert first_run["views"]["history"] == expected["records"] + in_two_histories()
    assert first_run["xml_bytes"] > first_run["stored_bytes"] > 0


def test_second_run_of_the_same_input__is_a_retry_and_changes_no_view(
    generated: Path, first_run: dict[str, Any], tmp_path: Path
) -> None:
    again = backfill(generated / INPUT, tmp_path / "summary.json")
    assert again["new"] == again["resumed"] == first_run["new"]
    assert again["duplicates"] == first_run["duplicates"]
    assert again["bigtable_rows"] == first_run["bigtable_rows"]
    assert again["views"] == first_run["views"]
    assert again["bigtable_rows_before"] == first_run["bigtable_rows"] and first_run["bigtable_rows_before"] == 0


def test_the_board_of_a_stream_says_what_the_summary_says(first_run: dict[str, Any]) -> None:
    tables = Tables(query.connect(PROJECT_ID), defaults.DEFAULT_DATASET)
    seen = standing.standing(tables, datetime.now(UTC) - timedelta(hours=1))
    assert seen.arrived == first_run["views"]["unique_arrivals"]
    assert sum(seen.documents().values()) == sum(row["documents"] for row in tables.counts()) > 0
    assert standing.settled(tables)


def test_on_a_stack_that_holds_data__all_that_is_shown_is_of_the_run(first_run: dict[str, Any], tmp_path: Path) -> None:
    tables = Tables(query.connect(PROJECT_ID), defaults.DEFAULT_DATASET)
    assert figures(tables.counts_of(first_run["run"])) == figures(tables.counts()), "one run brought all there is"
    (tmp_path / "empty.xml").write_bytes(b"")
    (tmp_path / "one.xml").write_text(nfe())
    other = backfill(tmp_path, tmp_path / "summary.json")
    assert (other["new"], other["dead_letters"], other["bigtable_rows_before"]) == (
        1,
        {"empty": 1},
        first_run["bigtable_rows"],
    )
    assert sum(row["documents"] for row in tables.counts_of(other["run"])) == 1
    assert tables.dead_letters(other["run"])["empty"]["example_origin"].endswith("/empty.xml")
    assert tables.history(tables.telling_key(other["run"]) or "")[0]["origin"].endswith("/one.xml")


def figures(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted({**row, "total": float(row["total"] or 0)}.items())) for row in rows)


def test_missing_input__is_told_before_anything_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "no-such-file.zip"
    assert run.main(["--input", str(missing)]) == 2
    assert str(missing) in capsys.readouterr().err


def test_summary_in_a_folder_that_is_missing__is_told_before_anything_runs(
    generated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main(["--input", str(generated), "--summary", str(tmp_path / "no" / "s.json")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_misspelt_option__is_refused(generated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--input", str(generated), "--strickt"]) == 2
    assert "--strickt" in capsys.readouterr().err


def test_half_of_an_emulator_in_the_environment__is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST")
    assert run.main([]) == 2
    assert "BIGQUERY_EMULATOR_HOST" in capsys.readouterr().err


def test_summary_that_is_a_folder__is_told_before_anything_runs(
    generated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main(["--input", str(generated), "--summary", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert f"{tmp_path} is a folder" in told and "Backfilling" not in told
