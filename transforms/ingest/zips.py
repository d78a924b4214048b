"""Zip archives: their directory as a stream of entries, and the bytes of each.

Written here because the standard library's reader holds an object for every entry before the first is read, and
cannot limit how much an entry expands to. Format: PKWARE's APPNOTE 6.3 (zip64 included).
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from transforms.ingest.decompressors import LzmaOfZip, bzip2_decompressor, inflate_decompressor
from transforms.ingest.limits import (
    CORRUPT_ARCHIVE,
    UNSUPPORTED_COMPRESSION,
    ZIP_BOMB,
    Budget,
    Limits,
    Unreadable,
)
from transforms.ingest.names import decode
from transforms.ingest.streams import ByteReader, Decompressed, Seekable, Window, size_of

_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\5\6"
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4sBBHHHHHLLLHHHHHLL")
_LENGTHS = struct.Struct("<3H")
_CENTRAL_MAGIC = b"PK\1\2"
LOCAL = struct.Struct("<4sHHHHHLLLHH")
LOCAL_MAGIC = b"PK\3\4"
_LONGEST_COMMENT = 65_535
_BLOCK = 1_048_576
_ALL = 0xFFFFFFFF
_FARTHEST = 1 << 62

_ENCRYPTED = 0x1
_UTF8 = 0x800
_MASKED = 0x2000
STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
_OTHER_METHODS = {1: "shrink", 6: "implode", 9: "deflate64", 93: "zstd", 95: "xz", 97: "wavpack", 98: "ppmd"}
_UNIX = 3
_ZIP64 = 0x1
_UNICODE_NAME = 0x7075


class Directory(NamedTuple):
    """Where a zip archive's central directory is (bytes), how many entries it declares, and by how much the
    archive is moved within its file (a self-extracting one has a program in front)."""

    start: int
    end: int
    announced: int
    shift: int


class Member(NamedTuple):
    """One entry as the directory describes it. ``after`` is where the directory's next record begins."""

    name: str
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    unix_mode: int
    after: int

    @property
    def is_directory(self) -> bool:
        return self.size == 0 and self.name.endswith(("/", "\\"))

    @property
    def is_encrypted(self) -> bool:
        return bool(self.flags & (_ENCRYPTED | _MASKED))

    @property
    def special_type(self) -> str | None:
        """What the entry is when it is no regular file: a link or a device."""
        kind = stat.S_IFMT(self.unix_mode)
        if kind in (0, stat.S_IFREG, stat.S_IFDIR):
            return None
        return "a symbolic link" if kind == stat.S_IFLNK else "a device or socket"


def find_directory(file: Seekable) -> Directory:
    """Finds the central directory. Unreadable (``corrupt_archive``) when there is none."""
    length = size_of(file)
    tail_start = max(0, length - _END.size - _LONGEST_COMMENT)
    file.seek(tail_start)
    tail = file.read(length - tail_start)
    at = _end_record(tail)
    if at < 0:
        raise Unreadable(CORRUPT_ARCHIVE, f"no central directory at the end of its {length} bytes: the archive is cut")
    _, disk, first_disk, _, count, size, offset, _ = _END.unpack_from(tail, at)
    end = tail_start + at
    if count == 0xFFFF or size == _ALL or offset == _ALL:
        found = _end64(file, end)
        if found:
            disk, first_disk, count, size, offset, end = found
    if disk not in (0, 0xFFFF) or first_disk not in (0, 0xFFFF):
        raise Unreadable(CORRUPT_ARCHIVE, f"it is part {disk + 1} of an archive that is split into several files")
    return _place(file, end, count, size, offset)


def _end_record(tail: bytes) -> int:
    """Where the end record is: the last whose comment ends the file, since a comment may hold anything; failing that
    (something was appended) the last there is. -1 where there is none."""
    last = -1
    at = tail.rfind(_END_MAGIC)
    while at >= 0:
        if len(tail) - at >= _END.size:
            last = max(last, at)
            if at + _END.size + _END.unpack_from(tail, at)[-1] == len(tail):
                return at
        at = tail.rfind(_END_MAGIC, 0, at)
    return last


