"""The rebuild as it is, but that it waits, once it has filled a table of its build, to be killed."""

from __future__ import annotations

import signal
import sys
from typing import Any

from pipelines import rebuild
from transforms.views import swap

prepare = swap._prepare


def hold_at(filled: str) -> None:
    """``filled``: a table of rows that are streamed, or, as ``ready_<name>``, one of those that follow by queries."""

    def held(client: Any, build: str, name: str) -> None:
        if not filled.startswith("ready_"):
            signal.pause()
        prepare(client, build, name)
        if filled == f"ready_{name}":
            signal.pause()

    swap._prepare = held


if __name__ == "__main__":
    hold_at(sys.argv[1])
    raise SystemExit(rebuild.main(sys.argv[2:]))
