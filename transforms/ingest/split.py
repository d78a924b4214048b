"""Many documents in one file: which files hold them, and where one ends and the next begins.

A file holds many when another document begins after the end tag of the first one's root element, which a single
well-formed document cannot have. The beginning of the second shows how they follow each other: each with its own XML
declaration, one per line, or simply one after the other. In the first two cases a broken document ends at the next
declaration or line, so that it does not spoil others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"
_SPACES = frozenset((b" ", b"\t", b"\r", b"\n"))
_TAG_ENDS = _SPACES | {b">"}
_SPACE_RUN = re.compile(rb"[ \t\r\n]*")
_NAME_ENDS = frozenset(b" \t\r\n/>")
_CHUNK = 1_048_576
_LONGEST_NAME = 256
_LOOK_BACK = 64
_DECLARATION = b"<?xml"


class Mode(Enum):
    """How documents follow each other."""

    DECLARED = "each document has its own XML declaration"
    LINES = "one document a line"
    ROOTS = "one root element behind the other"


class Piece(NamedTuple):
    """One document: where it begins in the file (bytes), its bytes; ``oversize`` when they are its beginning only."""

    offset: int
    data: bytes
    oversize: bool = False


def mode_of(data: bytes) -> Mode | None:
    """How documents follow each other in a file that begins with ``data``; None where it holds one document."""
    start = _skip_space(data, 0)
    if _is_one(data, start):
        return None
    end = _safe_end(data, start)
    if end < 0:
        return None
    following = _next_document(data, end)
    if following < 0:
        return None
    if _is_declaration(data, following + 3 if data.startswith(_BOM, following) else following):
        return Mode.DECLARED
    if data.find(b"\n", end, following) >= 0 and data.find(b"\n", start, end) < 0:
        return Mode.LINES
    return Mode.ROOTS


def pieces(data: bytes, read: Callable[[int], bytes], limit: int, mode: Mode) -> Iterator[Piece]:
    """The documents of a file that begins with ``data`` and goes on with what ``read(size)`` returns.

    A document over ``limit`` bytes is an oversize piece; after it, reading continues at the next declaration or line,
    and stops where neither shows the beginning of the next document.
    """
    base = at = 0
    ended = False
    while True:
        end = _cut(data, at, mode)
        if end < 0 and not ended and len(data) - at <= limit:
            chunk = read(_CHUNK)
            ended = not chunk
            base, data, at = base + at, data[at:] + chunk, 0
            continue
        if end < 0 and len(data) - at > limit:
            yield Piece(base + at, data[at : at + limit], True)
            skipped, data = (len(data), b"") if mode is Mode.ROOTS else _resume(data, at, read, mode)
            if not data:
                return
            base, at = base + skipped, 0
            continue
        end = len(data) if end < 0 else end
        yield from _fine(data, base, at, end, limit)
        at = end
        if ended and at >= len(data):
            return


def _fine(data: bytes, base: int, start: int, end: int, limit: int) -> Iterator[Piece]:
    """The documents between two cuts: one, unless the file is less regular than its beginning."""
    piece = data[start:end].rstrip(_SPACE)
    at = _skip_space(piece, 0)
    while at < len(piece):
        close = _safe_end(piece, at)
        following = _next_document(piece, close) if close >= 0 else -1
        whole = piece[at:close] if following >= 0 else piece[at:]
        yield Piece(base + start + at, whole[:limit], len(whole) > limit)
        if following < 0:
            return
        at = following


def _resume(data: bytes, at: int, read: Callable[[int], bytes], mode: Mode) -> tuple[int, bytes]:
    """Reads on to where the next document begins: how far that is from the beginning of ``data``, and what is there."""
    overlap = 16  # a declaration and its byte order mark may lie across two chunks
    skipped = max(at, len(data) - overlap)
    data = data[skipped:]
    while True:
        chunk = read(_CHUNK)
        if not chunk:
            return skipped, b""
        data += chunk
        end = data.find(b"\n") + 1 if mode is Mode.LINES else _next_declaration(data, 1) + 1
        if end > 0:
            end -= mode is Mode.DECLARED
            return skipped + end, data[end:]
        keep = max(0, len(data) - overlap)
        skipped, data = skipped + keep, data[keep:]


def _cut(data: bytes, at: int, mode: Mode) -> int:
    """Where the document that begins at ``at`` ends, as far as its neighbours tell; -1 where more has to be read."""
    if mode is Mode.LINES:
        return data.find(b"\n", at) + 1 or -1
    start = _skip_space(data, at)
    if mode is Mode.ROOTS:
        return _safe_end(data, start)
    return _next_declaration(data, start + len(_BOM) + 1)


def _next_declaration(data: bytes, at: int) -> int:
    """Where the next document with a declaration begins, its byte order mark included; -1 where there is none."""
    found = data.find(_DECLARATION, at)
    while found >= 0:
        before = data[max(0, found - _LOOK_BACK) : found]
        marked = before.endswith(_BOM)
        # Within CDATA it is text: <![CDATA[<?xml ...
        if _is_declaration(data, found) and not before.rstrip(_SPACE).endswith(b"["):
            return found - len(_BOM) if marked else found
        found = data.find(_DECLARATION, found + 1)
    return -1


def _is_declaration(data: bytes, at: int) -> bool:
    return data.startswith(_DECLARATION, at) and data[at + 5 : at + 6] in _SPACES


def _next_document(data: bytes, at: int) -> int:
    """Where a document begins, if the next thing behind ``at`` is one; else -1."""
    start = _skip_space(data, at)
    return start if _root_at(data, start) else -1


def _is_one(data: bytes, start: int) -> bool:
    """Whether the first end tag of the root ends the data: the usual case, found by one search."""
    root = _root_at(data, start)
    if root is None:
        return True
    closing = b"</" + root[0]
    close = data.find(closing, root[1])
    return close < 0 or len(data) - close < len(closing) + _LOOK_BACK and data[close:].rstrip(_SPACE) == closing + b">"


def _safe_end(data: bytes, start: int) -> int:
    """The end of the document, or -1 where that lies within CDATA or a comment, so that it is none."""
    end = _end_of_document(data, start)
    for opening, closing in ((b"<![CDATA[", b"]]>"), (b"<!--", b"-->")):
        opened = data.rfind(opening, start, max(end, start))
        if opened >= 0 and data.find(closing, opened, end) < 0:
            return -1
    return end


def _end_of_document(data: bytes, start: int) -> int:
    """Just behind the end tag of the root element of the document that begins at ``start``; -1 where it has none.

    Counts only the tags that have the root's name, so it reads a document at the speed of a search. A tag of that
    name in CDATA or a comment misleads it.
    """
    root = _root_at(data, start)
    if root is None:
        return -1
    name, at = root
    first_end = data.find(b">", at)
    if first_end < 0 or data[first_end - 1] == 0x2F:
        return first_end + 1 or -1
    opening, closing = b"<" + name, b"</" + name
    depth = 0
    while True:
        close = data.find(closing, at)
        if close < 0:
            return -1
        depth += _count_opened(data, opening, at, close)
        at = close + len(closing)
        if data[at : at + 1] in _TAG_ENDS:
            depth -= 1
            if depth <= 0:
                return data.find(b">", at) + 1 or -1


def _count_opened(data: bytes, opening: bytes, start: int, end: int) -> int:
    count = 0
    at = data.find(opening, start, end)
    while at >= 0:
        after = at + len(opening)
        if after < len(data) and data[after] in _NAME_ENDS:
            tag_end = data.find(b">", after)
            count += data[tag_end - 1] != 0x2F
        at = data.find(opening, after, end)
    return count


def _root_at(data: bytes, at: int) -> tuple[bytes, int] | None:
    """Name and place of the root element of a document that begins at ``at``; None where none does. A document
    type declaration in front of it makes it None: no fiscal document has one."""
    if data.startswith(_BOM, at):
        at += len(_BOM)
    while True:
        at = _skip_space(data, at)
        if data.startswith(b"<?", at):
            end = data.find(b"?>", at) + 2
            if end < 2:
                return None
        elif data.startswith(b"<!--", at):
            end = data.find(b"-->", at) + 3
            if end < 3:
                return None
        else:
            break
        at = end
    if data[at : at + 1] != b"<":
        return None
    name_end = at + 1
    while name_end < len(data) and data[name_end] not in _NAME_ENDS:
        name_end += 1
        if name_end - at > _LONGEST_NAME:
            return None
    name = data[at + 1 : name_end]
    return (name, at) if name[:1].isalpha() or name[:1] == b"_" else None


def _skip_space(data: bytes, at: int) -> int:
    if data[at : at + 1] in _SPACES:
        return _SPACE_RUN.match(data, at).end()  # type: ignore[union-attr]
    return at
