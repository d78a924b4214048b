"""Bounded reading of compressed streams: small readers that are stacked on one another.

A reader has one method, ``read(size)``: at most ``size`` bytes, fewer only near the end or an error, none only at the
end. What cannot be read raises Unreadable, and so does every further call.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from transforms.ingest.decompressors import LZMA_MEMORY, Decompressor, Inflate
from transforms.ingest.limits import CORRUPT_ARCHIVE, UNSUPPORTED_COMPRESSION, ZIP_BOMB, Budget, Limits, Unreadable

CHUNK = 65_536
_STEP = 1_048_576


class ByteReader(Protocol):
    """What is read from front to back."""

    def read(self, size: int, /) -> bytes: ...


class CountedFile:
    """A file as it is read, counted towards the budget of what may come out of it."""

    def __init__(self, stream: BinaryIO, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        if data and len(data) < size:
            data = _read_on(self._stream, data, size)
        self._budget.read += len(data)
        return data

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._stream.seek(offset, whence)


class Seekable(ByteReader, Protocol):
    """What can be read from anywhere."""

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


class Prefixed:
    """A reader some of which was read before."""

    def __init__(self, head: bytes, rest: ByteReader) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        if not self._head:
            return self._rest.read(size)
        data, self._head = self._head[:size], self._head[size:]
        return data


class Window:
    """A part of a file that can be read from anywhere; others may move the file's position meanwhile."""

    __slots__ = ("_file", "_position", "end", "start")

    def __init__(self, file: Seekable, start: int, size: int) -> None:
        self._file = file
        self._position = self.start = start
        self.end = start + size

    def read(self, size: int, /) -> bytes:
        size = min(size, self.end - self._position)
        if size <= 0:
            return b""
        self._file.seek(self._position)
        data = self._file.read(size)
        if not data:
            raise Unreadable(CORRUPT_ARCHIVE, f"the file ends at byte {self._position}, before the end of this entry")
        self._position += len(data)
        return data

    def rewind(self) -> None:
        self._position = self.start


class Decompressed:
    """What a compressed stream holds. ``what`` names it in messages.

    With ``magic``, streams may follow each other (gzip members, bzip2 and xz streams) and zeros may pad the end;
    anything else behind the end is refused. Without, reading stops at the end of the first, and ``taken`` is how
    many bytes it took; a stream without an end mark ends with its source at ``expected`` bytes.
    """

    def __init__(
        self,
        source: ByteReader,
        new_decompressor: Callable[[], Decompressor],
        limits: Limits,
        budget: Budget,
        what: str,
        magic: bytes = b"",
        expected: int = -1,
    ) -> None:
        self._source = source
        self._new_decompressor = new_decompressor
        self._decompressor = new_decompressor()
        self._limits = limits
        self._budget = budget
        self._what = what
        self._magic = magic
        self._expected = expected
        self._pending = b""
        self._fed = 0
        self._made = 0
        self._done = False
        self._error: Unreadable | None = None

    def read(self, size: int, /) -> bytes:
        if self._error:
            raise self._error
        pieces: list[bytes] = []
        try:
            while size > 0 and not self._done:
                piece = self._step(min(size, _STEP))
                if piece:
                    pieces.append(piece)
                    size -= len(piece)
        except Unreadable as error:
            self._error = error
            if not pieces:
                raise
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @property
    def taken(self) -> int:
        return self._fed - len(self._decompressor.unused_data)

    def _step(self, size: int) -> bytes:
        codec = self._decompressor
        if codec.eof:
            self._end_of_stream()
            return b""
        data = self._pending
        if data:
            self._pending = b""
        elif codec.needs_input:
            data = self._source.read(CHUNK)
            if not data:
                if self._made == self._expected:
                    self._done = True
                    return b""
                raise Unreadable(CORRUPT_ARCHIVE, f"{self._what} is cut: it ends after {self._fed} compressed bytes")
            self._fed += len(data)
        out = self._decompress(codec, data, size)
        if out:
            self._made += len(out)
            self._budget.grow(len(out))
            if self._made > self._limits.ratio_from_bytes:
                self._check_ratio(codec)
        return out

    def _check_ratio(self, codec: Decompressor) -> None:
        taken = self._fed - (codec.waiting if isinstance(codec, Inflate) else 0)
        if self._made > self._limits.max_ratio * taken:
            raise Unreadable(
                ZIP_BOMB,
                f"{self._what}: {taken} compressed bytes expanded to {self._made} and more; "
                f"the limit is {self._limits.max_ratio} times",
            )

    def _decompress(self, codec: Decompressor, data: bytes, size: int) -> bytes:
        try:
            return codec.decompress(data, size)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            if isinstance(error, lzma.LZMAError) and "emory" in str(error):
                raise Unreadable(
                    UNSUPPORTED_COMPRESSION, f"{self._what} needs more than {LZMA_MEMORY} bytes of memory to decompress"
                ) from None
            raise Unreadable(
                CORRUPT_ARCHIVE,
                f"{self._what} is damaged after {self._made} decompressed bytes, "
                f"within {self._fed} compressed ones: {error}",
            ) from None

    def _end_of_stream(self) -> None:
        if not self._magic:
            self._done = True
            return
        rest = self._decompressor.unused_data.lstrip(b"\0")
        while len(rest) < len(self._magic):
            more = self._source.read(CHUNK)
            if not more:
                break
            self._fed += len(more)
            rest = (rest + more).lstrip(b"\0")
        if not rest:
            self._done = True
        elif rest.startswith(self._magic):
            self._decompressor = self._new_decompressor()
            self._pending = rest
        else:
            raise Unreadable(
                CORRUPT_ARCHIVE, f"{self._what} is followed by {len(rest)} or more bytes that are none of it"
            )


def read_up_to(reader: ByteReader, size: int) -> bytes:
    """The next ``size`` bytes, fewer only at the end. Raises what the reader raises."""
    data = reader.read(size)
    return _read_on(reader, data, size) if data and len(data) < size else data


def read_what_comes(reader: ByteReader, size: int) -> tuple[bytes, Unreadable | None]:
    """Like ``read_up_to``, with what could be read before an error."""
    data = b""
    try:
        data = reader.read(size)
        while data and len(data) < size:
            more = reader.read(size - len(data))
            if not more:
                break
            data += more
    except Unreadable as error:
        return data, error
    return data, None


def discard(reader: ByteReader, size: int) -> int:
    """Reads past ``size`` bytes and returns how many of them there were."""
    left = size
    while left > 0:
        data = reader.read(min(left, _STEP))
        if not data:
            break
        left -= len(data)
    return size - left


def size_of(file: Seekable) -> int:
    return file.seek(0, 2)


def _read_on(reader: Any, data: bytes, size: int) -> bytes:
    pieces = [data]
    left = size - len(data)
    while left > 0:
        more = reader.read(left)
        if not more:
            break
        pieces.append(more)
        left -= len(more)
    return b"".join(pieces)
