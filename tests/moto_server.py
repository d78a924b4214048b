"""Moto as a server, for what ElasticMQ has not: it looks at who asks, and it has S3."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from local.stack.process import HOST, Process, free_port, listens


@contextlib.contextmanager
def moto(folder: Path, unchecked: int | None = None) -> Iterator[str]:
    """Its URL. ``unchecked``: how many requests are let through before credentials and rights are looked at; all where
    it is None."""
    port = free_port()
    settings = {} if unchecked is None else {"INITIAL_NO_AUTH_ACTION_COUNT": str(unchecked)}
    process = Process(
        "moto", [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)], folder / "moto.log", settings
    )
    try:
        assert process.wait_until(lambda: listens(port), 60), process.tail(40)
        yield f"http://{HOST}:{port}"
    finally:
        process.stop()
