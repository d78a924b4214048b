"""What make would have gcloud do."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def make(*targets: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Make takes variables from its environment too, where others use the same names: there is nothing but PATH."""
    given = [f"{name}={value}" for name, value in variables.items()]
    command = ["make", "-n", "--no-print-directory", *targets, *given]
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def gcloud(*targets: str, **variables: str) -> list[str]:
    """The words of the one gcloud line that the targets hold."""
    done = make(*targets, **variables)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.replace("\\\n", " ").splitlines()
    found = [line for line in lines if line.startswith("gcloud ")]
    assert len(found) == 1, done.stdout
    return shlex.split(found[0])


def parameters(words: list[str]) -> dict[str, str]:
    given = [word.removeprefix("--parameters=^~^") for word in words if word.startswith("--parameters=")]
    return dict(parameter.split("=", 1) for parameter in given)
