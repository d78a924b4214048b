"""Which files a list of patterns names, as a stream, and in ranges that can be listed in parallel.

A file that several patterns name belongs to the first of them. Its path shows whether an earlier one names it, so the
files that were listed need not be remembered.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from transforms.ingest import buckets, folders
from transforms.ingest.buckets import Names
from transforms.ingest.errors import InputError
from transforms.ingest.files import FileRef, split_patterns
from transforms.ingest.patterns import Named, is_local, remote_globs
from transforms.language import say, tr
from transforms.model import DeadLetter

# Objects that are looked at for the first that a pattern matches, before a job is launched: some seconds. Where it is
# further on, the job itself finds out.
_LOOKED_AT = 50_000


class Listing(NamedTuple):
    """What one worker lists: what the last of the patterns names and none of the others, or a range of it."""

    patterns: tuple[str, ...]
    names: Names | None = None


def listings(patterns: Iterable[str]) -> Iterator[Listing]:
    """All that some patterns name, divided. Raises InputError when a pattern names nothing."""
    single = tuple(patterns)
    for place, pattern in enumerate(single, 1):
        if _is_empty(pattern, math.inf):
            raise InputError(_nothing(pattern))
        if is_local(pattern):
            yield Listing(single[:place])
        else:
            for names in buckets.ranges(pattern):
                yield Listing(single[:place], names)


def listed(listing: Listing) -> Iterator[FileRef | DeadLetter]:
    """The files of a listing; a folder that cannot be listed is a dead letter."""
    *earlier, pattern = listing.patterns
    named_before = Named(earlier)
    found = buckets.matches(listing.names) if listing.names else _candidates(pattern)
    for match in found:
        if match and not named_before(match.path if isinstance(match, FileRef) else match.origin):
            yield match


def list_files(patterns: str | Iterable[str]) -> Iterator[FileRef | DeadLetter]:
    """Every file the patterns name, each once, however many of them name it. Raises InputError when one names none."""
    single = tuple(split_patterns(patterns))
    for place, pattern in enumerate(single, 1):
        if _is_empty(pattern, math.inf):
            raise InputError(_nothing(pattern))
        yield from listed(Listing(single[:place]))


def check_patterns(patterns: str | Iterable[str]) -> None:
    """Raises InputError when there is no pattern, or one that matches no file. Reads no file, lists little."""
    single = split_patterns(patterns)
    if not single:
        raise InputError(tr("no input: give a file, a folder, a glob, or a gs:// or s3:// pattern"))
    empty = [pattern for pattern in single if _is_empty(pattern, _LOOKED_AT)]
    if empty:
        raise InputError("; ".join(_nothing(pattern) for pattern in empty))


def _candidates(pattern: str) -> Iterator[FileRef | DeadLetter | None]:
    """What a pattern names, None for what was looked at and is not it."""
    if is_local(pattern):
        yield from folders.matches(pattern)
    else:
        for glob in remote_globs(pattern):
            yield from buckets.matches(Names(glob, "", ""))


def _is_empty(pattern: str, most: float) -> bool:
    """Whether nothing was found among all that had to be looked at; not where that was more than ``most``."""
    return all(match is None and place < most for place, match in enumerate(_candidates(pattern)))


def _nothing(pattern: str) -> str:
    if not is_local(pattern):
        return say("{pattern} matches nothing: check the bucket, the path and that you may list it", pattern=pattern)
    folder = pattern
    while folder != os.path.dirname(folder) and not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    if folder == pattern:
        return say("{pattern} is a folder without files", pattern=pattern)
    return say(
        "{pattern} matches no file: the last folder on the way to it that exists is {folder}",
        pattern=pattern,
        folder=folder,
    )
