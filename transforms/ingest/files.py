"""Patterns as people give them, files, and opening them: local ones directly, all others through Beam's filesystems.

A pattern is a file, a folder (every file below it), a glob (what it matches, and every file below folders that it
matches), or a comma-separated list of those. It may begin with ``~``, ``file://``, ``gs://`` or whatever else Beam has
a filesystem for; there ``*`` stops at ``/`` and ``**`` does not.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote

from transforms.ingest.limits import STAGE, UNREADABLE_FILE
from transforms.ingest.patterns import is_local
from transforms.ingest.remote import open_remote
from transforms.model import DeadLetter

_LOCAL_BUFFER = 1_048_576
# What opening or reading answers for good. Anything else (a server that is busy, a network that fails) is raised, so
# that the runner tries again.
_PERMANENT_STATUS = (403, 404)
_PERMANENT = (FileNotFoundError, PermissionError, IsADirectoryError, NotImplementedError)
_PASSING_ERRNO = (errno.EAGAIN, errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC)


class FileRef(NamedTuple):
    """A file to read: where it is, when it was last changed (micros since the epoch), how large it is (bytes)."""

    path: str
    modified_at: int
    size: int

    @property
    def origin(self) -> str:
        """The path as text that can be written anywhere: bytes of a name that are no UTF-8 are shown as ``\\xe9``."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")


def split_patterns(patterns: str | Iterable[str]) -> list[str]:
    """Single patterns, local ones absolute, each once, in the order given."""
    given = [patterns] if isinstance(patterns, str) else list(patterns)
    single: dict[str, None] = {}
    for text in given:
        parts = [text] if os.path.lexists(text) else text.split(",")
        for part in parts:
            if part.strip():
                single[_absolute(part.strip())] = None
    return list(single)


def open_file(path: str) -> BinaryIO:
    """Opens a file for reading, its bytes as they are (Beam would decompress by the name)."""
    if is_local(path):
        # Opening a FIFO would wait for a writer for ever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return open(path, "rb", buffering=_LOCAL_BUFFER)
    return open_remote(path)


def unreadable(file: FileRef, error: Exception) -> DeadLetter | None:
    """The dead letter of a file that will never be readable; None where trying again may help."""
    if is_local(file.path):
        permanent = isinstance(error, OSError) and error.errno not in _PASSING_ERRNO
    else:
        permanent = getattr(error, "code", None) in _PERMANENT_STATUS or isinstance(error, _PERMANENT)
    if not permanent:
        return None
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    message = f"{file.origin}: the file cannot be read: {reason}"
    return DeadLetter(UNREADABLE_FILE, message, STAGE, file.origin, b"", file.modified_at, 0)


def _absolute(pattern: str) -> str:
    if pattern.startswith("file://"):
        pattern = unquote(pattern[len("file://") :].removeprefix("localhost"))
    if not is_local(pattern):
        return pattern
    return os.path.abspath(os.path.expanduser(pattern))
