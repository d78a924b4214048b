"""How many documents an input holds, by the sizes of its files, and how many workers can read it at once."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import PurePath
from typing import NamedTuple

from pipelines.pricing import ARCHIVED, ARCHIVED_PAYLOAD, NEEDS
from transforms.ingest.files import FileRef
from transforms.ingest.listing import list_files
from transforms.ingest.work import LONG_BYTES
from transforms.model import DeadLetter

# Read from the start to the end by one thread; zip archives are divided, other files are many.
_LISTED = 2_000
_STREAMS = (".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz")


class Input(NamedTuple):
    """What is to be read. ``streams``: long files that one thread each reads, and the documents in them.

    ``whole``: whether all files were seen.
    """

    files: int
    bytes: int
    documents: int
    streams: int
    streamed_documents: int
    whole: bool = True

    @property
    def only_streams(self) -> bool:
        """Whether nearly all documents are in files that one thread each reads."""
        return self.streamed_documents > 0.9 * self.documents


class Listed:
    """The files of some patterns, local or ``gs://``, for those who look at them one after the other: they are listed
    once, as far as somebody looks. Looking raises InputError when a pattern names none."""

    def __init__(self, patterns: str) -> None:
        self.patterns = patterns
        self._seen: list[FileRef | DeadLetter] = []
        self._rest = list_files(patterns)

    def __iter__(self) -> Iterator[FileRef | DeadLetter]:
        yield from self._seen
        for file in self._rest:
            self._seen.append(file)
            yield file


def measure(
    files: Iterable[FileRef | DeadLetter],
    payload_bytes: float = NEEDS["payload_bytes"].value,
    most: int | None = None,
) -> Input:
    """Looks at the files, ``most`` of them, as a stream, and reads none."""
    seen = size = documents = streams = streamed = 0
    listed = iter(files)
    for file in islice((found for found in listed if isinstance(found, FileRef)), most):
        inside = max(1, round(file.size / _bytes_of_one(file.path, payload_bytes)))
        seen, size, documents = seen + 1, size + file.size, documents + inside
        if file.path.endswith(_STREAMS) and file.size >= LONG_BYTES:
            streams, streamed = streams + 1, streamed + inside
    return Input(seen, size, documents, streams, streamed, next(listed, None) is None)


def inputs_in(files: Listed) -> int | None:
    """Inputs by the names of files and by the directories of zip archives, and nothing else; None where that
    does not suffice: in the cloud, for other archives, for many files. An archive in an archive counts as one input.
    """
    if "://" in files.patterns:
        return None
    found = 0
    for number, file in enumerate(files):
        if number >= _LISTED or not isinstance(file, FileRef):
            return None
        inside = _entries(file.path)
        if inside is None:
            return None
        found += inside
    return found


def _entries(path: str) -> int | None:
    kind = PurePath(path).suffix.lower()
    if kind == ".xml":
        return 1
    if kind != ".zip":
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(not entry.is_dir() for entry in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError):
        return None


def _bytes_of_one(path: str, payload_bytes: float) -> float:
    """Bytes that a document takes in a file of this name."""
    packed = next((constant.value for suffix, constant in ARCHIVED.items() if path.endswith(suffix)), None)
    return payload_bytes if packed is None else packed * payload_bytes / ARCHIVED_PAYLOAD
