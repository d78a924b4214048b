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

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_TRAILER = b"\xff\xff"
_LENGTH = struct.Struct(">i")
_HEAD = struct.Struct(">hiIHiq")
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
        raise PostgresError("The server's answer is not a binary COPY.")
    return message[_HEADER_SIZE:]


def parse_row(message: memoryview, key_count: int) -> Row | None:
    """The row in one message; None for the trailer."""
    if message[:2] == _TRAILER:
        return None
    _, _, page, item, _, received_at = _HEAD.unpack_from(message, 0)
    offset = _HEAD.size
    key: list[bytes | None] = []
    for _ in range(key_count):
        (length,) = _LENGTH.unpack_from(message, offset)
        offset += 4
        if length < 0:
            key.append(None)
        else:
            key.append(bytes(message[offset : offset + length]))
            offset += length
    (length,) = _LENGTH.unpack_from(message, offset)
    payload = None if length < 0 else bytes(message[offset + 4 : offset + 4 + length])
    when = None if received_at in _INFINITE else received_at + _EPOCH_2000
    return Row(page, item, when, tuple(key), payload)
