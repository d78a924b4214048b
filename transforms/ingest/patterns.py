"""What a pattern names, judged by names alone. Pure, except for checking whether a local name that looks like a glob
exists.

A local pattern is a path or a glob as the shell has it; a remote one (``gs://``) a path or a glob as Beam has it. Both
name what they match and everything below it.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Iterable, Iterator

_MAGIC = re.compile(r"[*?\[]")
_ANY_DEPTH = "**"


def is_local(path: str) -> bool:
    return "://" not in path


def is_glob(pattern: str) -> bool:
    """Whether a pattern is a glob; a local one is not where a file has that very name."""
    return bool(_MAGIC.search(pattern)) and not (is_local(pattern) and os.path.lexists(pattern))


def literal_start(pattern: str) -> str:
    """What precedes the first character of a glob that stands for others."""
    return _MAGIC.split(pattern, maxsplit=1)[0]


def remote_globs(pattern: str) -> list[str]:
    """The globs, as Beam has them, that together say what a remote pattern names."""
    scheme, _, rest = pattern.partition("://")
    if "/" not in rest.rstrip("/"):
        return [f"{scheme}://{rest.rstrip('/')}/**"]
    if pattern.endswith("/"):
        return [pattern + "**"]
    return [pattern] if is_glob(pattern) else [pattern, pattern + "/**"]


def remote_matcher(glob: str) -> Callable[[str], object]:
    """Whether a remote glob matches a whole path: None where it does not."""
    from apache_beam.io.filesystem import FileSystem

    return re.compile(FileSystem.translate_pattern(glob)).match


class Glob:
    """A local glob, matched name by name on the way down from ``base``, so that a walk goes only where it may match.

    A state says which parts of the glob may come next; ``**`` stands for any number of folders.
    """

    def __init__(self, pattern: str) -> None:
        parts = pattern.split(os.sep)
        fixed = next(place for place, part in enumerate(parts) if _MAGIC.search(part))
        self.base = os.sep.join(parts[:fixed]) or os.sep
        self._parts = parts[fixed:]
        self._matchers = [re.compile(fnmatch.translate(part)).match for part in self._parts]
        self.start = self._with_skipped({0})

    def step(self, state: frozenset[int], name: str) -> frozenset[int]:
        """The state behind a name; empty where nothing of the glob can match below it."""
        following = set()
        for place in state:
            if place == len(self._parts):
                continue
            if self._parts[place] == _ANY_DEPTH:
                following.add(place)
            elif self._matchers[place](name):
                following.add(place + 1)
        return self._with_skipped(following)

    def matched(self, state: frozenset[int]) -> bool:
        """Whether what was walked to is named, with everything below it."""
        return len(self._parts) in state

    def only_names(self, state: frozenset[int]) -> list[str] | None:
        """The only names that can follow, None where a pattern says which."""
        parts = [self._parts[place] for place in sorted(state) if place < len(self._parts)]
        return None if any(_MAGIC.search(part) for part in parts) else parts

    def names(self, path: str) -> bool:
        """Whether the glob names a path, itself or by a folder above it."""
        below = self.base.rstrip(os.sep) + os.sep
        if not path.startswith(below):
            return False
        state = self.start
        for name in path[len(below) :].split(os.sep):
            if self.matched(state):
                return True
            state = self.step(state, name)
        return self.matched(state)

    def _with_skipped(self, state: Iterable[int]) -> frozenset[int]:
        found = set(state)
        for place, part in enumerate(self._parts):
            if place in found and part == _ANY_DEPTH:
                found.add(place + 1)
        return frozenset(found)


class Named:
    """Whether any of some patterns names a path. Its memory does not grow with the number of paths."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._paths: set[str] = set()
        self._folders: set[str] = set()
        self._globs: list[Callable[[str], object]] = []
        for pattern in patterns:
            self._add(pattern)

    def _add(self, pattern: str) -> None:
        if not is_local(pattern):
            for glob in remote_globs(pattern):
                if not _MAGIC.search(glob):
                    self._paths.add(glob)
                elif literal_start(glob) + _ANY_DEPTH == glob and glob.endswith("/" + _ANY_DEPTH):
                    self._folders.add(glob.removesuffix("/" + _ANY_DEPTH))
                else:
                    self._globs.append(remote_matcher(glob))
        elif is_glob(pattern):
            self._globs.append(Glob(pattern).names)
        else:
            self._paths.add(pattern)
            self._folders.add(pattern.rstrip(os.sep))

    def __call__(self, path: str) -> bool:
        if path in self._paths or any(glob(path) for glob in self._globs):
            return True
        return bool(self._folders) and any(folder in self._folders for folder in _above(path))


def _above(path: str) -> Iterator[str]:
    place = path.rfind("/")
    while place >= 0:
        yield path[:place]
        place = path.rfind("/", 0, place)
