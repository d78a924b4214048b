"""What benchmarks found, kept as dated JSON with the machine that it was found on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import orjson

FOLDER = Path(__file__).parent / "results"


class Figure(NamedTuple):
    """One line of the table in the README: what was measured, the figure, what it is held against, and the goal."""

    what: str
    figure: str
    beside: str = ""
    goal: str = ""


def keep(name: str, found: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Writes ``<name>-<date>.json``; returns its path."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{today}.json"
    values = {"date": today, "machine": machine(), **found}
    path.write_bytes(orjson.dumps(values, option=orjson.OPT_INDENT_2) + b"\n")
    return path


def newest(name: str, folder: Path = FOLDER) -> dict[str, Any] | None:
    """The last result of a benchmark, None where there is none."""
    paths = sorted(folder.glob(f"{name}-[0-9]*.json"))
    return dict(orjson.loads(paths[-1].read_bytes())) if paths else None


def machine() -> dict[str, Any]:
    """What a figure was measured on."""
    model = next(
        (line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")), platform.processor()
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "beam": version("apache-beam"),
        "lxml": version("lxml"),
        "malloc": {name: value for name, value in os.environ.items() if name.startswith("MALLOC_")},
    }


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
