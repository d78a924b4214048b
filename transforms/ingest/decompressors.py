"""Decompressors with one interface: those of bz2 and lzma as they are, zlib's and zip's LZMA adapted to it."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from typing import Protocol

LZMA_MEMORY = 256 << 20
GZIP_MAGIC = b"\x1f\x8b"
BZIP2_MAGIC = b"BZh"
XZ_MAGIC = b"\xfd7zXZ\0"


class Decompressor(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Inflate:
    """zlib's decompressor with the interface that those of bz2 and lzma have."""

    __slots__ = ("_full", "_stream", "_tail")

    def __init__(self, window_bits: int) -> None:
        self._stream = zlib.decompressobj(window_bits)
        self._tail = b""
        self._full = False

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    @property
    def waiting(self) -> int:
        """Bytes it was given and has not decompressed yet. (Those of bz2 and lzma do not say.)"""
        return len(self._tail)

    @property
    def needs_input(self) -> bool:
        # Output may be pending when the last call filled its room, even with all input taken.
        return not self._tail and not self._full

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        out = self._stream.decompress(self._tail + data if self._tail else data, max_length)
        self._tail = self._stream.unconsumed_tail
        self._full = len(out) == max_length
        return out


def gzip_decompressor() -> Decompressor:
    return Inflate(31)


def bzip2_decompressor() -> Decompressor:
    return bz2.BZ2Decompressor()


def xz_decompressor() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LZMA_MEMORY)


def inflate_decompressor() -> Decompressor:
    return Inflate(-15)


class LzmaOfZip:
    """LZMA as zip archives have it: a version, the length of the properties, and five bytes of them in front."""

    def __init__(self) -> None:
        self._head = b""
        self._decompressor: lzma.LZMADecompressor | None = None

    @property
    def eof(self) -> bool:
        return self._decompressor is not None and self._decompressor.eof

    @property
    def needs_input(self) -> bool:
        return self._decompressor is None or self._decompressor.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._decompressor.unused_data if self._decompressor else b""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        if self._decompressor is None:
            self._head += data
            if len(self._head) < 9:
                return b""
            self._decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_lzma_filter(self._head[:9])])
            data, self._head = self._head[9:], b""
        return self._decompressor.decompress(data, max_length)


def _lzma_filter(head: bytes) -> dict[str, int]:
    _, length, packed, dictionary = struct.unpack("<HHBL", head)
    if length != 5 or packed >= 9 * 5 * 5:
        raise ValueError("LZMA properties are not valid")
    if dictionary > LZMA_MEMORY:
        raise lzma.LZMAError("Memory usage limit exceeded")
    pb, rest = divmod(packed, 45)
    lp, lc = divmod(rest, 9)
    return {"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb}
