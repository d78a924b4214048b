"""README from top to bottom, as somebody types it in a clean clone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from local.generate.__main__ import INPUT, write_set
from local.stack.discover import VARIABLES
from tests.integration.local.readme import CLOUD, NOT_WALKED, README, ROOT, commands, step_of

TEXT = README.read_text()
WALKED = [one for one in commands(TEXT) if one not in NOT_WALKED and CLOUD not in one]


def test_every_command_of_readme_is_known_to_the_walk() -> None:
    assert len(WALKED) >= 8
    for command in WALKED:
        assert step_of(command, Path("home"), Path("archive"), "3" * 44).typed


def test_every_command_of_readme_exists() -> None:
    makefiles = "".join((ROOT / name).read_text() for name in ("Makefile", "templates/gcp.mk"))
    for command in commands(TEXT):
        words = command.split()
        if words[0] == "make":
            assert re.search(rf"^{re.escape(words[1])}:", makefiles, re.MULTILINE), command
        elif "-m" in words:
            assert find_spec(words[words.index("-m") + 1]), command


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "acervo")], check=True)
    return tmp_path / "acervo"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Somebody's own files where README has them: a zip at home, and archives elsewhere."""
    write_set(tmp_path / "made", 11, 30)
    (tmp_path / "notas").mkdir()
    (tmp_path / "archive" / "2025").mkdir(parents=True)
    found = sorted(path for path in (tmp_path / "made" / INPUT).rglob("*") if path.is_file())
    with zipfile.ZipFile(tmp_path / "notas" / "2025.zip", "w") as packed:
        for path in found:
            packed.write(path, path.name)
    with tarfile.open(tmp_path / "archive" / "2025" / "a.tar.gz", "w:gz") as bundle:
        for path in found:
            bundle.add(path, path.name)
    return tmp_path


class Walk:
    """A person at a terminal in the clone; what stays up is stopped at the end."""

    def __init__(self, clone: Path, log: Path) -> None:
        self._clone = clone
        self._log = log
        # Not the settings of whoever runs the tests, nor make's of a make above.
        left = (*VARIABLES, "GOOGLE_CLOUD_PROJECT", "ACERVO_STACK_FILE", "MAKEFLAGS", "MAKELEVEL", "VIRTUAL_ENV")
        self._env = {name: value for name, value in os.environ.items() if name not in left}
        self._up: list[subprocess.Popen[bytes]] = []

    def run(self, typed: str) -> str:
        """What a command shows. It must succeed."""
        done = subprocess.run(typed, shell=True, cwd=self._clone, env=self._env, capture_output=True, text=True)
        assert done.returncode == 0, f"{typed}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, typed: str, until: str) -> None:
        """Starts what stays up, and waits for it to show a text."""
        with self._log.open("wb") as out:
            self._up.append(
                subprocess.Popen(
                    typed, shell=True, cwd=self._clone, env=self._env, stdout=out, stderr=out, start_new_session=True
                )
            )
        for _ in range(600):
            if until in self._log.read_text():
                return
            assert self._up[-1].poll() is None, self._log.read_text()
            time.sleep(0.2)
        raise AssertionError(f"{typed} never showed {until!r}: {self._log.read_text()}")

    def end(self) -> None:
        for one in self._up:
            os.killpg(one.pid, signal.SIGINT)
            one.wait(60)


@pytest.fixture
def walk(clone: Path, tmp_path: Path) -> Iterator[Walk]:
    found = Walk(clone, tmp_path / "stack.log")
    yield found
    found.end()


@pytest.mark.long
def test_readme_from_top_to_bottom(walk: Walk, files: Path) -> None:
    key = "unknown"
    for command in WALKED:
        if "<access key>" in command:
            sql = "SELECT access_key FROM document_state WHERE LENGTH(access_key) = 44 ORDER BY access_key LIMIT 1"
            key = json.loads(walk.run(f'.venv/bin/python -m pipelines.query --json "{sql}"'))[0]["access_key"]
        step = step_of(command, files, files / "archive", key)
        if step.background:
            walk.start(step.typed, step.shows)
        else:
            assert step.shows in walk.run(step.typed), command
