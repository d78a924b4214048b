"""The objects of buckets. Cloud Storage is listed by ranges of names, in parallel; other stores through Beam.

Cloud Storage gives the names under a prefix in order, a thousand a request, each request waiting for the one before:
ten million take most of an hour in one thread. It also gives those between two names, and so ranges of names can be
listed at once (https://cloud.google.com/storage/docs/json_api/v1/objects/list: startOffset, endOffset). Beam's own
``match`` does neither, and makes one list of all it finds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from transforms import instants
from transforms.ingest.errors import InputError
from transforms.ingest.files import FileRef
from transforms.ingest.patterns import literal_start, remote_globs, remote_matcher
from transforms.ingest.remote import S3, filesystems, objects
from transforms.language import say

_GCS = "gs://"
_FIELDS = "items(name,size,updated),nextPageToken"
# A page of the listing, and whether a range is worth dividing: it is when it has more than a page.
PAGE = 1_000
# Ranges to make of a pattern, and how many pages may be looked at for it, some 50 ms each.
RANGES = 128
_LOOKS = 400


class Names(NamedTuple):
    """A range of object names under a prefix: from ``start`` on, up to ``end``, not included; empty for no bound."""

    glob: str
    start: str
    end: str


def ranges(pattern: str) -> list[Names]:
    """Ranges of names that can be listed in parallel, and together cover what a remote pattern names."""
    found = []
    for glob in remote_globs(pattern):
        if not glob.startswith(_GCS) or glob == literal_start(glob):
            found.append(Names(glob, "", ""))
        else:
            bucket, prefix = _bucket_and_name(literal_start(glob))
            found += [Names(glob, *bounds) for bounds in divide(prefix, _looking(bucket, prefix))]
    return found


def matches(names: Names) -> Iterator[FileRef | None]:
    """The objects of a range that its glob matches, and None for each that it does not, as they are listed."""
    for object_ in _listed(names):
        yield object_ if object_ and not object_.path.endswith("/") else None  # it stands for a folder


def divide(prefix: str, look: Callable[[str, str], list[str]]) -> list[tuple[str, str]]:
    """Ranges (start, end) of names that together are all those with the prefix, in order.

    ``look`` gives the first names, a page at most, of a range. A range with more than a page is cut where the first
    character behind what all of its names begin with changes; wherever it is cut, no name is lost. Ranges without
    names are left out.
    """
    looks = 0

    def looked(start: str, end: str) -> list[str]:
        nonlocal looks
        looks += 1
        return look(start, end)

    waiting = deque([(prefix, "", "")])
    done: list[tuple[str, str]] = []
    while waiting and len(waiting) + len(done) < RANGES and looks < _LOOKS:
        head, start, end = waiting.popleft()
        found = looked(start, end)
        if len(found) < PAGE:
            done += [(start, end)] if found else []
        else:
            parts = _parts(head, start, end, found, looked)
            waiting.extend(parts)
            done += [] if parts else [(start, end)]
    return sorted(done + [(start, end) for _, start, end in waiting])


def _parts(
    head: str, start: str, end: str, found: list[str], look: Callable[[str, str], list[str]]
) -> list[tuple[str, str, str]]:
    """A range by the character that follows ``head``; names that are the head itself, or a part of it, come first."""
    characters: list[str] = []
    while found:
        characters += sorted({name[len(head)] for name in found if len(name) > len(head)} - {*characters[-1:]})
        following = _after(characters[-1]) if characters else "\0"
        found = look(head + following, end) if following else []
    starts = [start, *(head + character for character in characters[1:])]
    ends = [*starts[1:], end]
    heads = [head + character for character in characters]
    return list(zip(heads, starts, ends, strict=True)) if characters else []


def _after(character: str) -> str | None:
    """The character after one in the order of UTF-8, which has no surrogates."""
    code = ord(character) + 1
    if code == 0xD800:
        code = 0xE000
    return chr(code) if code <= 0x10FFFF else None


def _looking(bucket: str, prefix: str) -> Callable[[str, str], list[str]]:
    def look(start: str, end: str) -> list[str]:
        return [object_.name for object_ in islice(_objects(bucket, prefix, start, end, PAGE), PAGE)]

    return look


def _listed(names: Names) -> Iterator[FileRef | None]:
    from apache_beam.io.filesystem import BeamIOError
    from google.api_core.exceptions import ClientError

    try:
        if names.glob.startswith(_GCS):
            yield from _of_gcs(names)
        else:
            yield from _of_others(names.glob)
    except (BeamIOError, ClientError, ValueError) as error:
        raise InputError(say("{pattern} cannot be listed: {error}", pattern=names.glob, error=error)) from error


def _of_gcs(names: Names) -> Iterator[FileRef | None]:
    bucket, prefix = _bucket_and_name(literal_start(names.glob))
    matching = remote_matcher(names.glob)
    start, end = (names.start, names.end) if prefix != _bucket_and_name(names.glob)[1] else (prefix, prefix + "\0")
    for found in _objects(bucket, prefix, start, end, None):
        path = f"{_GCS}{bucket}/{found.name}"
        yield FileRef(path, instants.micros_of(found.updated), found.size or 0) if matching(path) else None


def _objects(bucket: str, prefix: str, start: str, end: str, most: int | None) -> Iterator[Any]:
    listed = _gcs().list_blobs(
        bucket,
        prefix=prefix or None,
        start_offset=start or None,
        end_offset=end or None,
        max_results=most,
        fields=_FIELDS,
    )
    for found in listed:
        # Not every server that speaks this protocol knows offsets.
        if found.name >= start and (not end or found.name < end):
            yield found


def _of_others(glob: str) -> Iterator[FileRef | None]:
    """Through Beam: as a stream where a store has no folders, else in one list."""
    if glob.startswith(S3):
        yield from _of_s3(glob)
        return
    store = filesystems().get_filesystem(glob)
    start = literal_start(glob)
    if store.has_dirs() or start == glob:
        found = store.match([glob])[0].metadata_list
    else:
        found = store.match_files(store._list(start), glob)
    for each in found:
        yield FileRef(each.path, round((each.last_updated_in_seconds or 0) * 1_000_000), each.size_in_bytes or 0)


def _of_s3(glob: str) -> Iterator[FileRef | None]:
    matching = remote_matcher(glob)
    for path, size, updated in objects(literal_start(glob)):
        yield FileRef(path, instants.micros_of(updated), size) if matching(path) else None


def _bucket_and_name(path: str) -> tuple[str, str]:
    bucket, _, name = path.removeprefix(_GCS).partition("/")
    return bucket, name


def _gcs() -> Any:
    """The client that Beam makes of the job's options: its credentials, and the emulator where there is one."""
    from apache_beam.io.gcp import gcsio

    return gcsio.GcsIO(pipeline_options=filesystems()._pipeline_options).client
