"""Where the source of truth is, and the limits of a process."""

from __future__ import annotations

import os
from dataclasses import dataclass

EMULATOR_VARIABLE = "BIGTABLE_EMULATOR_HOST"


@dataclass(frozen=True)
class TruthConfig:
    """Location of the tables and the limits of one process; cheap to pickle, equal when equal.

    ``table`` is the table of records, ``<table>_dead_letters`` that of dead letters. ``app_profile`` must route to
    a single cluster and allow single-row transactions. ``max_in_flight`` records and ``max_bytes_in_flight`` bytes
    may be on their way at once in a process. A call is tried ``attempts`` times, each for at most
    ``deadline_seconds``, with pauses that double from ``backoff_seconds`` up to ``max_backoff_seconds``:
    all attempts together take some four minutes.
    """

    project: str
    instance: str
    table: str = "acervo"
    app_profile: str = "default"
    max_in_flight: int = 512
    max_bytes_in_flight: int = 64_000_000
    attempts: int = 40
    deadline_seconds: float = 20.0
    backoff_seconds: float = 0.05
    max_backoff_seconds: float = 10.0

    @property
    def instance_name(self) -> str:
        """Full resource name of the instance."""
        return f"projects/{self.project}/instances/{self.instance}"

    @property
    def records_table(self) -> str:
        """Full resource name of the table of records."""
        return f"{self.instance_name}/tables/{self.table}"

    @property
    def dead_letters_table(self) -> str:
        """Full resource name of the table of dead letters."""
        return f"{self.records_table}_dead_letters"


def emulator_host() -> str | None:
    """``host:port`` of the emulator that the environment names, None for the service."""
    return os.environ.get(EMULATOR_VARIABLE) or None
