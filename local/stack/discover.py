"""How the stack that ``make stack`` keeps up announces itself; ``pipelines.discover`` is how commands find it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pipelines.discover import (
    LOCAL_BROKER,
    LOCAL_PROJECT,
    LOCAL_QUEUES,
    STATE_FILE,
    STORES,
    VARIABLES,
    adopt,
    emulated,
    read_state,
    running,
    silent,
    unreachable,
)

__all__ = [
    "LOCAL_BROKER",
    "LOCAL_PROJECT",
    "LOCAL_QUEUES",
    "STORES",
    "VARIABLES",
    "adopt",
    "emulated",
    "remove_state",
    "running",
    "silent",
    "state_file",
    "unreachable",
    "write_state",
]


def state_file() -> Path:
    """Where a stack of this work tree announces itself, wherever it is started."""
    given = os.environ.get("ACERVO_STACK_FILE")
    return Path(given) if given else Path(__file__).resolve().parents[2] / STATE_FILE


def write_state(environment: Mapping[str, str]) -> None:
    """Announces a stack of this process."""
    path = state_file()
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(json.dumps({"pid": os.getpid(), "environment": dict(environment)}, indent=2) + "\n")
    partial.replace(path)


def remove_state() -> None:
    """Withdraws what this process announced; another stack's file stays."""
    if read_state().get("pid") == os.getpid():
        state_file().unlink(missing_ok=True)
