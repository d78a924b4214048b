"""Jobs whose effects are known to be complete, as reserved rows of the table of records.

A reparse that has emitted all its changes notes that at its end. A later one that finds a change of a job without such
a note emits it again: the job may have died between the commit and what follows from it.
"""

from __future__ import annotations

from transforms.truth import rows
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.rows import Cell

_ROWS, _END = b"~job/", b"~job0"
_FINISHED = b"finished"


def finish(config: TruthConfig, job: str) -> None:
    """Notes that all effects of a job are complete."""
    client = Client(config)
    try:
        cell = Cell(rows.STATE, _FINISHED, 0, b"1")
        wait_for(client.write(config.records_table, _ROWS + job.encode(), (cell,)))
    finally:
        wait_for(client.close())


def finished(config: TruthConfig) -> frozenset[str]:
    """The jobs that have noted it."""
    client = Client(config)
    try:
        found = client.scan(config.records_table, _ROWS, _END, (rows.STATE,))
        return frozenset(row.key.removeprefix(_ROWS).decode() for row in found)
    finally:
        wait_for(client.close())
