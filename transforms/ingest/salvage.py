"""The entries of a zip archive that has lost its directory, as their own headers describe them.

An interrupted download leaves such a file. Its entries are the same inputs, under the same names, as those of the
whole archive, so that reading the whole one later finds them again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from transforms.ingest.limits import CORRUPT_ARCHIVE, Budget, Limits, Unreadable
from transforms.ingest.streams import Decompressed, Seekable, Window, discard, size_of
from transforms.ingest.zips import LOCAL, LOCAL_MAGIC, Member, decompress, entry_name, zip64_sizes

_DESCRIPTOR_FOLLOWS = 0x8
_UTF8 = 0x800
_DESCRIPTOR_MAGIC = b"PK\7\x08"


def entries_by_their_headers(file: Seekable, limits: Limits, budget: Budget, why: str) -> Iterator[Member]:
    """The entries from the start of the file, as far as each leads to the next. Always ends by raising Unreadable."""
    length = size_of(file)
    position = count = 0
    while True:
        file.seek(position)
        header = file.read(LOCAL.size)
        if len(header) < LOCAL.size or not header.startswith(LOCAL_MAGIC):
            raise Unreadable(
                CORRUPT_ARCHIVE, f"{why}; {count} entries were read by their own headers, up to byte {position}"
            )
        try:
            entry = _entry_at(file, position, header, length, limits, budget)
        except Unreadable as error:
            raise Unreadable(
                CORRUPT_ARCHIVE,
                f"{why}; {count} entries were read by their own headers; "
                f"the next, at byte {position}, cannot be: {error.message}",
            ) from None
        count += 1
        position = entry.after
        yield entry


def _entry_at(file: Seekable, position: int, header: bytes, length: int, limits: Limits, budget: Budget) -> Member:
    _, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = LOCAL.unpack(header)
    raw_name = file.read(name_length)
    extra = file.read(extra_length)
    size, compressed, _ = zip64_sizes(extra, size, compressed, 0)
    start = position + LOCAL.size + name_length + extra_length
    entry = Member(
        entry_name(raw_name, extra, bool(flags & _UTF8)), flags, method, crc, compressed, size, position, 0,
        start + compressed,
    )  # fmt: skip
    if flags & _DESCRIPTOR_FOLLOWS and not entry.is_encrypted and compressed == 0:
        return _measured(file, start, length, entry, limits, budget)
    if entry.after > length:
        raise Unreadable(CORRUPT_ARCHIVE, f"{entry.name!r} is cut: {length - start} of {compressed} bytes are there")
    return entry


def _measured(file: Seekable, start: int, length: int, entry: Member, limits: Limits, budget: Budget) -> Member:
    """An entry whose sizes follow its data: where that ends is known only by decompressing it."""
    data = decompress(Window(file, start, length - start), entry._replace(size=-1), limits, budget)
    if not isinstance(data, Decompressed):
        raise Unreadable(CORRUPT_ARCHIVE, f"nothing tells where {entry.name!r} ends")
    size = 0
    while True:
        step = discard(data, 1_048_576)
        if not step:
            break
        size += step
    end = start + data.taken
    file.seek(end)
    descriptor = file.read(24)
    if descriptor.startswith(_DESCRIPTOR_MAGIC):
        descriptor = descriptor[4:]
        end += 4
    if len(descriptor) < 12:
        raise Unreadable(CORRUPT_ARCHIVE, f"{entry.name!r} is cut behind its data")
    crc, compressed_32, size_32 = struct.unpack_from("<LLL", descriptor)
    wide = (compressed_32, size_32) != (data.taken & 0xFFFFFFFF, size & 0xFFFFFFFF)
    return entry._replace(crc=crc, size=size, compressed=data.taken, after=end + (20 if wide else 12))