def _place(file: Seekable, end: int, count: int, size: int, offset: int) -> Directory:
    """The directory ends where its end record begins; a few writers put something in between."""
    shift = end - size - offset
    for start in (offset + shift, offset):
        if 0 <= start <= end - size:
            file.seek(start)
            if not count or file.read(4) == _CENTRAL_MAGIC:
                return Directory(start, start + size, count, start - offset)
    raise Unreadable(CORRUPT_ARCHIVE, f"its directory is not at byte {offset}, where its end record says")


def _end64(file: Seekable, end: int) -> tuple[int, int, int, int, int, int] | None:
    if end < _END64_LOCATOR.size + _END64.size:
        return None
    file.seek(end - _END64_LOCATOR.size)
    magic, _, offset, _ = _END64_LOCATOR.unpack(file.read(_END64_LOCATOR.size))
    if magic != b"PK\6\7":
        return None
    # In a file with something in front, the record is where it would be without extensions: before the locator.
    for start in (offset, end - _END64_LOCATOR.size - _END64.size):
        if start >= end:
            continue
        file.seek(start)
        record = file.read(_END64.size)
        if len(record) == _END64.size and record.startswith(b"PK\6\6"):
            _, _, _, _, disk, first_disk, _, count, size, at = _END64.unpack(record)
            return disk, first_disk, count, size, at, start
    return None


def entries(file: Seekable, directory: Directory, start: int | None = None, end: int | None = None) -> Iterator[Member]:
    """The entries listed between two places of the directory (all by default), read in blocks.

    Others may move the file's position meanwhile. Raises Unreadable when the directory is damaged
    (``corrupt_archive``), or when its entries have more bytes than the file, so that they overlap (``zip_bomb``).
    """
    whole = start is None
    position = directory.start if start is None else start
    end = directory.end if end is None else end
    block, at, seen, compressed = b"", 0, 0, 0
    while position < end:
        if not _holds_record(block, at):
            file.seek(position)
            block, at = file.read(min(_BLOCK, end - position)), 0
        entry, length = _entry(block, at, position, directory)
        compressed += entry.compressed
        if compressed > end - directory.shift:
            raise Unreadable(ZIP_BOMB, f"its entries overlap: those up to number {seen + 1} claim {compressed} bytes")
        position, at, seen = position + length, at + length, seen + 1
        yield entry
    if whole and seen & 0xFFFF != directory.announced & 0xFFFF:
        raise Unreadable(CORRUPT_ARCHIVE, f"its directory announces {directory.announced} entries and lists {seen}")


def _holds_record(block: bytes, at: int) -> bool:
    left = len(block) - at
    return left >= _CENTRAL.size and left >= _CENTRAL.size + sum(_LENGTHS.unpack_from(block, at + 28))


def _entry(block: bytes, at: int, position: int, directory: Directory) -> tuple[Member, int]:
    if len(block) - at < _CENTRAL.size or not block.startswith(_CENTRAL_MAGIC, at):
        raise Unreadable(CORRUPT_ARCHIVE, f"its directory is damaged at byte {position}")
    (
        _, _, system, _, flags, method, _, _, crc, compressed, size,
        name_length, extra_length, comment_length, _, _, attributes, offset,
    ) = _CENTRAL.unpack_from(block, at)  # fmt: skip
    name_at = at + _CENTRAL.size
    extra_at = name_at + name_length
    length = _CENTRAL.size + name_length + extra_length + comment_length
    if position + length > directory.end:
        raise Unreadable(
            CORRUPT_ARCHIVE, f"its directory is damaged at byte {position}: an entry reaches beyond its end"
        )
    extra = block[extra_at : extra_at + extra_length]
    if _ALL in (size, compressed, offset):
        size, compressed, offset = zip64_sizes(extra, size, compressed, offset)
    name = entry_name(block[name_at:extra_at], extra, bool(flags & _UTF8))
    unix_mode = attributes >> 16 if system == _UNIX else 0
    return Member(name, flags, method, crc, compressed, size, offset, unix_mode, position + length), length


