"""The project as the image has it: a wheel, installed in an environment that has nothing of the work tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOURCES = ("pyproject.toml", "setup.py", "pipelines", "transforms")


def build_wheel(folder: Path) -> Path:
    """A wheel of what the Dockerfile copies; nothing is fetched."""
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        copied = ROOT / name
        if copied.is_dir():
            shutil.copytree(copied, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(copied, source / name)
    build = ("build", "--wheel", "--offline", "--no-build-isolation", "--python", sys.executable)
    _uv(*build, "--out-dir", folder, source)
    [wheel] = folder.glob("acervo-*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """A Python with the wheel and, behind it, the packages that this one has: those of the lock, not installed anew."""
    environment = folder / "environment"
    _uv("venv", "--offline", "--python", sys.executable, environment)
    python = environment / "bin" / "python"
    _uv("pip", "install", "--offline", "--no-index", "--no-deps", "--python", python, wheel)
    [packages] = (environment / "lib").glob("python*/site-packages")
    # After the environment's own: a copy of the project among them would not be found first.
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


def _uv(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "uv", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
