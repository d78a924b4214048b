"""Signing certificates, taken out of documents and put back in. Pure.

A certificate is the part of a signed document that does not compress, and one certificate signs thousands of
documents: each is stored once, under its digest, and documents refer to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

from transforms.language import tr

# Half of a SHA-256: what is read back is checked against the document's own digest anyway.
DIGEST_BYTES = 16

_TAG = b"X509Certificate>"
# What lies between the tags of a real one: a kilobyte or two of base64. Others stay where they are.
_LEAST, _MOST = 400, 16_000
_MOST_TAKEN = 16
_REFERENCE = Struct(f">I{DIGEST_BYTES}s")


class Certificate(NamedTuple):
    """The text between the tags, as received, and its digest."""

    digest: bytes
    text: bytes


class Split(NamedTuple):
    """A document without its certificates, what was taken, and where each belongs (offsets in the whole)."""

    rest: bytes
    certificates: tuple[Certificate, ...]
    offsets: tuple[int, ...]


def split(xml: bytes) -> Split:
    """Takes the certificates out; a document without any is its own rest."""
    at = xml.find(_TAG)
    if at < 0:
        return Split(xml, (), ())
    parts: list[bytes] = []
    taken: list[Certificate] = []
    offsets: list[int] = []
    kept_to = 0
    while at >= 0 and len(taken) < _MOST_TAKEN:
        start = behind = at + len(_TAG)
        end = xml.find(b"<", start)
        # Behind a closing tag too there is text up to the next "<", if short.
        if _LEAST <= end - start <= _MOST:
            text = xml[start:end]
            taken.append(Certificate(digest_of(text), text))
            offsets.append(start)
            parts.append(xml[kept_to:start])
            kept_to = behind = end
        at = xml.find(_TAG, behind)
    parts.append(xml[kept_to:])
    return Split(b"".join(parts), tuple(taken), tuple(offsets))


def digest_of(text: bytes) -> bytes:
    """Under which a certificate is stored."""
    return hashlib.sha256(text).digest()[:DIGEST_BYTES]


def references(found: Split) -> bytes:
    """What a document keeps of its certificates: how many, and of each the offset and the digest."""
    pairs = zip(found.offsets, found.certificates, strict=True)
    return bytes((len(found.offsets),)) + b"".join(_REFERENCE.pack(at, each.digest) for at, each in pairs)


def read_references(stored: memoryview) -> tuple[list[tuple[int, bytes]], memoryview]:
    """Offset and digest of each certificate, and what follows them. Raises ValueError when it ends too early."""
    end = 1 + stored[0] * _REFERENCE.size if stored else 1
    if len(stored) < end:
        raise ValueError(tr("it ends within its references to certificates"))
    return [(at, digest) for at, digest in _REFERENCE.iter_unpack(stored[1:end])], stored[end:]


def join(rest: bytes, found: list[tuple[int, bytes]], text_of: Callable[[bytes], bytes]) -> bytes:
    """The whole document; ``text_of`` returns a certificate's text by its digest."""
    parts: list[bytes] = []
    whole = 0  # bytes of the whole document so far
    used = 0  # of them from the rest
    for offset, digest in found:
        piece = rest[used : used + offset - whole]
        text = text_of(digest)
        parts += (piece, text)
        used += len(piece)
        whole = offset + len(text)
    parts.append(rest[used:])
    return b"".join(parts)
