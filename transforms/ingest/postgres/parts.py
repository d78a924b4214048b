"""A part of a table that one worker reads, as an immutable value.

Whatever a table is split by, positions inside a part are block numbers, so one integer restriction serves all: a
block is a physical page, or a range of key values between two sampled bounds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableColumns:
    """What the rows of a table look like, the same for all its parts.

    ``received_at`` and ``updated`` are column names or empty; ``text``: the payload is characters that the server
    converts to UTF-8; ``unique``: no two rows have the same key.
    """

    origin: str
    keys: tuple[str, ...]
    payload: str
    binary: bool
    text: bool
    unique: bool
    received_at: str = ""
    updated: str = ""


@dataclass(frozen=True)
class TablePart:
    """Blocks ``start`` to ``stop`` (exclusive) of one relation (a table, a leaf partition, a view).

    ``column`` is empty where blocks are pages. Otherwise block *i* holds the values from ``bounds[i]`` (inclusive)
    to ``bounds[i + 1]`` (exclusive), as text of type ``column_type``, None standing for no bound; with ``nulls`` the
    only block holds the rows whose ``column`` is NULL. ``filenode`` is the file that the pages are in, 0 where it
    does not matter.
    """

    schema: str
    name: str
    oid: int
    only: bool
    start: int
    stop: int
    block_pages: float
    block_bytes: float
    filenode: int = 0
    column: str = ""
    column_type: str = ""
    bounds: tuple[str | None, ...] = ()
    nulls: bool = False

    @property
    def by_pages(self) -> bool:
        return not self.column

    def blocks_in(self, size: int) -> int:
        """How many blocks make about ``size`` bytes as stored; at least one."""
        return max(1, round(size / max(self.block_bytes, 1.0)))
