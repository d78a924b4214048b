"""How reading is divided: small files in batches, each large one alone, large zip archives in ranges of entries.

What is passed around is a few hundred bytes per piece of work: names, never contents.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from transforms.ingest import office, zips
from transforms.ingest.archives import Expansion, uncounted
from transforms.ingest.files import FileRef, open_file
from transforms.ingest.limits import DEFAULT, Budget, Limits, Unreadable
from transforms.ingest.names import EntryNames
from transforms.ingest.sniff import Kind, kind_of
from transforms.ingest.streams import CountedFile
from transforms.ingest.zips import Directory
from transforms.model import Expanded

BATCH_FILES = 100
BATCH_BYTES = 4_000_000
# A range of a zip archive is about a second's work: on one machine, where each process gets its share beforehand, the
# longest piece decides by how much one of them is last.
SHARD_ENTRIES = 1_000
SHARD_BYTES = 4_000_000
# A file of this size that cannot be divided keeps one thread busy for seconds or hours.
LONG_BYTES = 16_000_000


class Batch(NamedTuple):
    """Files that one worker reads one after the other.

    Packed, because names of one folder are much alike: where the runner shuffles in memory, all batches of an input are
    held at once, and a million files would take half a gigabyte.
    """

    packed: bytes

    @classmethod
    def of(cls, files: Iterable[FileRef]) -> Batch:
        """The batch of some files."""
        return cls(zlib.compress(pickle.dumps([tuple(file) for file in files]), 1))

    @property
    def files(self) -> tuple[FileRef, ...]:
        """Its files, unpacked each time."""
        return tuple(FileRef(*file) for file in pickle.loads(zlib.decompress(self.packed)))


class ZipShard(NamedTuple):
    """Some of the entries of a zip archive: a range of its directory (bytes), and of the names in it those that need
    another to be distinct in the archive (their place in the range, the name to use)."""

    file: FileRef
    directory: Directory
    start: int
    end: int
    renamed: tuple[tuple[int, str], ...]


Work = Batch | ZipShard


def batches(files: Iterable[FileRef]) -> Iterator[Batch]:
    """Small files together, up to a hundred or four megabytes; a large one alone."""
    batch: list[FileRef] = []
    size = 0
    for file in files:
        if file.size >= BATCH_BYTES:
            yield Batch.of([file])
            continue
        if len(batch) >= BATCH_FILES or size + file.size > BATCH_BYTES:
            yield Batch.of(batch)
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield Batch.of(batch)


def shared_out(batch: Batch, limits: Limits = DEFAULT) -> list[Work]:
    """The batch itself, or for a large zip archive its shards. Only the directory is read.

    A damaged archive is left in one piece: reading it as a whole shows what is wrong with it.
    """
    file, *others = batch.files
    if others or file.size <= SHARD_BYTES:
        return [batch]
    with open_file(file.path) as stream:
        source = CountedFile(stream, Budget(limits))
        head = source.read(1024)
        if not source.seekable() or kind_of(head, file.origin) is not Kind.ZIP:
            return [batch]
        if office.may_be_office(head) and office.code_of(head, source):
            return [batch]
        try:
            shards = list(_shards(file, source))
        except Unreadable:
            return [batch]
    return shards if len(shards) > 1 else [batch]


def _shards(file: FileRef, source: CountedFile) -> Iterator[Work]:
    directory = zips.find_directory(source)
    names = EntryNames()
    start = end = directory.start
    count = size = 0
    renamed: list[tuple[int, str]] = []
    for entry in zips.entries(source, directory):
        if count and (count >= SHARD_ENTRIES or size + entry.compressed > SHARD_BYTES):
            yield ZipShard(file, directory, start, end, tuple(renamed))
            start, count, size, renamed = end, 0, 0, []
        if not entry.is_directory:
            name = names.distinct(entry.name)
            if name != entry.name:
                renamed.append((count, name))
        count += 1
        size += entry.compressed
        end = entry.after
    yield ZipShard(file, directory, start, end, tuple(renamed))


def read_shard(
    shard: ZipShard, limits: Limits = DEFAULT, on_litter: Callable[[], None] = uncounted
) -> Iterator[Expanded]:
    """The documents of the shard's entries, exactly as reading the whole archive gives them."""
    expansion = Expansion(shard.file.modified_at, limits, on_litter)
    with open_file(shard.file.path) as stream:
        yield from expansion.zip_range(
            stream, shard.directory, shard.start, shard.end, dict(shard.renamed), shard.file.origin
        )
