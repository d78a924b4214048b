"""Documents split into what repeats and what does not, and joined again. Pure.

The tags of a document are much the same in thousands of others, and its texts are not: apart, both compress better than
mixed. The value of a signature does not compress at all, so it is kept as the bytes that its base64 encodes.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from itertools import repeat
from typing import NamedTuple

# RSA signatures have 128, 256, 384 or 512 bytes; any multiple of this is taken out, up to 255 times it.
SIGNATURE_UNIT = 32

# An element without attributes that has only a text, and the white space behind it. Nothing matched is given back.
_LEAF = re.compile(rb"<(\w++)>([^<]*+)</\1>([ \t\r\n]*+)")
_SIGNATURE = b"SignatureValue"
# XML has neither of them.
_NEXT, _SECTION = b"\0", b"\1"


class Parts(NamedTuple):
    """A document taken apart: ``sections`` to compress, and the bytes of its signature (none: empty).

    The sections are the outline (what is around the leaves, by turns with their names), the texts of the leaves, and
    where there is any, the white space behind each.
    """

    sections: bytes
    signature: bytes


class Leaves(NamedTuple):
    """A document without its leaves, their texts, the white space behind each (empty where there is none at all), each
    joined; and where the text of the first signature begins and ends in the texts.
    """

    outline: bytes
    texts: bytes
    blanks: bytes
    signature: tuple[int, int] | None


def split_leaves_in_python(xml: bytes) -> Leaves:
    """The leaves of a document without bytes that separate parts; what the compiled module is held to."""
    outline = _LEAF.split(xml)
    names, texts, blanks = outline[1::4], outline[2::4], outline[3::4]
    del outline[3::4], outline[2::3]
    signature = None
    if _SIGNATURE in names:
        at = names.index(_SIGNATURE)
        start = sum(map(len, texts[:at])) + at
        signature = start, start + len(texts[at])
    return Leaves(_NEXT.join(outline), _NEXT.join(texts), _NEXT.join(blanks) if any(blanks) else b"", signature)


try:
    from transforms.truth.leaves import split_leaves
except ImportError:  # not compiled
    split_leaves = split_leaves_in_python


def take_apart(xml: bytes) -> Parts | None:
    """Parts of a document, None when it has bytes that XML in UTF-8 cannot have (if it is UTF-16, for example)."""
    if _NEXT in xml or _SECTION in xml:
        return None
    outline, texts, blanks, place = split_leaves(xml)
    signature = b""
    if place is not None:
        start, end = place
        signature = _signature_of(texts[start:end])
        if signature:
            texts = texts[:start] + texts[end:]
    sections = (outline, texts, blanks) if blanks else (outline, texts)
    return Parts(_SECTION.join(sections), signature)


def put_together(parts: Parts) -> bytes:
    """The document. Raises ValueError for parts that ``take_apart`` does not make."""
    outline, text, *blank = parts.sections.split(_SECTION)
    pieces = outline.split(_NEXT)
    names = pieces[1::2]
    texts = text.split(_NEXT) if names else []
    blanks = blank[0].split(_NEXT) if blank else repeat(b"", len(names))
    if parts.signature:
        texts[names.index(_SIGNATURE)] = b2a_base64(parts.signature, newline=False)
    leaves = map(b"%b<%b>%b</%b>%b".__mod__, zip(pieces[:-1:2], names, texts, names, blanks, strict=True))
    return b"".join(leaves) + pieces[-1]


def _signature_of(text: bytes) -> bytes:
    """Bytes of a signature; empty when the same text would not come back from them."""
    try:
        signature = a2b_base64(text)
    except ValueError:
        return b""
    units, rest = divmod(len(signature), SIGNATURE_UNIT)
    if rest or units > 255 or b2a_base64(signature, newline=False) != text:
        return b""
    return signature
