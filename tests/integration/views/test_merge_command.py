"""``acervo merge`` as people and schedulers run it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from local.stack import PROJECT_ID
from pipelines import merge as command
from tests import views_world as world
from tests.integration.views.dataset import Dataset
from tests.integration.views.test_closing import slots
from tests.integration.views.test_merge import rows, stream

Make = Callable[..., Dataset]
VIEWS = ("document_state", "counts_total")


def arguments(dataset: Dataset, *more: str) -> list[str]:
    return ["--project", PROJECT_ID, "--dataset", dataset.name, *more]


def answers(dataset: Dataset) -> list[list[str]]:
    return [sorted(map(repr, dataset.emulated(f"SELECT * FROM {view}"))) for view in VIEWS]


def test_it_tells_what_it_did_and_run_again_that_there_was_nothing(
    make_dataset: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_dataset()
    applied = stream()
    dataset.write([*rows(applied), *slots(applied, 5)])
    before = answers(dataset)
    assert command.main(arguments(dataset)) == 0
    states, counts = capsys.readouterr().out.splitlines()
    keys = dataset.emulated("SELECT COUNT(*) AS n FROM states")[0]["n"]
    sums = dataset.emulated("SELECT COUNT(*) AS n FROM closed_counts")[0]["n"]
    assert states.startswith(f"{keys:,} states added or changed, by 1 statements; merged until 20")
    assert counts.startswith(f"{sums:,} sums of counts added or taken away; days are closed before 20")
    assert keys > 50 and sums > 50 and answers(dataset) == before
    assert command.main(arguments(dataset, "--lang", "pt")) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("0 somas de contagens")
    assert answers(dataset) == before


def test_a_dataset_that_is_not_there_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--project", PROJECT_ID, "--dataset", "nowhere"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("error: ") and "nowhere" in said.err
    assert "Traceback" not in said.err


def test_its_help_says_how_often_to_run_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--help"])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "once a day" in said and "--dataset" in said


@pytest.mark.slow
def test_killed_while_it_runs_and_run_again(make_dataset: Make) -> None:
    dataset = make_dataset()
    applied = stream()
    dataset.write([*rows(applied), *slots(applied, 5)])
    before = answers(dataset)
    started = [sys.executable, "-m", "pipelines.merge", *arguments(dataset)]
    began = time.monotonic()
    assert subprocess.run(started, check=False, env=os.environ, capture_output=True).returncode == 0
    whole = time.monotonic() - began
    for part in (0.6, 0.9):
        dataset.write(rows(world.applied([world.event(world.key_of(number=round(part * 100)), "e", "110110")])))
        before = answers(dataset)
        job = subprocess.Popen(started, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * part)
        job.kill()
        job.wait()
        assert answers(dataset) == before, part
    assert command.main(arguments(dataset)) == 0
    assert answers(dataset) == before
