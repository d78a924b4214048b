"""The live view of a stream, as ``make stream`` starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.bench.processes import below
from local.stack import discover, find
from local.stack.process import PROJECT
from tests.processes import alive, eventually, needs_pubsub


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment that names no emulator: a stack of its own is started."""
    needs_pubsub()
    own = {name: value for name, value in os.environ.items() if name not in discover.VARIABLES}
    return own | {"ACERVO_STACK_FILE": str(tmp_path / "no-stack.json")}


def live(environment: dict[str, str], logs: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", "-m", "local.live", "--logs", str(logs), *more]
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def lines(process: subprocess.Popen[str], seconds: float) -> Iterator[str]:
    """What it prints; it is killed when it takes longer."""
    assert process.stdout is not None
    impatience = threading.Timer(seconds, process.kill)
    impatience.start()
    try:
        yield from process.stdout
    finally:
        impatience.cancel()


@pytest.mark.slow
def test_live_counts_until_ctrl_c_which_leaves_nothing_behind(environment: dict[str, str], tmp_path: Path) -> None:
    if find.prism() is None:
        pytest.skip("Prism is not there: make prism")
    process = live(environment, tmp_path, "--seed", "3")
    said: list[str] = []
    processes: list[int] = []
    for text in lines(process, 600):
        said.append(text)
        if not processes and "counted: " in text and "authorised" in text:
            processes = below(process.pid)
            process.send_signal(signal.SIGINT)
    assert process.wait(120) == 0, "".join(said)
    assert "the live counts are what the changes say" in said[-1]
    assert len(processes) >= 5, "three emulators, the job and Prism"
    assert eventually(lambda: not any(map(alive, processes)))


def test_a_job_that_cannot_start_ends_the_view_and_says_why(environment: dict[str, str], tmp_path: Path) -> None:
    process = live(environment, tmp_path, "--strickt")
    said = "".join(lines(process, 600))
    assert process.wait(120) == 2
    assert "the stream ended by itself" in said and "unknown option --strickt" in said
