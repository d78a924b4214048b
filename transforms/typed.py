"""How a command has to be typed in the place where this one was started, so that hints can be copied and run."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path


def typed(name: str, *arguments: str) -> str:
    """A command of the project as it runs here: ``acervo``, if this process was started so, else this Python and the
    module."""
    return shlex.join([*_program(name), *arguments])


def _program(name: str) -> list[str]:
    if Path(sys.argv[0]).name == "acervo":
        return [sys.argv[0] if os.sep in sys.argv[0] else "acervo", name]
    python = Path(sys.executable)
    # As people would write it in this folder: .venv/bin/python.
    shown = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    return [str(shown), "-m", f"pipelines.{name}"]
