"""Redrive against the real emulators: what was dead becomes what it would have been, once, however often it is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import apache_beam as beam
import orjson
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_pipeline import TestPipeline

from local.generate import documents
from local.stack.discover import LOCAL_PROJECT
from pipelines import lookup, reconcile, redrive
from tests.integration.jobs.stores import NewStores, Stores
from tests.unit.parse.samples import CNPJ, nfe
from transforms.model import DeadLetter
from transforms.truth.read import HistoryReader
from transforms.truth.transform import StoreDeadLetters


def redrive_stores(stores: Stores, *more: str) -> Counter[str]:
    result = redrive.run([*stores.arguments("-")[2:], *more])
    return Counter({c.key.metric.name: c.committed for c in result.metrics().query()["counters"]})


def open_letters(stores: Stores) -> dict[str, int]:
    return {row["code"]: row["dead_letters"] for row in stores.query("SELECT * FROM dead_letters_by_code")}


def with_a_small_odd_one(documents_of: Path, folder: Path) -> Path:
    """The documents, and one with a finding that no limit of size keeps out."""
    shutil.copytree(documents_of, folder)
    odd = next(each for each in documents(3, 60, odd_no_offset=1) if len(each.payload) < 8_000)
    (folder / "odd.xml").write_bytes(odd.payload)
    return folder


def test_dead_letters_become_what_they_would_have_been_and_nothing_doubles(
    new_stores: NewStores, few_documents: Path, tmp_path: Path
) -> None:
    straight, stores = new_stores(), new_stores()
    given = with_a_small_odd_one(few_documents, tmp_path / "given")
    straight.backfill(given)
    stores.backfill(given, "--strict", "--max_input_bytes", "8000")
    dead, of_old = open_letters(stores), open_letters(straight)
    assert dead["too_large"] > 30 and "strict_findings" in dead.keys() - of_old.keys()
    first = {row["dead_letter_id"]: row["received_at"] for row in stores.query("SELECT * FROM unique_dead_letters")}

    counters_of_first = redrive_stores(stores, "--codes", "too_large")
    assert counters_of_first["redrive_chosen"] == dead["too_large"] and counters_of_first["records_new"] > 20
    assert open_letters(stores).get("too_large", 0) == of_old.get("too_large", 0)
    assert open_letters(stores)["strict_findings"] == dead["strict_findings"], "other codes were not asked for"
    counters = redrive_stores(stores)
    assert counters["records_resumed"] == counters_of_first["records_new"], "a run's sums need all of its records"
    assert stores.content() == straight.content()
    assert stores.views() == straight.views()
    assert open_letters(stores) == of_old
    after = {row["dead_letter_id"]: row["received_at"] for row in stores.query("SELECT * FROM unique_dead_letters")}
    assert {one: after[one] for one in first} == first, "a dead letter keeps the time at which it came first"

    assert redrive_stores(stores)["records_new"] == 0
    assert stores.content() == straight.content() and stores.views() == straight.views()
    assert open_letters(stores) == of_old
    assert reconcile.main([*stores.arguments("-")[2:], "--output", str(tmp_path / "found")]) == 0


def test_documents_in_another_encoding_than_they_say_are_read_once_people_say_which(
    new_stores: NewStores, tmp_path: Path
) -> None:
    document = nfe(emit=f"<CNPJ>{CNPJ}</CNPJ><xNome>Padaria São João</xNome>")
    (tmp_path / "latin1.xml").write_bytes(document.encode("latin-1"))
    stores, told = new_stores(), new_stores()
    stores.backfill(tmp_path)
    assert open_letters(stores) == {"wrong_encoding": 1}
    assert redrive_stores(stores, "--fallback_encoding", "windows-1252")["records_new"] == 1
    assert open_letters(stores) == {}
    told.backfill(tmp_path, "--fallback_encoding", "iso-8859-1")
    for name in (stores.name, told.name):
        [found] = stores.query(f"SELECT issuer_name, findings FROM `{name}`.unique_documents")
        assert found == {"issuer_name": "Padaria São João", "findings": ["encoding_mismatch"]}


def letters_of(stores: Stores) -> list[dict[str, Any]]:
    query = "SELECT * EXCEPT (payload) FROM unique_dead_letters WHERE code = 'too_large' ORDER BY origin"
    return stores.query(query)


def spread_over_time(files: Path, target: Path) -> Path:
    """A copy whose files came an hour apart: a letter is received when its file was."""
    shutil.copytree(files, target)
    for hour, file in enumerate(sorted(path for path in target.rglob("*") if path.is_file())):
        os.utime(file, (file.stat().st_atime, 1_750_000_000 + hour * 3_600))
    return target


def test_letters_are_chosen_by_time_and_by_origin(new_stores: NewStores, few_documents: Path, tmp_path: Path) -> None:
    stores = new_stores()
    stores.backfill(spread_over_time(few_documents, tmp_path / "files"), "--max_input_bytes", "8000")
    letters = letters_of(stores)
    file = letters[0]["origin"]
    instants = sorted({letter["received_at"] for letter in letters if letter["origin"] != file})
    middle: datetime = instants[len(instants) // 2]
    choices: dict[tuple[str, ...], Callable[[dict[str, Any]], bool]] = {
        ("--origin_prefix", file): lambda letter: letter["origin"].startswith(file),
        ("--since", middle.isoformat()): lambda letter: letter["received_at"] >= middle,
        ("--until", middle.isoformat()): lambda letter: letter["received_at"] < middle,
    }
    # One file is too large for any limit: read in full, it is another dead letter, and that one stays.
    hopeless: set[str] = set()
    for arguments, takes in choices.items():
        before = {one["dead_letter_id"]: one for one in letters_of(stores) if not one["redriven_at"]}
        wanted = {name for name, letter in before.items() if takes(letter)}
        counters = redrive_stores(stores, "--codes", "too_large", *arguments)
        assert counters["redrive_chosen"] == len(wanted) > 0
        after = {one["dead_letter_id"] for one in letters_of(stores) if not one["redriven_at"]}
        assert before.keys() - after == wanted - hopeless
        hopeless |= after - before.keys()
    assert after == hopeless and len(hopeless) == 1


@pytest.mark.parametrize("step", [pytest.param("_judge", marks=pytest.mark.long), "rows_of_redriven"])
def test_what_breaks_between_writing_and_marking_is_finished_by_the_next_redrive(
    new_stores: NewStores, few_documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """``_judge`` comes after the records and before the marks, ``rows_of_redriven`` between both kinds of marks."""
    straight, stores = new_stores(), new_stores()
    straight.backfill(few_documents)
    stores.backfill(few_documents, "--max_input_bytes", "8000")

    def crash(*_: object) -> None:
        raise RuntimeError("pulled the plug")

    with monkeypatch.context() as broken:
        broken.setattr(redrive, step, crash)
        with pytest.raises(RuntimeError, match="pulled the plug"):
            redrive_stores(stores)
    assert stores.content() == straight.content(), "it broke too early to tell anything"
    assert not [one for one in letters_of(stores) if one["redriven_at"]]

    counters = redrive_stores(stores)
    assert counters["records_new"] == 0 and counters["records_resumed"] > 0
    assert stores.content() == straight.content() and stores.views() == straight.views()
    assert open_letters(stores) == open_letters(straight)
    assert reconcile.main([*stores.arguments("-")[2:], "--output", str(tmp_path / "found")]) == 0


@pytest.mark.long
def test_killed_at_several_points_and_run_again_equals_one_clean_run(
    new_stores: NewStores, few_documents: Path
) -> None:
    straight, stores = new_stores(), new_stores()
    straight.backfill(few_documents)
    stores.backfill(few_documents, "--max_input_bytes", "8000")
    begun, total = len(stores.content()), len(straight.content())
    cut_off = 0
    for point in (begun, (begun + total) // 2, total - 1):
        command = [sys.executable, "-m", "pipelines.redrive", *stores.arguments("-")[2:]]
        job = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while job.poll() is None and len(stores.content()) <= point:
            time.sleep(0.02)
        job.kill()
        cut_off += job.wait() != 0
    assert cut_off >= 2
    redrive_stores(stores)
    assert stores.content() == straight.content() and stores.views() == straight.views()
    assert open_letters(stores) == open_letters(straight)


def test_what_was_cut_and_is_in_no_file_stays_dead_and_is_told(
    new_stores: NewStores, capfd: pytest.CaptureFixture[str]
) -> None:
    stores = new_stores()
    cut = DeadLetter("too_large", "it was cut", "parse", "postgres:public.docs/1", b"<a>", 77, 30_000_000, True)
    none = DeadLetter("empty", "it is NULL", "ingest", "postgres:public.docs/2", b"", 77, 0)
    with TestPipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        _ = pipeline | beam.Create([cut, none]) | StoreDeadLetters(stores.truth, "extract", "extract/1")
    assert redrive.main([*stores.arguments("-")[2:], "--summary", "-"]) == 0
    said = capfd.readouterr()
    counters = orjson.loads(said.out)["counters"]
    assert counters["redrive_chosen"] == counters["redrive_skipped"] == 2
    assert "cannot be read again" in said.err
    reader = HistoryReader(stores.truth)
    found = list(reader.dead_letters())
    reader.close()
    assert {(one.letter.received_at, one.redrive and one.redrive.state) for one in found} == {(77, "failed")}
    places = ["--project", LOCAL_PROJECT, "--bigtable_table", stores.name]
    assert lookup.main([found[0].dead_letter_id, *places]) == 0
    assert "redrive" in (told := capfd.readouterr().out) and "dead again" in told


def test_an_instant_is_taken_to_the_micro() -> None:
    options = PipelineOptions(["--since", "2026-01-31T12:00:00.000001", "--until", "2026-01-31T12:00:00.999999-03:00"])
    choice = redrive.choice_of(options)
    assert (choice.since, choice.until) == (1_769_860_800_000_001, 1_769_871_600_999_999)


def test_an_instant_that_is_none_is_told(new_stores: NewStores, capfd: pytest.CaptureFixture[str]) -> None:
    assert redrive.main([*new_stores().arguments("-")[2:], "--since", "yesterday"]) == 2
    assert "--since yesterday" in capfd.readouterr().err
