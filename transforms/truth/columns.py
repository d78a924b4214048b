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


def take_apart(xml: bytes) -> Parts | None:
    """Parts of a document, None when it has bytes that XML in UTF-8 cannot have (if it is UTF-16, for example)."""
    if _NEXT in xml or _SECTION in xml:
        return None
    outline = _LEAF.split(xml)
    names, texts, blanks = outline[1::4], outline[2::4], outline[3::4]
    del outline[3::4], outline[2::3]
    signature = _take_signature(names, texts)
    sections = [_NEXT.join(outline), _NEXT.join(texts)]
    if any(blanks):
        sections.append(_NEXT.join(blanks))
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


def _take_signature(names: list[bytes], texts: list[bytes]) -> bytes:
    """Bytes of the first signature, its text emptied; empty when the same text would not come back from them."""
    try:
        at = names.index(_SIGNATURE)
        signature = a2b_base64(texts[at])
    except ValueError:
        return b""
    units, rest = divmod(len(signature), SIGNATURE_UNIT)
    if rest or units > 255 or b2a_base64(signature, newline=False) != texts[at]:
        return b""
    texts[at] = b""
    return signature
