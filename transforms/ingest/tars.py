"""Tar archives as a stream of entries: ustar, GNU long names, pax headers.

Written here because the standard library's reader silently stops at a header that it does not understand, and so loses
all entries after it, and because it keeps an object for each entry that it has passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from transforms.ingest.limits import CORRUPT_ARCHIVE, Unreadable
from transforms.ingest.names import decode
from transforms.ingest.streams import ByteReader, discard, read_up_to

BLOCK = 512
_ZERO = bytes(BLOCK)
_LONGEST_HEADER = 1_048_576
_REGULAR = frozenset(b"07\0")
_LINKS_AND_DEVICES = {
    ord("1"): "a hard link",
    ord("2"): "a symbolic link",
    ord("3"): "a character device",
    ord("4"): "a block device",
    ord("6"): "a FIFO",
    ord("M"): "the continuation of a file in another volume",
    ord("S"): "a sparse file",
}
_WITHOUT_DATA = frozenset(b"123456")
_NO_FILES = frozenset(b"5DV")
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _PAX_SOLARIS = ord("L"), ord("K"), ord("x"), ord("g"), ord("X")


class TarEntry(NamedTuple):
    """One file of the archive. ``special_type`` says what it is if it is no regular file, ``target`` where a link
    leads; ``offset`` is where its header is (bytes)."""

    name: str
    size: int
    offset: int
    special_type: str | None
    target: str


class EntryData:
    """The bytes of one entry. Unreadable when the archive ends before they do."""

    def __init__(self, reader: ByteReader, entry: TarEntry) -> None:
        self._reader = reader
        self._entry = entry
        self.left = entry.size

    def read(self, size: int, /) -> bytes:
        size = min(size, self.left)
        if size <= 0:
            return b""
        data = self._reader.read(size)
        if not data:
            raise Unreadable(
                CORRUPT_ARCHIVE,
                f"it is cut in entry {self._entry.name!r}, which begins at byte {self._entry.offset}: "
                f"{self._entry.size - self.left} of its {self._entry.size} bytes are there",
            )
        self.left -= len(data)
        return data


def is_header(block: bytes) -> bool:
    """Whether these 512 bytes are the header of a tar entry: its checksum is right."""
    return len(block) == BLOCK and block != _ZERO and _checksum_is_right(block)


def entries(reader: ByteReader) -> Iterator[tuple[TarEntry, EntryData]]:
    """Each file and its bytes, which the caller reads, or not, before asking for the next.

    Archives that follow each other in one file are all read. Raises Unreadable when a header is damaged, when the
    archive is truncated, and when its end mark is missing (it may be truncated between two entries).
    """
    position = 0
    ended = False
    longer = _Extensions()
    while True:
        block = read_up_to(reader, BLOCK)
        if ended and len(block) < BLOCK and not block.strip(b"\0"):
            return
        if len(block) < BLOCK:
            raise _cut(position, len(block))
        position += BLOCK
        if block == _ZERO:
            ended = True
            continue
        if not _checksum_is_right(block):
            raise Unreadable(
                CORRUPT_ARCHIVE, f"the header at byte {position - BLOCK} is damaged: its checksum is wrong"
            )
        ended = False
        kind, size = block[156], _number(block[124:136], position)
        if kind in (_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _PAX_SOLARIS):
            longer.take(kind, _header_data(reader, size, position))
            position += _padded(size)
            continue
        entry = longer.apply(block, kind, size, position - BLOCK)
        longer = _Extensions(longer.common)
        data = EntryData(reader, entry)
        if kind not in _NO_FILES and not (kind == 0 and entry.name.endswith("/")):  # an old way to write a directory
            yield entry, data
        _skip(reader, data, entry)
        position += _padded(entry.size)


class _Extensions:
    """What headers in front of an entry say that its own has no room for."""

    def __init__(self, common: dict[str, str] | None = None) -> None:
        self.common: dict[str, str] = common or {}
        self._own: dict[str, str] = {}
        self._name: bytes | None = None

    def take(self, kind: int, data: bytes) -> None:
        if kind == _LONG_NAME:
            self._name = data.rstrip(b"\0")
        elif kind == _PAX_GLOBAL:
            self.common = self.common | _pax(data)
        elif kind != _LONG_LINK:
            self._own = _pax(data)

    def apply(self, block: bytes, kind: int, size: int, offset: int) -> TarEntry:
        pax = self.common | self._own if self.common or self._own else self._own
        special = None if kind in _REGULAR else _LINKS_AND_DEVICES.get(kind)
        if any(key.startswith("GNU.sparse.") for key in pax):
            special = "a sparse file"
        if "size" in pax:
            if not pax["size"].isdecimal():
                raise Unreadable(CORRUPT_ARCHIVE, f"the entry at byte {offset} has no valid size: {pax['size']!r}")
            size = int(pax["size"])
        if kind in _WITHOUT_DATA:
            size = 0  # whatever the header says
        name = pax.get("path") or decode(self._name if self._name is not None else _name(block), False, "latin-1")
        return TarEntry(name, size, offset, special, decode(_text(block[157:257]), False, "latin-1"))


def _header_data(reader: ByteReader, size: int, position: int) -> bytes:
    if size > _LONGEST_HEADER:
        raise Unreadable(CORRUPT_ARCHIVE, f"the header at byte {position - BLOCK} claims {size} bytes of names")
    data = read_up_to(reader, _padded(size)) if size else b""
    if len(data) < size:
        raise _cut(position, len(data))
    return data[:size]


def _pax(data: bytes) -> dict[str, str]:
    """Records of the form ``length key=value`` and a line feed, length counting all of it."""
    records = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 12)
        digits = data[at:space] if space > 0 else b""
        length = int(digits) if digits.isdigit() else 0
        key, equals, value = data[space + 1 : at + length - 1].partition(b"=")
        if not equals:
            raise Unreadable(CORRUPT_ARCHIVE, "a pax header is damaged")
        records[key.decode("utf-8", "replace")] = decode(value, False, "latin-1")
        at += length
    return records


def _skip(reader: ByteReader, data: EntryData, entry: TarEntry) -> None:
    padding = _padded(entry.size) - entry.size
    while data.left:
        data.read(1_048_576)
    if discard(reader, padding) < padding:
        raise Unreadable(CORRUPT_ARCHIVE, f"it is cut behind entry {entry.name!r}, which begins at byte {entry.offset}")


def _cut(position: int, rest: int) -> Unreadable:
    where = f"{rest} bytes behind byte {position}" if rest else f"at byte {position}, without an end mark"
    return Unreadable(CORRUPT_ARCHIVE, f"it ends {where}: it may be cut")


def _padded(size: int) -> int:
    return (size + BLOCK - 1) // BLOCK * BLOCK


def _name(block: bytes) -> bytes:
    name = _text(block[:100])
    # POSIX puts the front of a long name in a prefix; GNU has other fields there.
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _text(field: bytes) -> bytes:
    end = field.find(b"\0")
    return field if end < 0 else field[:end]


def _number(field: bytes, position: int) -> int:
    """An octal number, or with the first bit set a big-endian one of the rest."""
    if field[0] & 0x80:
        return int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:], "big")
    digits = _text(field).strip()
    if not digits:
        return 0
    try:
        return int(digits, 8)
    except ValueError:
        raise Unreadable(
            CORRUPT_ARCHIVE, f"the header at byte {position - BLOCK} is damaged: {digits!r} is no octal number"
        ) from None


def _checksum_is_right(block: bytes) -> bool:
    try:
        declared = _number(block[148:156], 0)
    except Unreadable:
        return False
    rest = block[:148] + block[156:]
    total = 256 + sum(rest)
    # Some old writers summed signed bytes.
    return declared == total or declared == total - 256 * sum(byte > 127 for byte in rest)