def entry_name(raw: bytes, extra: bytes, declared_utf8: bool) -> str:
    """An entry's name: the one in the extra field of Unicode names where that is of this name, else as its bytes are
    declared, or probably are."""
    if not declared_utf8 and not raw.isascii():
        field = _extra_field(extra, _UNICODE_NAME)
        if field[:1] == b"\1" and field[1:5] == struct.pack("<L", zlib.crc32(raw)):
            return field[5:].decode("utf-8", "backslashreplace")
    return decode(raw, declared_utf8, None)


def _extra_field(extra: bytes, wanted: int) -> bytes:
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if tag == wanted:
            return extra[at + 4 : at + 4 + length]
        at += 4 + length
    return b""


def zip64_sizes(extra: bytes, size: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """Size, compressed size and offset with those that did not fit 32 bits taken from the zip64 extra field."""
    field = _extra_field(extra, _ZIP64)
    values = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
    size = next(values, size) if size == _ALL else size
    compressed = next(values, compressed) if compressed == _ALL else compressed
    offset = next(values, offset) if offset == _ALL else offset
    return size, compressed, offset


def stored_bytes(file: Seekable, shift: int, entry: Member) -> Window:
    """An entry's bytes as they are in the archive, compressed or encrypted as they may be."""
    start = entry.offset + shift
    header = b""
    if 0 <= start < _FARTHEST:
        file.seek(start)
        header = file.read(LOCAL.size)
    if len(header) < LOCAL.size or not header.startswith(LOCAL_MAGIC):
        raise Unreadable(CORRUPT_ARCHIVE, f"the entry is not at byte {start}, where the directory says")
    name_length, extra_length = struct.unpack_from("<HH", header, 26)
    return Window(file, start + LOCAL.size + name_length + extra_length, entry.compressed)


def contents(stored: Window, entry: Member, limits: Limits, budget: Budget) -> ByteReader:
    """What an entry holds, decompressed and checked. Unreadable when its compression is not supported."""
    return Verified(decompress(stored, entry, limits, budget), entry)


def decompress(stored: ByteReader, entry: Member, limits: Limits, budget: Budget) -> ByteReader:
    if entry.method == STORED:
        return stored
    if entry.method == DEFLATED:
        return Decompressed(stored, inflate_decompressor, limits, budget, "the entry", expected=entry.size)
    if entry.method == BZIP2:
        return Decompressed(stored, bzip2_decompressor, limits, budget, "the entry", expected=entry.size)
    if entry.method == LZMA:
        return Decompressed(stored, LzmaOfZip, limits, budget, "the entry", expected=entry.size)
    name = _OTHER_METHODS.get(entry.method, "unknown")
    raise Unreadable(
        UNSUPPORTED_COMPRESSION,
        f"compression method {entry.method} ({name}) is not supported; pack it again with deflate",
    )


class Verified:
    """An entry's contents, whose length and checksum are compared with the directory's at the end."""

    def __init__(self, reader: ByteReader, entry: Member) -> None:
        self._reader = reader
        self._entry = entry
        self._crc = 0
        self._size = 0
        self._checked = False

    def read(self, size: int, /) -> bytes:
        data = self._reader.read(size)
        if data:
            self._crc = zlib.crc32(data, self._crc)
            self._size += len(data)
        elif size > 0:
            self._check()
        return data

    def _check(self) -> None:
        if self._size != self._entry.size:
            raise Unreadable(CORRUPT_ARCHIVE, f"the entry has {self._size} bytes, not {self._entry.size} as declared")
        if self._crc != self._entry.crc:
            raise Unreadable(CORRUPT_ARCHIVE, f"the checksum of the entry's {self._size} bytes is wrong")
