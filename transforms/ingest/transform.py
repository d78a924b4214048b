"""ReadDocuments: from files, folders, globs and archives to RawDocuments, on any runner."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from typing import Any

import apache_beam as beam
from apache_beam import pvalue

from transforms import metrics
from transforms.ingest.archives import expand, expand_bytes
from transforms.ingest.files import FileRef, open_file, split_patterns, unreadable
from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import DEFAULT, Limits
from transforms.ingest.listing import Listing, listed, listings
from transforms.ingest.patterns import is_local
from transforms.ingest.spread import Packer, unpacked
from transforms.ingest.work import LONG_BYTES, Batch, Work, ZipShard, batches, read_shard, shared_out
from transforms.model import DeadLetter, Expanded, RawDocument

_FILES, _DOCUMENTS, _DEAD_LETTERS, _PACKS = "files", "documents", "dead_letters", "packs"
_FETCHED_AHEAD = 16
_FETCHED_BYTES = 1_000_000


class Count:
    """The counters of ingestion. Made once for a DoFn: making a counter costs more than counting."""

    def __init__(self) -> None:
        self.files_matched = metrics.counter("files_matched")
        self.files_read = metrics.counter("files_read")
        self.entries_read = metrics.counter("entries_read")
        self.bytes_read = metrics.counter("bytes_read")
        self.litter_skipped = metrics.counter("litter_skipped")


@beam.typehints.with_input_types(Listing)
@beam.typehints.with_output_types(Batch, dead_letters=DeadLetter)
class _ListFiles(beam.DoFn):
    """Lists as a stream; what is held is one batch."""

    def __init__(self) -> None:
        self._count = Count()

    def process(self, listing: Listing) -> Iterator[Any]:
        dead: list[DeadLetter] = []

        def files() -> Iterator[FileRef]:
            for match in listed(listing):
                if isinstance(match, FileRef):
                    self._count.files_matched.inc()
                    yield match
                else:
                    dead.append(match)

        yield from batches(files())
        for letter in dead:
            yield pvalue.TaggedOutput(_DEAD_LETTERS, letter)


@beam.typehints.with_input_types(Batch)
@beam.typehints.with_output_types(Work)
class _ShareOut(beam.DoFn):
    """Large zip archives in shards, all other files as they are. A file that cannot be opened is reported when it is
    read."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def process(self, batch: Batch) -> list[Work]:
        try:
            return shared_out(batch, self._limits)
        except Exception as error:
            if unreadable(batch.files[0], error) is None:
                raise
            return [batch]


@beam.typehints.with_input_types(Work)
@beam.typehints.with_output_types(RawDocument, dead_letters=DeadLetter, packs=bytes)
class _Read(beam.DoFn):
    """Reads a piece of work as a stream. Small remote files are fetched several at a time, as their cost is waiting.

    ``spread``: the documents of a large file that is read in one piece are emitted in packs, for other workers.
    """

    def __init__(self, limits: Limits, spread: bool = False) -> None:
        self._limits = limits
        self._spread = spread
        self._count = Count()
        self._pool: ThreadPoolExecutor | None = None

    def setup(self) -> None:
        self._pool = ThreadPoolExecutor(_FETCHED_AHEAD, thread_name_prefix="fetch")

    def teardown(self) -> None:
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def process(self, work: Work) -> Iterator[Any]:
        outcomes = self._shard(work) if isinstance(work, ZipShard) else self._batch(work)
        count = self._count
        packer = Packer() if self._spread and _is_long(work) else None
        for outcome in outcomes:
            count.entries_read.inc()
            if isinstance(outcome, RawDocument):
                count.bytes_read.inc(len(outcome.payload))
                if packer:
                    yield from _tagged(packer.add(outcome))
                else:
                    yield outcome
            else:
                yield pvalue.TaggedOutput(_DEAD_LETTERS, outcome)
        if packer:
            yield from _tagged(packer.rest())

    def _shard(self, shard: ZipShard) -> Iterator[Expanded]:
        if shard.start == shard.directory.start:
            self._count.files_read.inc()
        return _or_dead(shard.file, partial(read_shard, shard, self._limits, self._count.litter_skipped.inc))

    def _batch(self, batch: Batch) -> Iterator[Expanded]:
        files = batch.files
        small = [file for file in files if not is_local(file.path) and file.size <= _FETCHED_BYTES]
        others = [file for file in files if is_local(file.path) or file.size > _FETCHED_BYTES]
        return chain(self._fetched(small), chain.from_iterable(map(self._streamed, others)))

    def _streamed(self, file: FileRef) -> Iterator[Expanded]:
        def read() -> Iterator[Expanded]:
            with open_file(file.path) as stream:
                yield from expand(stream, file.origin, file.modified_at, self._limits, self._count.litter_skipped.inc)

        self._count.files_read.inc()
        return _or_dead(file, read)

    def _fetched(self, files: list[FileRef]) -> Iterator[Expanded]:
        assert self._pool is not None
        waiting = iter(files)
        ahead = deque((file, self._pool.submit(_content, file.path)) for file in islice(waiting, _FETCHED_AHEAD))
        while ahead:
            file, content = ahead.popleft()
            yield from _or_dead(file, partial(self._expanded, file, content))
            following = next(waiting, None)
            if following:
                ahead.append((following, self._pool.submit(_content, following.path)))

    def _expanded(self, file: FileRef, future: Future[bytes]) -> Iterator[Expanded]:
        self._count.files_read.inc()
        yield from expand_bytes(
            future.result(), file.origin, file.modified_at, self._limits, self._count.litter_skipped.inc
        )


