"""Documents of an archive that one thread reads, packed so that all workers share the steps after it.

One thread reads a compressed tar from start to end. After the reader its documents go through a shuffle, about a
megabyte at a time and compressed, since a shuffle is billed by its bytes. Pure.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator

import zstandard

from transforms.model import RawDocument

# Of documents in a pack; one that is larger travels alone.
PACK_BYTES = 1_000_000
_LEVEL = 1


class Packer:
    """Gathers documents; what it holds is a pack and a document at most."""

    def __init__(self) -> None:
        self._waiting: list[tuple[bytes, str, int]] = []
        self._size = 0
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)

    def add(self, document: RawDocument) -> Iterator[bytes]:
        """Takes a document, and gives the pack that it completes."""
        self._waiting.append((document.payload, document.origin, document.received_at))
        self._size += len(document.payload)
        if self._size >= PACK_BYTES:
            yield from self.rest()

    def rest(self) -> Iterator[bytes]:
        """The last pack, none when nothing is left."""
        if self._waiting:
            yield self._compressor.compress(pickle.dumps(self._waiting, protocol=5))
            self._waiting, self._size = [], 0


def packed(documents: Iterable[RawDocument]) -> Iterator[bytes]:
    """All documents in packs, in order."""
    packer = Packer()
    for document in documents:
        yield from packer.add(document)
    yield from packer.rest()


def unpacked(pack: bytes) -> Iterator[RawDocument]:
    """The documents of a pack, as they went in."""
    for document in pickle.loads(zstandard.ZstdDecompressor().decompress(pack)):
        yield RawDocument(*document)
