"""What the live view of a stream says."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from local import board, live
from pipelines.standing import Rate, Standing

SEEN = Standing(
    {"new": 1_200, "duplicate": 30, "dead": 4},
    [
        {"model": "55", "status": "authorised", "documents": 1_000},
        {"model": "55", "status": "cancelled", "documents": 20},
        {"model": "57", "status": "authorised", "documents": 180},
        {"model": "58", "status": "closed", "documents": 0},
    ],
    (0.25, 1.5),
)


def test_a_line_tells_what_arrived_how_fast_and_how_late() -> None:
    said = board.line(1_240, SEEN, 9.7)
    assert said == ("1,240 published, 1,234 arrived (1,200 new, 30 duplicate, 4 dead), 10/s, lag 0.2 s (99%: 1.5 s)")
    assert board.line(0, Standing({}, [], None), 0) == "0 published, 0 arrived, 0/s"


def test_counts_by_status_without_those_that_are_nothing() -> None:
    assert board.counted_line(SEEN) == "counted: 1,180 authorised, 20 cancelled"
    assert board.counted_line(Standing({}, [], None)) == "counted: nothing yet"


def test_the_board_has_a_row_for_each_model_and_their_sum() -> None:
    console = Console(file=io.StringIO(), width=120, highlight=False)
    console.print(board.board(75, 1_240, SEEN, 9.7))
    output = console.file
    assert isinstance(output, io.StringIO)
    rows = {row.split("  ")[0]: row.split() for row in output.getvalue().splitlines() if row}
    assert rows["01:15"][1:3] == ["1,240", "published,"]
    assert rows["NF-e"] == ["NF-e", "1,000", "20", "1,020"]
    assert rows["CT-e"] == ["CT-e", "180", "180"]
    assert rows["all"] == ["all", "1,180", "20", "1,200"]
    assert "MDF-e" not in rows


def test_the_rate_is_that_of_the_last_while() -> None:
    rate = Rate()
    assert rate.of(0, 0) == 0
    assert rate.of(10, 100) == 10
    for second in range(11, 60):
        found = rate.of(second, 100 + 50 * (second - 10))
    assert found == 50


def test_without_prism_the_old_runner_is_taken_and_its_faults_are_told() -> None:
    assert live.runner_arguments(None) == ["--runner", "BundleBasedDirectRunner"]
    assert live.runner_arguments(Path("/p/prism"))[-2:] == ["--prism_location", "/p/prism"]
    for fault in ("acknowledges messages before", "drops", "stalls"):
        assert fault in live.NO_PRISM


@pytest.mark.parametrize("wrong", [["--rate", "0"], ["--seconds", "-1"]])
def test_options_that_make_no_sense_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        live.parse(wrong)
