"""The project as the image has it: a wheel, installed with what it asks for in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = ("pyproject.toml", "setup.py", "pipelines", "transforms")
LOCK = ROOT / "templates" / "requirements.txt"


def build_wheel(folder: Path, **environment: str) -> Path:
    """A wheel of what the Dockerfile copies; nothing is fetched. ``environment``: variables to build it with."""
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        copied = ROOT / name
        if copied.is_dir():
            shutil.copytree(copied, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copy(copied, source / name)
    build = ("build", "--wheel", "--offline", "--no-build-isolation", "--python", sys.executable)
    _uv(*build, "--out-dir", folder, source, **environment)
    [wheel] = folder.glob("acervo-*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """A Python with the wheel and the packages that it asks for, at the versions of the image's lock.

    They come from uv's cache, which the installation of the work tree has filled, else from the package index.
    """
    environment = folder / "environment"
    _uv("venv", "--offline", "--python", sys.executable, environment)
    python = environment / "bin" / "python"
    wanted = ("--python", python, "--constraint", LOCK, wheel)
    if not _succeeds("pip", "install", "--offline", *wanted):
        _uv("pip", "install", *wanted)
    return python


def _uv(*arguments: str | Path, **environment: str) -> None:
    done = _run(*arguments, **environment)
    assert done.returncode == 0, f"uv {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}"


def _succeeds(*arguments: str | Path) -> bool:
    return _run(*arguments).returncode == 0


def _run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "uv", *map(str, arguments)]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
