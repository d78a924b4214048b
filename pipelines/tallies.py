"""What is counted in the processes of one job on this machine, while it runs: each writes its counters into a file."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from transforms import metrics

# Names the folder, for the processes that a job starts.
FOLDER = "ACERVO_TALLIES"
_EVERY_SECONDS = 1.0


@contextmanager
def shared() -> Iterator[None]:
    """Processes that are started within the block write their counters where ``tally`` finds them."""
    with tempfile.TemporaryDirectory(prefix="acervo-tallies-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


def tally() -> dict[str, int]:
    """Counters of this process and of those it started for a job, by full name."""
    found = Counter(metrics.tally())
    if FOLDER in os.environ:
        for file in Path(os.environ[FOLDER]).glob("*.json"):
            with suppress(OSError):
                found.update(orjson.loads(file.read_bytes()))
    return dict(found)


def write_below(parent: int) -> None:
    """Writes the counters of this process every second, as long as it is a child of that process."""
    file = Path(os.environ[FOLDER], f"{os.getpid()}.json")
    written: dict[str, int] = {}
    while os.getppid() == parent:
        time.sleep(_EVERY_SECONDS)
        now = metrics.tally()
        if now != written:
            # The folder goes with the job, which may be a moment before its processes do.
            with suppress(OSError):
                _replace(file, orjson.dumps(now))
            written = now


def _replace(file: Path, content: bytes) -> None:
    """A reader sees the old content or the new."""
    beside = file.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(file)
