"""How many documents an input holds, by the sizes of its files, and how many workers can read it at once."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.pricing import ARCHIVED, NEEDS
from transforms.ingest.files import FileRef
from transforms.ingest.listing import list_files

# Read from the start to the end by one thread; zip archives are divided, other files are many.
_STREAMS = (".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz")


class Input(NamedTuple):
    """What is to be read. ``streams``: files that one thread each reads, if the input has no others, else 0."""

    files: int
    bytes: int
    documents: int
    streams: int


def measure(patterns: str, payload_bytes: float = NEEDS["payload_bytes"].value) -> Input:
    """Lists the files, local or ``gs://``, and reads none. Raises InputError when a pattern names none."""
    files = [found for found in list_files(patterns) if isinstance(found, FileRef)]
    documents = sum(max(1, round(file.size / _bytes_of_one(file.path, payload_bytes))) for file in files)
    streams = sum(file.path.endswith(_STREAMS) for file in files)
    return Input(len(files), sum(file.size for file in files), documents, streams if streams == len(files) else 0)


def _bytes_of_one(path: str, payload_bytes: float) -> float:
    """Bytes that a document takes in a file of this name."""
    return next((constant.value for suffix, constant in ARCHIVED.items() if path.endswith(suffix)), payload_bytes)
