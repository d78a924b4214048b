"""What jobs say at their end."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from rich.console import Console

from pipelines import command, job_ends, legend, summary
from pipelines.summary import Ended
from transforms import metrics

COUNTERS = {
    "files_read": 2,
    "inputs": 7,
    "documents": 4,
    "events": 1,
    "records_new": 2,
    "records_resumed": 1,
    "records_duplicate": 2,
    "dead_letters": 2,
    "dead_letter_empty": 1,
    "dead_letter_not_xml": 1,
}


def text_of(ended: Ended, width: int = 120) -> str:
    output = io.StringIO()
    summary.show(Console(file=output, width=width, highlight=False), ended, lambda *parts: " ".join(("acervo", *parts)))
    return output.getvalue()


def ended(job: str, counters: dict[str, int], **more: object) -> Ended:
    return Ended(job, f"{job}-1", f"{job}/2026", 2.0, counters, **more)


def test_every_job_tells_its_end_and_its_counters_are_in_the_catalogue() -> None:
    assert set(job_ends.JOBS) == set(command.GROUPS["Jobs"])
    for job in job_ends.JOBS.values():
        names = [line.counter for line in job.lines]
        names += [name for one in job.nexts for name in (one.when, one.unless) if name]
        assert set(names) <= set(metrics.CATALOGUE)
        assert {one.command[0] for one in job.nexts} <= set(command.COMMANDS)


@pytest.mark.parametrize("width", [80, 140])
def test_what_was_read_what_became_of_it_and_what_to_do(width: int) -> None:
    text = text_of(ended("backfill", COUNTERS, where={"project": "p", "bigtable_table": "t", "dataset": "d"}), width)
    assert text.startswith("\nbackfill, run backfill-1: done in 2.0 s\nfiles")
    rows = {row.split("  ")[0]: row.split() for row in text.splitlines() if row and not row.startswith(" ")}
    assert rows["inputs"][:3] == ["inputs", "7", "4"] and rows["new"][1] == "3" and rows["duplicate"][1] == "2"
    assert rows["empty"][1] == "1" and "no bytes" in text
    assert "    acervo redrive --project=p --bigtable_table=t --dataset=d --codes empty,not_xml\n" in text
    assert "    acervo query --project=p --dataset=d SELECT * FROM dead_letters_by_code\n" in text
    assert "Not as it must be" not in text
    assert "Not as it must be: 8 inputs were read" in text_of(ended("backfill", {**COUNTERS, "inputs": 8}))


def test_without_dead_letters_none_is_mentioned() -> None:
    text = text_of(ended("extract", {"postgres_rows": 3, "inputs": 3, "documents": 3, "records_new": 3}))
    assert "redrive" not in text and "Dead letters by reason" not in text


def test_a_redrive_tells_its_own_from_earlier_ones() -> None:
    counters = {"redrive_chosen": 2, "redrive_again": 5, "inputs": 7, "documents": 7, "records_new": 2}
    text = text_of(ended("redrive", {**counters, "records_resumed": 5, "redrive_refused_rows": 1}))
    for said in ("dead letters taken", "of earlier redrives", "of these 5 by earlier redrives", "acervo rebuild"):
        assert said in text
    assert "of earlier redrives" not in text_of(ended("redrive", {"redrive_chosen": 2}))


def test_a_rebuild_tells_what_differed_by_table_or_that_nothing_did() -> None:
    text = text_of(ended("rebuild", {"histories_read": 4, "rows_added_events": 3, "rows_removed_changes": 1}))
    assert "added to events" in text and "removed from changes" in text and "nothing was changed" not in text
    assert "nothing was changed" in text_of(ended("rebuild", {"histories_read": 4, "rows_added_events": 0}))


def test_a_refold_that_rewrote_changes_asks_for_a_rebuild() -> None:
    assert "acervo rebuild" in text_of(ended("refold", {"changes_refolded": 1}))
    assert "acervo reconcile" in text_of(ended("refold", {"states_refolded": 1}))


def test_a_job_that_was_stopped_tells_how_far_it_came() -> None:
    text = text_of(ended("backfill", {"inputs": 3}, stopped=True))
    assert "stopped after 2.0 s" in text and "What next" not in text and "Not as it must be" not in text
    assert "What next" in text_of(ended("stream", {"messages_received": 3}, stopped=True)), "streams end no other way"


def test_json_has_names_inputs_and_counters() -> None:
    found = summary.as_json(ended("backfill", COUNTERS))
    assert (found["job"], found["run"], found["wall_seconds"]) == ("backfill", "backfill-1", 2.0)
    assert found["inputs"] == 7 and found["dead_letters"] == {"empty": 1, "not_xml": 1}
    assert found["counters"] == COUNTERS
    assert "inputs" not in summary.as_json(ended("refold", {"histories_read": 1, "states_refolded": 0}))


@pytest.mark.parametrize(
    ("code", "words"), [(135, "135 event registered"), ("204", "204 rejected"), (None, ""), ("", ""), (103, "103")]
)
def test_an_answer_is_told_in_words(code: int | str | None, words: str) -> None:
    assert legend.answer(code) == words


def test_a_change_says_whether_it_was_one() -> None:
    assert legend.change(1, None, "authorised") == "record 1 to come: authorised"
    assert legend.change(2, "authorised", "cancelled") == "record 2 to come: authorised -> cancelled"
    assert legend.change(3, "cancelled", "cancelled") == "record 3 to come: still cancelled"


def test_an_instant_is_told_in_utc_and_by_the_clock_here(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    instant = datetime.fromisoformat("2026-03-02T01:30:00+00:00")
    for zone, told in (
        ("UTC", "2026-03-02 01:30:00Z"),
        ("America/Sao_Paulo", "2026-03-02 01:30:00Z (2026-03-01 22:30:00 -03:00)"),
        ("Asia/Kolkata", "2026-03-02 01:30:00Z (07:00:00 +05:30)"),
    ):
        with monkeypatch.context() as here:
            here.setenv("TZ", zone)
            time.tzset()
            assert legend.moment(instant) == told
    time.tzset()
    assert legend.moment_of_text("2026-03-01T22:30:00-03:00") == "2026-03-01T22:30:00-03:00 (2026-03-02 01:30:00Z)"
    assert legend.moment_of_text("yesterday") == "yesterday"
