"""Ctrl-C while a command still imports what it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

RAISE = "import {package}, os, signal; os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(5)"


@pytest.mark.parametrize("package", ["local", "pipelines"])
def test_is_told_in_a_word_and_ends_the_process_as_it_does_any(package: str) -> None:
    ended = subprocess.run([sys.executable, "-c", RAISE.format(package=package)], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr) == ("", "Interrupted.\n")
    assert ended.returncode == -2


def test_other_errors_keep_their_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", "import pipelines; 1 / 0"], capture_output=True, text=True)
    assert "ZeroDivisionError" in ended.stderr and ended.returncode == 1
