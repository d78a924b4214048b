"""``acervo tags``: texts of stored XML that no column holds, a row per record of the selected keys."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from local.stack import Stack
from pipelines import tags
from pipelines.discover import LOCAL_PROJECT
from tests.integration.jobs.stores import NewStores


def test_three_tags_of_a_state_are_written_for_each_of_its_records(
    new_stores: NewStores, few_documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores = new_stores()
    stores.backfill(few_documents)
    capsys.readouterr()
    arguments = ["--project", LOCAL_PROJECT, "--bigtable_table", stores.name]
    out = tmp_path / "found.jsonl"
    asked = "ide/indFinal,ide/cNF,det/@nItem"
    assert tags.main([asked, "--states", "SP", "--out", str(out), *arguments]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {row["access_key"][:2] for row in rows if row["kind"] != "voided_range"} == {"35"}
    notes = [row for row in rows if row["layout"] == "nfe" and row["ide/cNF"]]
    assert notes
    for row in notes:
        assert re.fullmatch(r"\d{8}", row["ide/cNF"][0]) and row["ide/cNF"][0] == row["access_key"][35:43]
        assert row["det/@nItem"] == [str(number + 1) for number in range(len(row["det/@nItem"]))]
    key = notes[0]["access_key"]
    table = tmp_path / "found.csv"
    assert tags.main(["ide/cNF", "--keys", key, "--out", str(table), *arguments]) == 0
    read = list(csv.DictReader(table.open()))
    assert {row["access_key"] for row in read} == {key} and json.loads(read[0]["ide/cNF"]) == notes[0]["ide/cNF"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["ide/indPres"], "select keys"),
        ([",", "--states", "SP"], "name a tag"),
        (["ide/*", "--states", "SP"], "names no tag"),
        (["ide/cNF", "--states", "XX"], "XX"),
        (["ide/cNF", "--keys", "123"], "123"),
    ],
)
def test_what_cannot_be_asked_is_said(
    running_stack: Stack, given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tags.main([*given, "--project", LOCAL_PROJECT]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") and said in told and "Traceback" not in told
