"""Binary COPY messages, byte by byte."""

from __future__ import annotations

import struct

import pytest

from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.frames import parse_row, strip_header

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def field(value: bytes | None) -> bytes:
    return struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value


def message(received_at: int, *fields: bytes | None) -> memoryview:
    head = (
        struct.pack(">h", 2 + len(fields))
        + field(struct.pack(">IH", 70_000, 3))
        + field(struct.pack(">q", received_at))
    )
    return memoryview(head + b"".join(map(field, fields)))


def test_a_row_with_its_address_instant_key_and_payload() -> None:
    row = parse_row(message(0, b"42", b"<a/>"), 1)
    assert row == (70_000, 3, 946_684_800_000_000, (b"42",), b"<a/>")


def test_instants_before_2000_and_before_1970() -> None:
    row = parse_row(message(-946_684_800_000_001, b"1", b""), 1)
    assert row is not None and row.received_at == -1


@pytest.mark.parametrize("infinity", [2**63 - 1, -(2**63)])
def test_infinity_is_no_instant(infinity: int) -> None:
    row = parse_row(message(infinity, b"1", b""), 1)
    assert row is not None and row.received_at is None


def test_null_is_not_empty_in_keys_nor_in_the_payload() -> None:
    assert parse_row(message(0, None, b"", None), 2) == (70_000, 3, 946_684_800_000_000, (None, b""), None)
    assert parse_row(message(0, b"1", b""), 1) == (70_000, 3, 946_684_800_000_000, (b"1",), b"")


def test_the_trailer_is_no_row() -> None:
    assert parse_row(memoryview(b"\xff\xff"), 1) is None


def test_a_copy_without_rows_is_header_and_trailer_in_one_message() -> None:
    assert parse_row(strip_header(memoryview(HEADER + b"\xff\xff")), 1) is None


@pytest.mark.parametrize("answer", [b"", b"1\t<a/>\n", HEADER[:5]])
def test_an_answer_that_is_no_binary_copy_is_refused(answer: bytes) -> None:
    with pytest.raises(PostgresError, match="not a binary COPY"):
        strip_header(memoryview(answer))
