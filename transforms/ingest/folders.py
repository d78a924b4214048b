"""The files of local folders, found by walking them; memory does not grow with their number."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from itertools import islice

from transforms.ingest.files import FileRef, unreadable
from transforms.ingest.patterns import Glob, is_glob
from transforms.model import DeadLetter

# Names of a folder that are sorted together. Most folders come whole, in order; a larger one in pieces of this size.
_SORTED = 10_000

_Folders = frozenset[tuple[int, int]]
_TOP: _Folders = frozenset()


def matches(pattern: str) -> Iterator[FileRef | DeadLetter]:
    """The files that a local pattern names, each once; a folder that cannot be listed is a dead letter."""
    if is_glob(pattern):
        glob = Glob(pattern)
        yield from _matching(glob, glob.base, glob.start, _TOP)
    elif os.path.lexists(pattern):
        yield from _below(pattern, _TOP)


def _matching(glob: Glob, path: str, state: frozenset[int], parents: _Folders) -> Iterator[FileRef | DeadLetter]:
    """What the glob matches at a path or below it, and all that is below what it matches."""
    if glob.matched(state):
        yield from _below(path, parents)
        return
    folder = _folder(path, parents)
    if folder is None:
        return
    only = glob.only_names(state)
    if only is not None:
        names: Iterator[str] | list[str] = [name for name in only if os.path.lexists(os.path.join(path, name))]
    else:
        names = _names(path)
    try:
        for name in names:
            following = glob.step(state, name)
            if following:
                yield from _matching(glob, os.path.join(path, name), following, parents | {folder})
    except OSError as error:
        yield from _not_listed(path, error)


def _below(path: str, parents: _Folders) -> Iterator[FileRef | DeadLetter]:
    """The file itself, or all files below a folder. Links are followed, but never in a circle."""
    try:
        status = os.stat(path)
    except OSError:
        yield FileRef(path, 0, 0)  # reading it will say why it cannot be read
        return
    if not stat.S_ISDIR(status.st_mode):
        if stat.S_ISREG(status.st_mode):
            yield FileRef(path, status.st_mtime_ns // 1000, status.st_size)
        return
    folder = (status.st_dev, status.st_ino)
    if folder in parents:
        return
    try:
        for name in _names(path):
            yield from _below(os.path.join(path, name), parents | {folder})
    except OSError as error:
        yield from _not_listed(path, error)


def _folder(path: str, parents: _Folders) -> tuple[int, int] | None:
    """A folder's identity; None for what is not a folder, does not exist, or is one of its own parents."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    folder = (status.st_dev, status.st_ino)
    return folder if stat.S_ISDIR(status.st_mode) and folder not in parents else None


def _names(path: str) -> Iterator[str]:
    with os.scandir(path) as entries:
        while some := sorted(entry.name for entry in islice(entries, _SORTED)):
            yield from some


def _not_listed(path: str, error: OSError) -> Iterator[DeadLetter]:
    """Raises the error again if it is transient, or is not about this folder."""
    if error.filename != path:
        raise error
    dead = unreadable(FileRef(path, os.stat(path).st_mtime_ns // 1000, 0), error)
    if dead is None:
        raise error
    yield dead
