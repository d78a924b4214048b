"""The import contracts of ``make lint`` hold, and each of them fails when it is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)


def test_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("transforms/model.py", "import pipelines.defaults", "never the other way round"),
        ("pipelines/defaults.py", "import local.stack", "never the other way round"),
        ("transforms/history/fold.py", "import transforms.truth.rows", "none is in a circle"),
        ("transforms/parse/values.py", "import apache_beam", "Beam is known to"),
        ("transforms/parse/values.py", "from google.cloud import bigquery", "Google's clients are known"),
    ],
)
def test_a_violation_fails(tmp_path: Path, module: str, line: str, contract: str) -> None:
    for name in ("pipelines", "transforms", "local"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    broken = tmp_path / module
    broken.write_text(f"{broken.read_text()}\n{line}\n")
    done = lint(tmp_path)
    told = [text for text in done.stdout.splitlines() if contract in text and "BROKEN" in text]
    assert done.returncode == 1 and told, done.stdout
