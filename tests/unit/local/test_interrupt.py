"""Ctrl-C while a command still imports what it needs, which takes some seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

# A process whose next import is interrupted.
SETUP = """
import os, signal, sys
class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name in ("apache_beam", "orjson", "google.cloud.bigquery"):
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupted())
import runpy
sys.argv[1:] = {arguments!r}
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = SETUP.format(module=module, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


@pytest.mark.parametrize("command", [["pipelines", "backfill"], ["pipelines.backfill"], ["pipelines.query", "S"]])
def test_is_told_in_a_word(command: list[str]) -> None:
    ended = run(*command)
    assert (ended.stdout, ended.stderr) == ("", "Interrupted.\n")
    assert ended.returncode == 130


def test_is_told_in_a_word_by_commands_of_the_workshop() -> None:
    code = "import local, os, signal; os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(5)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "Interrupted.\n", -2)


def test_importing_the_product_changes_nothing_of_the_process() -> None:
    code = (
        "import sys; before = sys.excepthook, sys.displayhook, set(sys.modules); import pipelines, transforms; "
        "assert before[:2] == (sys.excepthook, sys.displayhook); "
        "assert set(sys.modules) - before[2] == {'pipelines', 'transforms'}; 1 / 0"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ZeroDivisionError" in ended.stderr and ended.returncode == 1