def _is_long(work: Work) -> bool:
    """Whether it keeps one thread busy for seconds or hours: a large file that could not be divided."""
    return isinstance(work, Batch) and work.files[0].size >= LONG_BYTES


def _tagged(packs: Iterable[bytes]) -> Iterator[pvalue.TaggedOutput]:
    return (pvalue.TaggedOutput(_PACKS, pack) for pack in packs)


def _content(path: str) -> bytes:
    with open_file(path) as stream:
        return stream.read()


def _or_dead(file: FileRef, read: Callable[[], Iterable[Expanded]]) -> Iterator[Expanded]:
    """What ``read`` gives; if the file can never be read to its end, a dead letter after what could be read."""
    try:
        yield from read()
    except Exception as error:
        dead = unreadable(file, error)
        if dead is None:
            raise
        yield dead


class _ReadListed(beam.PTransform):
    """From pattern lists to documents. Only names go through a shuffle; contents only where they are to be spread."""

    def __init__(self, limits: Limits, spread: bool = False) -> None:
        super().__init__()
        self._limits = limits
        self._spread = spread

    def expand(self, patterns: pvalue.PCollection[tuple[str, ...]]) -> Inputs:
        found = (
            patterns
            | "DivideListing" >> beam.FlatMap(listings).with_output_types(Listing)
            | "SpreadListing" >> beam.Reshuffle()
            | "ListFiles" >> beam.ParDo(_ListFiles()).with_outputs(_DEAD_LETTERS, main=_FILES)
        )
        # One step reads all kinds of work: a Flatten behind two would hold the documents in memory on local runners.
        read = (
            found[_FILES]
            | "SpreadFiles" >> beam.Reshuffle()
            | "ShareOutArchives" >> beam.ParDo(_ShareOut(self._limits))
            | "SpreadWork" >> beam.Reshuffle()
            | "ReadFiles"
            >> beam.ParDo(_Read(self._limits, self._spread)).with_outputs(_DEAD_LETTERS, _PACKS, main=_DOCUMENTS)
        )
        documents = read[_DOCUMENTS]
        if self._spread:
            entries = (
                read[_PACKS]
                | "SpreadEntries" >> beam.Reshuffle()
                | "UnpackEntries" >> beam.FlatMap(unpacked).with_output_types(RawDocument)
            )
            documents = (documents, entries) | "AllDocuments" >> beam.Flatten()
        dead = (found[_DEAD_LETTERS], read[_DEAD_LETTERS]) | "DeadLetters" >> beam.Flatten()
        return Inputs(documents, dead)


class ReadDocuments(beam.PTransform):
    """PBegin -> ``Inputs``: every document below files, folders, globs and ``gs://`` patterns, archives included.

    Local paths are made absolute where the pipeline is built, so that a document's origin does not depend on the
    working directory. A pattern that matches nothing fails the job; ``listing.check_patterns`` says so before it is
    launched.

    ``spread``: documents of large files that one thread must read, such as a tar.gz, go through a shuffle behind it, so
    that all workers share what follows. The outputs are the same. A runner that shuffles in memory holds them all.
    """

    def __init__(self, patterns: str | Iterable[str], limits: Limits = DEFAULT, spread: bool = False) -> None:
        super().__init__()
        self.patterns = tuple(split_patterns(patterns))
        self.limits = limits
        self.spread = spread

    def expand(self, begin: pvalue.PBegin) -> Inputs:
        patterns = begin | "Patterns" >> beam.Create([self.patterns])
        read: Inputs = patterns | "Read" >> _ReadListed(self.limits, self.spread)
        return read
