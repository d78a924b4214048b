"""The bytes of an archive while it is being read."""

from __future__ import annotations

import io
import tempfile
from typing import BinaryIO

from transforms.ingest.limits import ENTRY_TOO_LARGE, Limits, Unreadable
from transforms.ingest.streams import ByteReader, CountedFile, Prefixed, Seekable, read_up_to, size_of

_SPOOL_STEP = 1_048_576


class Held:
    """The bytes of an archive that are there to be read again: for random access, and for its dead letter."""

    def __init__(self, head: bytes, rest: ByteReader, limits: Limits) -> None:
        self._limits = limits
        self._file: Seekable | None = None
        self._rest = rest
        self._disk: BinaryIO | None = None
        if isinstance(rest, CountedFile) and rest.seekable():
            self._file = rest
            self._head = head
            self._size = size_of(rest)
            return
        limit = limits.max_entry_bytes
        self._head = head + read_up_to(rest, limit + 1 - len(head)) if len(head) <= limit else head
        self._size = len(self._head)
        if self._size <= limit:
            self._file = io.BytesIO(self._head)

    def stream(self) -> ByteReader:
        """All of it from the front."""
        if self._file is None:
            return Prefixed(self._head, self._rest)
        self._file.seek(0)
        return self._file

    def seekable(self) -> Seekable:
        """All of it for random access: on disk, when it is an archive inside another and too large for memory."""
        if self._file is None:
            self._file = self._spooled()
        return self._file

    def kept(self) -> tuple[bytes, int, bool]:
        """Bytes for a dead letter, how many there are in all (or were read), and whether those are the beginning."""
        whole = self._size <= self._limits.max_entry_bytes
        if self._file is None:
            return self._head[: self._limits.kept_bytes], self._size, True
        self._file.seek(0)
        data = read_up_to(self._file, self._size if whole else self._limits.kept_bytes) if self._size else b""
        return data, self._size, not whole

    def close(self) -> None:
        if self._disk:
            self._disk.close()

    def _spooled(self) -> Seekable:
        self._disk = file = tempfile.TemporaryFile(prefix="acervo-")  # noqa: SIM115 (closed by close)
        file.write(self._head)
        while True:
            data = self._rest.read(_SPOOL_STEP)
            if not data:
                return file
            self._size += len(data)
            if self._size > self._limits.max_spooled_bytes:
                raise Unreadable(
                    ENTRY_TOO_LARGE,
                    f"a zip archive inside another may have {self._limits.max_spooled_bytes} bytes; this has more",
                )
            file.write(data)
