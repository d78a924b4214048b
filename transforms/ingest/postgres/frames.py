"""PostgreSQL's binary COPY format, as far as the extract needs it.

The protocol sends one CopyData message per row; the first one has a 19-byte header before its row, and after the
last row comes a message with only the trailer. A row is its number of fields, then each field as its length (-1 for
NULL) and bytes, all big-endian. (PostgreSQL documentation: COPY, "Binary Format"; "COPY Operations" in the protocol.)

``statements.py`` always selects the same shape: tid, timestamptz (never NULL), the key columns as text, the payload.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from transforms.ingest.postgres.errors import PostgresError
from transforms.language import tr

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_TRAILER = b"\xff\xff"  # shorter than any row
_LENGTH = struct.Struct(">i")
_HEAD = struct.Struct(">hiIHiqi")  # up to the length of what follows the two fixed fields
_HEADER_SIZE = 19
_EPOCH_2000 = 946_684_800_000_000
_INFINITE = (-(2**63), 2**63 - 1)


class Row(NamedTuple):
    """One row: its physical address (zeros where it has none), when received (micros; None for infinity), its key
    (None for NULL) and its payload as sent (None for NULL)."""

    page: int
    item: int
    received_at: int | None
    key: tuple[bytes | None, ...]
    payload: bytes | None


def strip_header(message: memoryview) -> memoryview:
    """The first message without the header of the whole copy."""
    if message[: len(_SIGNATURE)] != _SIGNATURE:
        raise PostgresError(tr("the server's answer is not a binary COPY."))
    return message[_HEADER_SIZE:]


def parse_row(message: memoryview, key_count: int) -> Row | None:
    """The row in one message; None for the trailer."""
    if len(message) == len(_TRAILER):
        return None
    _, _, page, item, _, received_at, length = _HEAD.unpack_from(message)
    start = _HEAD.size
    key: list[bytes | None] = []
    while True:
        end = start + length
        value = None if length < 0 else message[start:end].tobytes()
        if len(key) == key_count:
            when = None if received_at in _INFINITE else received_at + _EPOCH_2000
            return Row(page, item, when, tuple(key), value)
        key.append(value)
        if length < 0:
            end = start
        (length,) = _LENGTH.unpack_from(message, end)
        start = end + 4
