"""Which files a list of patterns names, and opening them: local ones here, all others through Beam's filesystems.

A pattern is a file, a folder (every file below it), a glob (what it matches; folders it matches with every file
below), or a comma-separated list of those. ``~`` and ``file://`` are understood, ``gs://`` and what else Beam has a
filesystem for; there ``*`` stops at ``/`` and ``**`` does not.
"""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote

from transforms.errors import AcervoError
from transforms.ingest.limits import STAGE, UNREADABLE_FILE
from transforms.model import DeadLetter

_GLOB = frozenset("*?[")
_LOCAL_BUFFER = 1_048_576
# What opening or reading answers for good. Anything else (a server that is busy, a network that fails) is raised, so
# that the runner tries again.
_PERMANENT_STATUS = (403, 404)
_PERMANENT = (FileNotFoundError, PermissionError, IsADirectoryError, NotImplementedError)
_PASSING_ERRNO = (errno.EAGAIN, errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC)


class InputError(AcervoError, ValueError):
    """The input that was asked for is not there, or cannot be listed. The message is for the person who asked."""


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


def check_patterns(patterns: str | Iterable[str]) -> None:
    """Raises InputError when there is no pattern, or one that matches no file. Reads no file, lists little."""
    single = split_patterns(patterns)
    if not single:
        raise InputError("no input: give a file, a folder, a glob or a gs:// pattern")
    empty = [pattern for pattern in single if next(_matches(pattern, limit=1), None) is None]
    if empty:
        raise InputError("; ".join(_nothing(pattern) for pattern in empty))


def list_files(patterns: str | Iterable[str]) -> Iterator[FileRef | DeadLetter]:
    """Every file the patterns name, each once, however many of them name it; a folder that cannot be listed is a dead
    letter. Raises InputError when a pattern names none. Remembers the paths, about 200 bytes each."""
    seen: set[str] = set()
    for pattern in split_patterns(patterns):
        found = False
        for match in _matches(pattern):
            found = True
            identity = match.path if isinstance(match, FileRef) else match.origin
            if identity not in seen:
                seen.add(identity)
                yield match
        if not found:
            raise InputError(_nothing(pattern))


def is_local(path: str) -> bool:
    return "://" not in path


def open_file(path: str) -> BinaryIO:
    """Opens a file for reading, its bytes as they are (Beam would decompress by the name)."""
    if is_local(path):
        # Opening a FIFO would wait for a writer for ever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return open(path, "rb", buffering=_LOCAL_BUFFER)
    from apache_beam.io.filesystem import CompressionTypes

    stream: BinaryIO = _filesystems().open(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return stream


def unreadable(file: FileRef, error: Exception) -> DeadLetter | None:
    """The dead letter of a file that cannot be read, now or later; None where trying again may help."""
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


def _matches(pattern: str, limit: int | None = None) -> Iterator[FileRef | DeadLetter]:
    return _local_matches(pattern) if is_local(pattern) else _remote_matches(pattern, limit)


def _local_matches(pattern: str) -> Iterator[FileRef | DeadLetter]:
    if os.path.lexists(pattern):
        yield from _below(pattern)
    elif _GLOB.intersection(pattern):
        for path in sorted(glob.iglob(pattern, recursive=True, include_hidden=True)):
            yield from _below(path)


def _below(path: str, parents: frozenset[tuple[int, int]] = frozenset()) -> Iterator[FileRef | DeadLetter]:
    """The file itself, or all files below a folder, in order. Links are followed, but not round in circles."""
    try:
        status = os.stat(path)
    except OSError:
        yield FileRef(path, 0, 0)  # reading it will say why it cannot be read
        return
    if not stat.S_ISDIR(status.st_mode):
        if stat.S_ISREG(status.st_mode):
            yield FileRef(path, status.st_mtime_ns // 1000, status.st_size)
        return
    identity = (status.st_dev, status.st_ino)
    if identity in parents:
        return
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        dead = unreadable(FileRef(path, status.st_mtime_ns // 1000, 0), error)
        if dead:
            yield dead
        return
    for name in names:
        yield from _below(os.path.join(path, name), parents | {identity})


def _remote_matches(pattern: str, limit: int | None) -> Iterator[FileRef]:
    """What a pattern matches, else everything below it."""
    patterns = [pattern] if _GLOB.intersection(pattern) else [pattern, pattern.rstrip("/") + "/**"]
    scheme, _, rest = pattern.partition("://")
    if "/" not in rest.rstrip("/"):
        patterns = [f"{scheme}://{rest.rstrip('/')}/**"]
    elif pattern.endswith("/"):
        patterns = [pattern + "**"]
    for one in patterns:
        matches = _listed(one, limit)
        if limit is not None and len(matches) == limit and all(match.path.endswith("/") for match in matches):
            matches = _listed(one, None)
        for match in matches:
            if not match.path.endswith("/"):  # an object that stands for a folder
                yield FileRef(match.path, _micros(match.last_updated_in_seconds), match.size_in_bytes or 0)


def _listed(pattern: str, limit: int | None) -> list[Any]:
    from apache_beam.io.filesystem import BeamIOError

    try:
        results = _filesystems().match([pattern], None if limit is None else [limit])
    except (BeamIOError, ValueError) as error:
        raise InputError(f"{pattern} cannot be listed: {error}") from error
    return list(results[0].metadata_list)


def _micros(seconds: float | None) -> int:
    return round(seconds * 1_000_000) if seconds else 0


def _filesystems() -> Any:
    from apache_beam.io.filesystems import FileSystems

    return FileSystems


def _nothing(pattern: str) -> str:
    if not is_local(pattern):
        return f"{pattern} matches nothing: check the bucket, the path and that you may list it"
    folder = pattern
    while folder != os.path.dirname(folder) and not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    if folder == pattern:
        return f"{pattern} is a folder without files"
    return f"{pattern} matches no file: the last folder on the way to it that exists is {folder}"
