"""The stored form of XML and of JSON: one version byte, then what that version says.

Version 1 is a zstd frame whose header carries the id of the dictionary it was made with. Dictionaries are shipped
with the package and kept in the table too, so what was written can be read without the package that wrote it.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import orjson
import zstandard

VERSION_1 = b"\x01"
XML, JSON = "xml", "json"

# Chosen by measurement: the highest levels that cost less CPU than gzip 6 on fiscal XML. JSON cells are small and
# many, and gain little above level 3.
LEVELS = {XML: 6, JSON: 3}

_MAGIC = 0xEC30A437
_CURRENT = "current.json"


class CodecError(ValueError):
    """Stored bytes that cannot be read; the message says why."""


class UnknownDictionary(CodecError):
    """A cell needs a dictionary that is not at hand; ``dictionary_id`` says which."""

    def __init__(self, dictionary_id: int) -> None:
        super().__init__(
            f"dictionary {dictionary_id} is neither in this release nor in the table's row "
            f"~dictionary/{dictionary_id}; without it the cell cannot be read. Restore that row from a backup, or "
            "store it again with the release that wrote it."
        )
        self.dictionary_id = dictionary_id


class Dictionary(NamedTuple):
    """A zstd dictionary for ``purpose`` (``xml`` or ``json``). Its id is also inside ``data``."""

    purpose: str
    dictionary_id: int
    data: bytes


Find = Callable[[int], bytes | None]


def dictionary_id_of(data: bytes) -> int:
    """The id inside a dictionary.

    Raises CodecError when the bytes are no zstd dictionary.
    """
    if len(data) < 8 or struct.unpack_from("<I", data)[0] != _MAGIC:
        raise CodecError("not a zstd dictionary: it does not begin with its magic number 37 a4 30 ec")
    return int(struct.unpack_from("<I", data, 4)[0])


@cache
def packaged() -> tuple[Dictionary, ...]:
    """Every dictionary shipped with the package, current or not."""
    folder = resources.files(__package__) / "dictionaries"
    found = []
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".zdict"):
            data = file.read_bytes()
            found.append(Dictionary(file.name.partition("-")[0], dictionary_id_of(data), data))
    return tuple(found)


@cache
def current() -> dict[str, int]:
    """Which dictionary new data is written with: purpose -> dictionary id."""
    text = (resources.files(__package__) / "dictionaries" / _CURRENT).read_bytes()
    return {purpose: int(number) for purpose, number in orjson.loads(text).items()}


class _Engines(threading.local):
    """zstd contexts of one thread: they are not safe to share, and costly to make."""

    def __init__(self) -> None:
        self.compressors: dict[str, zstandard.ZstdCompressor] = {}
        self.decompressors: dict[int, zstandard.ZstdDecompressor] = {}


class Codec:
    """Encodes and decodes stored XML and JSON; safe to share between threads.

    ``dictionaries`` are those at hand, ``writing`` says which of them to write with (none: no dictionary), ``find``
    fetches one that is not at hand by its id (from the table).
    """

    def __init__(self, dictionaries: Iterable[Dictionary], writing: dict[str, int], find: Find | None = None) -> None:
        self._data = {d.dictionary_id: d.data for d in dictionaries}
        self._find = find
        self._engines = _Engines()
        self._writing: dict[str, zstandard.ZstdCompressionDict | None] = {XML: None, JSON: None}
        for purpose, number in writing.items():
            prepared = zstandard.ZstdCompressionDict(self._data[number])
            prepared.precompute_compress(level=LEVELS[purpose])
            self._writing[purpose] = prepared

    def encode_xml(self, xml: bytes) -> bytes:
        """Stored form of an XML; ``decode_xml`` gives the same bytes back."""
        return VERSION_1 + self._compressor(XML).compress(xml)

    def decode_xml(self, stored: bytes) -> bytes:
        """The bytes as received.

        Raises CodecError for an unknown version, a dictionary that cannot be found, or damaged bytes.
        """
        return self._decompress(stored, "XML")

    def encode_json(self, value: Any) -> bytes:
        """Stored form of a JSON value: the same for equal values, whatever the order of their keys."""
        return VERSION_1 + self._compressor(JSON).compress(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))

    def decode_json(self, stored: bytes) -> Any:
        """The JSON value; raises CodecError as ``decode_xml`` does."""
        text = self._decompress(stored, "JSON")
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise CodecError(f"stored JSON is damaged: {error}") from error

    def _compressor(self, purpose: str) -> zstandard.ZstdCompressor:
        made = self._engines.compressors.get(purpose)
        if made is None:
            made = zstandard.ZstdCompressor(
                level=LEVELS[purpose], dict_data=self._writing[purpose], write_checksum=False
            )
            self._engines.compressors[purpose] = made
        return made

    def _decompress(self, stored: bytes, what: str) -> bytes:
        if stored[:1] != VERSION_1:
            version = f"version {stored[0]}" if stored else "no version byte: the cell is empty"
            raise CodecError(f"stored {what} has {version}; this release reads version 1. Use a newer release.")
        frame = memoryview(stored)[1:]
        try:
            number = zstandard.get_frame_parameters(frame).dict_id
            return bytes(self._decompressor(number).decompress(frame))
        except zstandard.ZstdError as error:
            raise CodecError(f"stored {what} of {len(stored)} bytes is damaged: {error}") from error

    def _decompressor(self, number: int) -> zstandard.ZstdDecompressor:
        made = self._engines.decompressors.get(number)
        if made is None:
            dictionary = zstandard.ZstdCompressionDict(self._dictionary(number)) if number else None
            made = zstandard.ZstdDecompressor(dict_data=dictionary)
            self._engines.decompressors[number] = made
        return made

    def learn(self, data: bytes) -> None:
        """Adds a dictionary for reading; raises CodecError when the bytes are none."""
        self._data[dictionary_id_of(data)] = data

    def _dictionary(self, number: int) -> bytes:
        if number not in self._data and self._find is not None:
            data = self._find(number)
            if data is not None:
                self.learn(data)
        if number not in self._data:
            raise UnknownDictionary(number)
        return self._data[number]


def packaged_codec(find: Find | None = None) -> Codec:
    """A codec that writes with the current dictionaries and reads with all shipped ones."""
    return Codec(packaged(), current(), find)
