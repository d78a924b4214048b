"""Reading a table by a pipeline, and noting what comes out of it."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import apache_beam as beam

from transforms.ingest.postgres.source import PostgresSource
from transforms.ingest.postgres.transform import ReadFromPostgres
from transforms.model import RawDocument

ROWS = 6000


def read(pipeline: beam.Pipeline, source: PostgresSource) -> Any:
    return pipeline | ReadFromPostgres(source)


class Note(beam.DoFn):
    """Writes the origins that one bundle saw to a file, as a worker in another process has no other way to tell.

    ``slow_until``: a file; until it is there, every fifty documents take their time.
    """

    def __init__(self, folder: str, slow_until: str = "") -> None:
        self.folder = folder
        self.slow_until = slow_until

    def start_bundle(self) -> None:
        self.lines: list[str] = []

    def process(self, document: RawDocument) -> None:
        self.lines.append(document.origin.rpartition("/")[2])
        if self.slow_until and len(self.lines) % 50 == 0 and not Path(self.slow_until).exists():
            time.sleep(0.2)

    def finish_bundle(self) -> None:
        name = Path(self.folder) / f"{random.SystemRandom().getrandbits(64):x}"
        name.write_text("\n".join(self.lines))


def noted(folder: Path) -> Counter[int]:
    return Counter(int(line) for file in folder.iterdir() for line in file.read_text().split())


def once(last: int = ROWS) -> Counter[int]:
    return Counter(range(1, last + 1))
