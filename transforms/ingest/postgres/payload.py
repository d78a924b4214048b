"""From a column's value to the bytes that were once received, or to a dead letter that says why not."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterable
from urllib.parse import quote

import zstandard

from transforms.ingest.archives import expand_bytes, uncounted
from transforms.ingest.limits import CORRUPT_ARCHIVE, ENTRY_TOO_LARGE, STAGE, Limits
from transforms.model import DeadLetter, Expanded, RawDocument
from transforms.parse.codes import EMPTY

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_UTF8_BOM = b"\xef\xbb\xbf"
_USUAL = (b'<?xml version="1.0" encoding="UTF-8"', b'<?xml version="1.0" encoding="utf-8"', b"<nfe", b"<cte", b"<mdfe")
_DECLARATION_AT_MOST = 256
# Character sets of files, by Python's canonical names: its codecs know much else ("hex", "punycode") that is none.
_ENCODINGS = ("ascii", "iso8859", "cp", "utf-16", "mac", "koi8")
# What quote() leaves as it is in an origin, besides letters, digits and -._~ : nothing that separates parts of one.
_PLAIN = "@:+,="


class _TooLargeError(ValueError):
    """The decompressed bytes pass the limit."""


def origin_of(prefix: str, key: tuple[bytes | None, ...]) -> str:
    """``prefix`` and the key's columns, percent-encoded, ``/`` between them; NULL is COPY's own ``\\N``."""
    if len(key) == 1 and (only := key[0]) is not None and only.isalnum():
        return prefix + only.decode("ascii")
    return prefix + "/".join("\\N" if part is None else quote(part, safe=_PLAIN) for part in key)


def outcomes(
    payload: bytes | None,
    origin: str,
    received_at: int,
    *,
    text: bool,
    limits: Limits,
    on_litter: Callable[[], None] = uncounted,
) -> Iterable[Expanded]:
    """What one row holds: a document; several, if it is an archive; or a dead letter.

    ``text``: the column is text or xml, sent as UTF-8; else it may be compressed (gzip, zlib, zstd, and what archives
    of files may be).
    """
    if not payload or payload.isspace():
        what = "is NULL" if payload is None else "is empty" if not payload else "holds only white space"
        return (DeadLetter(EMPTY, f"{origin}: the XML column {what}", STAGE, origin, payload or b"", received_at, 0),)
    if text:
        return (RawDocument(as_declared(payload), origin, received_at),)
    if payload[0] == 0x3C:  # "<"
        return (RawDocument(payload, origin, received_at),)
    decompress = _decompressor(payload)
    if decompress is None:
        return expand_bytes(payload, origin, received_at, limits, on_litter)
    try:
        plain = decompress(payload, limits.max_entry_bytes)
    except (ValueError, EOFError, zlib.error, zstandard.ZstdError) as error:
        if decompress is _gunzip:  # the reader of archives knows what is wrong with it, and of tars in it
            return expand_bytes(payload, origin, received_at, limits, on_litter)
        return (_refused(error, payload, origin, received_at, limits),)
    if plain[:1] == b"<":
        return (RawDocument(plain, origin, received_at),)
    if not plain or plain.isspace():
        message = f"{origin}: the compressed XML is empty when decompressed"
        return (DeadLetter(EMPTY, message, STAGE, origin, payload, received_at, len(payload)),)
    return expand_bytes(plain, origin, received_at, limits, on_litter)


def as_declared(utf8: bytes) -> bytes:
    """The text as bytes in the encoding that its XML declaration names.

    A text or xml column keeps characters; the declaration still names the encoding of the file they once came from,
    and a parser believes it: ISO-8859-1 would turn UTF-8 bytes into rubbish without an error. Encoding them back
    also gives the bytes of that file, so that the same document from an archive is found to be the same record.
    Where the text does not fit the encoding named, a byte order mark tells the parser that it is UTF-8.
    """
    if utf8.startswith(_USUAL):
        return utf8
    head = utf8[:_DECLARATION_AT_MOST].lstrip()
    if not head.startswith(b"<?xml"):
        return utf8
    name = _declared_encoding(head[: head.find(b"?>")])
    if name in ("utf-8", ""):
        return utf8
    try:
        codec = codecs.lookup(name).name
        if codec == "utf-8":
            return utf8
        if codec.startswith(_ENCODINGS):
            return utf8.decode("utf-8").encode(name)
    except (LookupError, UnicodeError):
        pass
    return _UTF8_BOM + utf8.lstrip()


def _declared_encoding(declaration: bytes) -> str:
    _, found, rest = declaration.partition(b"encoding")
    value = rest.lstrip().removeprefix(b"=").lstrip()
    if not found or value[:1] not in (b'"', b"'"):
        return ""
    return value[1:].partition(value[:1])[0].decode("ascii", "replace").lower()


def _decompressor(payload: bytes) -> Callable[[bytes, int], bytes] | None:
    """By magic number. zlib's first two bytes are a multiple of 31 and begin with 0x78, "x", which no XML does."""
    if payload[:2] == _GZIP:
        return _gunzip
    if payload[:4] == _ZSTD:
        return _unzstd
    if payload[0] == 0x78 and len(payload) > 2 and int.from_bytes(payload[:2]) % 31 == 0:
        return _inflate
    return None


def _inflate(payload: bytes, limit: int) -> bytes:
    plain, rest = _inflate_one(zlib.MAX_WBITS, payload, limit)
    if rest:
        raise EOFError(f"{len(rest)} bytes that are none of it follow its end")
    return plain


def _gunzip(payload: bytes, limit: int) -> bytes:
    """One member, as one row has it; anything else is left to the reader of archives."""
    plain, rest = _inflate_one(zlib.MAX_WBITS | 16, payload, limit)
    if rest:
        raise EOFError
    return plain


def _inflate_one(window_bits: int, payload: bytes, limit: int) -> tuple[bytes, bytes]:
    stream = zlib.decompressobj(window_bits)
    plain = stream.decompress(payload, limit + 1)
    if len(plain) > limit:
        raise _TooLargeError
    if not stream.eof:
        raise EOFError("it is cut short")
    return plain, stream.unused_data


def _unzstd(payload: bytes, limit: int) -> bytes:
    """All frames."""
    whole = bytearray()
    while payload:
        room = limit - len(whole)
        size = zstandard.get_frame_parameters(payload).content_size
        if size == zstandard.CONTENTSIZE_UNKNOWN:
            with zstandard.ZstdDecompressor().stream_reader(payload) as reader:
                size = len(reader.read(room + 1))
        if size > room:
            raise _TooLargeError
        # Unlike the reader above, this one tells a frame that is cut short from one that ends.
        stream = zstandard.ZstdDecompressor().decompressobj()
        whole += stream.decompress(payload)
        if not stream.eof:
            raise EOFError("it is cut short")
        payload = stream.unused_data
    return bytes(whole)


def _refused(error: Exception, payload: bytes, origin: str, received_at: int, limits: Limits) -> DeadLetter:
    """The bytes as received, or their beginning where they are too many for a dead letter."""
    if isinstance(error, _TooLargeError):
        code, message = ENTRY_TOO_LARGE, f"decompressed it has more than {limits.max_entry_bytes} bytes"
    else:
        code, message = CORRUPT_ARCHIVE, f"the compressed XML is damaged: {error}"
    size = len(payload)
    kept = payload if size <= limits.max_entry_bytes else payload[: limits.kept_bytes]
    return DeadLetter(code, f"{origin}: {message}", STAGE, origin, kept, received_at, size, len(kept) < size)
