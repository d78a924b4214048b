"""The stored form of XML and of JSON: one version byte, then what that version says.

Version 1 is a zstd frame whose header carries the id of the dictionary it was made with. Version 3, of XML alone, is
references to signing certificates (see ``certificates``), the signature's length and bytes, then such a frame of the
sections of the document without them (see ``columns``). Version 2, still read, has no signature and the document
itself in place of sections. Dictionaries and certificates are kept in the table, so what was written can be read
without the package that wrote it.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from importlib import resources
from typing import Any, NamedTuple

import orjson
import zstandard

from transforms.errors import AcervoError
from transforms.language import mark, say, tr
from transforms.truth import certificates, columns
from transforms.truth.certificates import Certificate

VERSION_1, VERSION_2, VERSION_3 = b"\x01", b"\x02", b"\x03"
XML, JSON = "xml", "json"

# Chosen by measurement: the highest level that with all else costs a signed document less CPU than gzip 6, an unsigned
# one up to a fifth more; the next level costs 10 to 20% more and saves 2 to 4%. JSON cells are many, small, and gain
# little above 3.
LEVELS = {XML: 4, JSON: 3}

_DAMAGED = mark("stored {what} of {size:,} bytes is damaged: {error}")
_MAGIC = 0xEC30A437
CURRENT = "current.json"


class CodecError(AcervoError, ValueError):
    """Stored bytes that cannot be read; the message says why."""


class UnknownDictionary(CodecError):
    """A cell needs a dictionary that is not at hand; ``dictionary_id`` says which."""

    def __init__(self, dictionary_id: int) -> None:
        super().__init__(
            say(
                "dictionary {number} is neither in this release nor in the table's row ~dictionary/{number}; without "
                "it the cell cannot be read. Restore that row from a backup, or store it again with the release that "
                "wrote it.",
                number=dictionary_id,
            )
        )
        self.dictionary_id = dictionary_id


class UnknownCertificate(CodecError):
    """A document refers to a certificate that is not in the table."""

    def __init__(self, digest: bytes) -> None:
        super().__init__(
            say(
                "certificate {digest} is not in the table (row <salt>~certificate/{digest}); without it the document "
                "cannot be put together. Restore that row from a backup, or apply any document with the same "
                "certificate again.",
                digest=digest.hex(),
            )
        )


class Packed(NamedTuple):
    """Stored form of an XML, and the certificates that must be in the table before it."""

    stored: bytes
    certificates: tuple[Certificate, ...]


class Dictionary(NamedTuple):
    """A zstd dictionary for ``purpose`` (``xml`` or ``json``). Its id is also inside ``data``."""

    purpose: str
    dictionary_id: int
    data: bytes


FindDictionary = Callable[[int], bytes | None]
FindCertificate = Callable[[bytes], bytes | None]


def dictionary_id_of(data: bytes) -> int:
    """The id inside a dictionary.

    Raises CodecError when the bytes are no zstd dictionary.
    """
    if len(data) < 8 or struct.unpack_from("<I", data)[0] != _MAGIC:
        raise CodecError(tr("not a zstd dictionary: it does not begin with the magic number 37 a4 30 ec"))
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
    text = (resources.files(__package__) / "dictionaries" / CURRENT).read_bytes()
    return {purpose: int(number) for purpose, number in orjson.loads(text).items()}


class _Engines(threading.local):
    """zstd contexts of one thread: they are not safe to share, and costly to make."""

    def __init__(self) -> None:
        self.compressors: dict[str, zstandard.ZstdCompressor] = {}
        self.decompressors: dict[int, zstandard.ZstdDecompressor] = {}


class Codec:
    """Encodes and decodes stored XML and JSON; safe to share between threads.

    ``dictionaries`` are those at hand, ``writing`` says which of them to write with (none: no dictionary). The others
    fetch from the table what is not at hand: a dictionary by its id, a certificate's stored form by its digest.
    """

    def __init__(
        self,
        dictionaries: Iterable[Dictionary],
        writing: dict[str, int],
        find_dictionary: FindDictionary | None = None,
        find_certificate: FindCertificate | None = None,
    ) -> None:
        self._data = {d.dictionary_id: d.data for d in dictionaries}
        self._find_dictionary = find_dictionary
        self._find_certificate = find_certificate
        self._certificate = lru_cache(maxsize=4096)(self._read_certificate)
        self._engines = _Engines()
        self._writing: dict[str, zstandard.ZstdCompressionDict | None] = {XML: None, JSON: None}
        for purpose, number in writing.items():
            prepared = zstandard.ZstdCompressionDict(self._data[number])
            prepared.precompute_compress(level=LEVELS[purpose])
            self._writing[purpose] = prepared

    def pack_xml(self, xml: bytes) -> Packed:
        """Stored form of a document, and what it refers to; ``decode_xml`` gives the same bytes back."""
        found = certificates.split(xml)
        parts = columns.take_apart(found.rest)
        if parts is None:
            return Packed(self.encode_xml(xml), ())
        signature = bytes((len(parts.signature) // columns.SIGNATURE_UNIT,)) + parts.signature
        frame = self.compress(XML, parts.sections)
        return Packed(VERSION_3 + certificates.references(found) + signature + frame, found.certificates)

    def encode_xml(self, xml: bytes) -> bytes:
        """Stored form of any bytes that refers to nothing; ``decode_xml`` gives the same bytes back."""
        return VERSION_1 + self.compress(XML, xml)

    def decode_xml(self, stored: bytes) -> bytes:
        """The bytes as received.

        Raises CodecError for an unknown version, a dictionary or certificate that cannot be found, or damaged bytes.
        """
        version = stored[:1]
        if version not in (VERSION_2, VERSION_3):
            return self._decompress(stored, "XML")
        try:
            found, rest = certificates.read_references(memoryview(stored)[1:])
            xml = self._decode_sections(rest) if version == VERSION_3 else self._decompress_frame(rest, "XML")
        except CodecError:
            raise
        except ValueError as error:
            raise CodecError(say(_DAMAGED, what="XML", size=len(stored), error=error)) from error
        return certificates.join(xml, found, self._certificate)

    def _decode_sections(self, stored: memoryview) -> bytes:
        start = 1 + stored[0] * columns.SIGNATURE_UNIT if stored else 1
        sections = self._decompress_frame(stored[start:], "XML")
        return columns.put_together(columns.Parts(sections, bytes(stored[1:start])))

    def _read_certificate(self, digest: bytes) -> bytes:
        stored = self._find_certificate(digest) if self._find_certificate else None
        if stored is None:
            raise UnknownCertificate(digest)
        return self._decompress(stored, "certificate")

    def encode_json(self, value: Any) -> bytes:
        """Stored form of a JSON value: the same for equal values, whatever the order of their keys."""
        return VERSION_1 + self.compress(JSON, orjson.dumps(value, option=orjson.OPT_SORT_KEYS))

    def decode_json(self, stored: bytes) -> Any:
        """The JSON value; raises CodecError as ``decode_xml`` does."""
        text = self._decompress(stored, "JSON")
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise CodecError(say(_DAMAGED, what="JSON", size=len(stored), error=error)) from error

    def compress(self, purpose: str, data: bytes) -> bytes:
        """One zstd frame, with the dictionary of the purpose."""
        made = self._engines.compressors.get(purpose)
        if made is None:
            level, dictionary = LEVELS[purpose], self._writing[purpose]
            made = zstandard.ZstdCompressor(level=level, dict_data=dictionary, write_checksum=False)
            self._engines.compressors[purpose] = made
        return made.compress(data)

    def _decompress(self, stored: bytes, what: str) -> bytes:
        if stored[:1] != VERSION_1:
            if not stored:
                raise CodecError(say("stored {what} has no version byte: the cell is empty.", what=what))
            raise CodecError(
                say(
                    "stored {what} has version {version}, which this release does not read. Use a newer release.",
                    what=what,
                    version=stored[0],
                )
            )
        return self._decompress_frame(memoryview(stored)[1:], what)

    def _decompress_frame(self, frame: memoryview, what: str) -> bytes:
        try:
            number = zstandard.get_frame_parameters(frame).dict_id
            return bytes(self._decompressor(number).decompress(frame))
        except zstandard.ZstdError as error:
            raise CodecError(say(_DAMAGED, what=what, size=len(frame), error=error)) from error

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
        if number not in self._data and self._find_dictionary is not None:
            data = self._find_dictionary(number)
            if data is not None:
                self.learn(data)
        if number not in self._data:
            raise UnknownDictionary(number)
        return self._data[number]


def packaged_codec(
    find_dictionary: FindDictionary | None = None, find_certificate: FindCertificate | None = None
) -> Codec:
    """A codec that writes with the current dictionaries and reads with all shipped ones."""
    return Codec(packaged(), current(), find_dictionary, find_certificate)
