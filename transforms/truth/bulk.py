"""Unconditional writes, sent together: one call for many costs a fraction of one call for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from transforms.truth import rows
from transforms.truth.client import Client
from transforms.truth.rows import Cell

# Of one call, far below what the service takes.
_MOST_WRITES = 100
_MOST_BYTES = 2_000_000


class _Waiting(NamedTuple):
    row: bytes
    cells: Sequence[Cell]
    retried: Callable[[], None]
    done: asyncio.Future[None]


class BulkWrites:
    """Gathers the writes to a table that are asked for in one turn of the event loop. To be used on that loop.

    They are unordered: whoever depends on one has to await it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: dict[str, list[_Waiting]] = {}
        self._sending: set[asyncio.Task[None]] = set()

    async def write(self, table: str, row: bytes, cells: Sequence[Cell], retried: Callable[[], None]) -> None:
        """Writes the cells; raises as ``Client.write`` does."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(table)
        if waiting is None:
            waiting = self._waiting[table] = []
            loop.call_soon(self._send_all, table)
        one = _Waiting(row, cells, retried, loop.create_future())
        waiting.append(one)
        await one.done

    def _send_all(self, table: str) -> None:
        for part in _parts(self._waiting.pop(table)):
            task = asyncio.get_running_loop().create_task(self._send(table, part))
            # The loop itself does not hold its tasks.
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, table: str, writes: list[_Waiting]) -> None:
        def retried() -> None:
            for one in writes:
                one.retried()

        try:
            await self._client.write_rows(table, [(one.row, one.cells) for one in writes], retried)
        except BaseException as error:
            for one in writes:
                if not one.done.done():
                    one.done.set_exception(error)
            return
        for one in writes:
            if not one.done.done():
                one.done.set_result(None)


def _parts(writes: list[_Waiting]) -> Iterator[list[_Waiting]]:
    part: list[_Waiting] = []
    size = 0
    for one in writes:
        more = rows.stored_bytes(one.cells)
        if part and (len(part) >= _MOST_WRITES or size + more > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(one)
        size += more
    yield part
