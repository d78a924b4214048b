"""How far a job is, as it is told on a terminal and into a file."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from pipelines import discover, outage, progress, screen
from pipelines.outage import Outages
from transforms import metrics


def test_a_line_has_what_was_counted_in_order() -> None:
    counters = {"records_new": 1_200, "inputs": 1_500, "rows_written_a": 2, "rows_written_b": 3, "retries": 9}
    assert progress.describe(counters, 10) == "1,500 read, 1,200 new, 5 rows written, 150/s"
    assert progress.describe({}, 10) == progress.NOTHING_YET


def test_a_counter_is_added_up_in_its_process() -> None:
    before = metrics.tally()
    metrics.counter("dead_letter_<code>", "empty").inc(3)
    metrics.counter("dead_letter_<code>", "empty").inc()
    assert progress.since(before)["dead_letter_empty"] == 4


@pytest.mark.parametrize("terminal", [False, True])
def test_watching_tells_until_the_job_ends(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LIVE_SECONDS", 0.01)
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0.02)
    monkeypatch.setattr(discover, "silent", dict)
    output = io.StringIO()
    console = Console(file=output, width=120, force_terminal=terminal, color_system=None)
    watch = progress.Watch("Running stream", Outages(), total=10, reads="the queue")
    with progress.watching(console, watch):
        metrics.counter("inputs").inc(7)
        metrics.counter("subscription_reads").inc()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not ("7 read" in output.getvalue() and "Ready" in output.getvalue()):
            time.sleep(0.01)
    text = output.getvalue()
    assert text.count("Ready: the queue is being read") == 1
    assert "Running stream" in text and "7 read" in text
    assert terminal or "(of 10 inputs)" in text


def test_what_fails_in_telling_ends_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LIVE_SECONDS", 0.01)
    monkeypatch.setattr(discover, "silent", lambda: 1 / 0)
    with progress.watching(Console(file=io.StringIO()), progress.Watch("Running", Outages())):
        time.sleep(0.05)


def test_an_outage_is_told_once_with_its_end_and_that_the_stack_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = {"BIGTABLE_EMULATOR_HOST": "127.0.0.1:8086"}
    outages = Outages(lambda: "table acervo does not exist", "acervo tables")
    monkeypatch.setattr(discover, "silent", lambda: silent)
    [gone] = outages.look()
    assert "No answer from Bigtable (127.0.0.1:8086)" in gone and "waits" in gone
    assert outages.look() == []
    assert outages.waiting.startswith("waiting for Bigtable since ")
    silent = {}
    back, empty = outages.look()
    assert "Answering again" in back and back.endswith("Bigtable.")
    assert "is empty" in empty and "acervo tables" in empty and "table acervo does not exist" in empty
    assert (outages.look(), outages.waiting) == ([], "")


def test_every_emulator_has_a_name_for_people() -> None:
    assert set(outage.SERVICES) == set(discover.VARIABLES)


def test_nothing_into_a_pipe_ends_in_blanks() -> None:
    output = io.StringIO()
    console = screen.console(output)
    table = screen.plain_table("Read", ("what", "left"), ("number", "left"))
    table.add_row("inputs", "3")
    console.print(table)
    console.print("a  ", end="")
    assert [line for line in output.getvalue().splitlines() if line != line.rstrip()] == ["a  "]
    assert "inputs" in output.getvalue()


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (26_149_323, "26.1 MB")]
)
def test_size(number: int, text: str) -> None:
    assert screen.size(number) == text
