"""Writing to the change log, and cells to the tables of counts. Knows nothing of Beam."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence

from transforms.counting import cells, log
from transforms.model import Change
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.rows import Cell
from transforms.truth.writer import shared_writer

# Calls under way at once.
CALLS_AT_ONCE = 8
# Of one call.
_MOST_CELLS = 1_000
_MOST_ROWS = 100
# A mark must be there this long (seconds) after its minute was chosen: far less than clocks may differ.
_MARKED_WITHIN = 60.0

_numbers = itertools.count()
_process = f"{os.getpid():x}-{secrets.token_hex(4)}"

Writes = dict[bytes, list[Cell]]
_clock, _wall = time.monotonic, time.time_ns


def log_table(config: TruthConfig) -> str:
    """Full name of the table of the change log."""
    return f"{config.records_table}{log.TABLE_SUFFIX}"


def counts_table(config: TruthConfig) -> str:
    """Full name of the table of counts."""
    return f"{config.records_table}{cells.TABLE_SUFFIX}"


def write_log(config: TruthConfig, changes: Iterable[Change], marked: bool = True) -> int:
    """Writes changes to the log, then the marks of their slots; how many rows that were. Raises TruthError."""
    writes: Writes = {}
    for change in changes:
        row, cell = log.cell_of(change)
        writes.setdefault(row, []).append(cell)
    client = shared_writer(config).client
    wait_for(write_cells(client, log_table(config), writes))
    if marked and writes:
        wait_for(_mark(client, log_table(config), [log.slot_in(row) for row in writes]))
    return len(writes)


async def _mark(client: Client, table: str, slots: Sequence[str]) -> None:
    """Marks slots. After a long delay the marks may be where no sweeper looks any more: then they are written again."""
    done = False
    while not done:
        # In this order: what holds it up between the two shows.
        began, now = _clock(), _wall() // 1_000
        nonce = f"{_process}-{next(_numbers)}"
        writes: Writes = {}
        for slot in slots:
            row, cell = log.mark(slot, nonce, now)
            writes.setdefault(row, []).append(cell)
        await write_cells(client, table, writes)
        done = _clock() - began < _MARKED_WITHIN


async def write_cells(client: Client, table: str, writes: Writes, at_once: int = CALLS_AT_ONCE) -> None:
    """Writes cells, in calls of a bounded size, a few at once."""
    places = asyncio.Semaphore(at_once)

    async def call(part: Sequence[tuple[bytes, Sequence[Cell]]]) -> None:
        async with places:
            await client.write_rows(table, part)

    await asyncio.gather(*(call(part) for part in _parts(writes)))


def _parts(writes: Writes) -> Iterator[list[tuple[bytes, Sequence[Cell]]]]:
    part: list[tuple[bytes, Sequence[Cell]]] = []
    size = 0
    for row, found in writes.items():
        for begin in range(0, len(found), _MOST_CELLS):
            some = found[begin : begin + _MOST_CELLS]
            if part and (size + len(some) > _MOST_CELLS or len(part) >= _MOST_ROWS):
                yield part
                part, size = [], 0
            part.append((row, some))
            size += len(some)
    if part:
        yield part
