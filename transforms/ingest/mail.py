"""E-mails: their attachments, and the mails of a mailbox (mbox). Parsed by the standard library, within limits.

A mail is hostile: parts may be nested without end, lines may be many, headers may be anything. Nothing but Unreadable
is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.errors import CloseBoundaryNotFoundDefect, StartBoundaryNotFoundDefect
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from typing import Any, NamedTuple

from transforms.ingest.limits import ARCHIVE_TOO_DEEP, CORRUPT_ARCHIVE, ENTRY_TOO_LARGE, Unreadable
from transforms.ingest.streams import ByteReader

# Parts within parts, forwarded mails included.
MAX_NESTING = 30
# Parsing costs memory by the line: mails have lines of 60 to 78 characters, and of fewer only here and there.
_BYTES_A_LINE = 16
_LINES_AT_LEAST = 100_000
_CHUNK = 1_048_576
_HEADER = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|mime-version|received|return-path|delivered-to|reply-to|sender|content-type|"
    rb"content-transfer-encoding|dkim-signature|authentication-results|arc-[a-z-]+|x-[a-z0-9-]+):",
    re.IGNORECASE,
)
_HEADERS = re.compile(rb"^" + _HEADER.pattern, re.IGNORECASE | re.MULTILINE)
_ENTITY = re.compile(rb"content-type:\s*(?:multipart|application|text|message)/", re.IGNORECASE)
# The line in front of each mail of a mailbox: who sent it, and when.
_FROM = rb"From [^\r\n]{0,200}\d\d:\d\d[^\r\n]{0,40}\d{4}[^\r\n]{0,20}\r?\n"
_MAILBOX = re.compile(_FROM + rb"[!-9;-~]+:")
_NEXT = re.compile(rb"\r?\n\r?\n(?=" + _FROM + rb")")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]+")
_XML = re.compile(rb"[\xef\xbb\xbf\s]*<(?:\?xml\s|\w+\s+(?:xmlns|versao)\b)")


class Attachment(NamedTuple):
    """A part of a mail that is an input."""

    name: str
    data: bytes


class Mail(NamedTuple):
    """A mail of a mailbox: the byte where it begins, and its bytes; ``oversize`` when they are its beginning only."""

    offset: int
    data: bytes
    oversize: bool


def is_mail(head: bytes, name: str) -> bool:
    """Whether a file that begins so is an e-mail: its first line is a header of one, and so is another."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not _HEADER.match(start):
        return False
    needed = 1 if name.lower().endswith((".eml", ".mht")) else 2
    return bool(_ENTITY.match(start)) or len(_HEADERS.findall(start)) >= needed


def is_mailbox(head: bytes) -> bool:
    """Whether a file that begins so is a mailbox, or one mail as mailboxes hold it."""
    return bool(_MAILBOX.match(head))


def mails(reader: ByteReader, limit: int) -> Iterator[Mail]:
    """The mails of a mailbox, as a stream; what is held is one of them, ``limit`` bytes at most."""
    # ``begin``: where the mail begins in ``data``, which begins at byte ``offset`` of the mailbox.
    data, offset, begin, looked, oversize = b"", 0, 0, 0, False
    while True:
        found = _NEXT.search(data, looked)
        if found:
            yield from _mail(data[begin : found.start()], offset + begin, oversize, limit)
            begin = looked = found.end()
            oversize = False
            continue
        data, offset, begin = data[begin:], offset + begin, 0
        # The end of one mail and the line behind it may lie across two chunks.
        looked = max(0, len(data) - 1024)
        if len(data) > limit + _CHUNK:
            yield from _mail(data, offset, oversize, limit)
            data, offset, looked, oversize = data[looked:], offset + looked, 0, True
        chunk = reader.read(_CHUNK)
        if not chunk:
            yield from _mail(data, offset, oversize, limit)
            return
        data += chunk


def _mail(data: bytes, offset: int, is_rest: bool, limit: int) -> Iterator[Mail]:
    """``is_rest``: its beginning was given before, so it is passed over."""
    if not is_rest and data:
        yield Mail(offset, data[: limit + 1], len(data) > limit)


class _Part(Message):
    """A part that knows how deep it is, so that parsing stops where the standard library would go on."""

    depth = 0

    def attach(self, payload: Any) -> None:
        payload.depth = self.depth + 1
        if payload.depth > MAX_NESTING:
            raise Unreadable(ARCHIVE_TOO_DEEP, f"parts of the e-mail within parts: the limit is {MAX_NESTING}")
        super().attach(payload)


def parsed(data: bytes, limit: int) -> Message:
    """The mail. Raises Unreadable."""
    if len(data) > limit:
        raise Unreadable(ENTRY_TOO_LARGE, f"an e-mail may have {limit} bytes; this has more")
    if data.startswith(b"From "):
        data = data.partition(b"\n")[2]
    lines = data.count(b"\n") + data.count(b"\r")
    if lines > max(_LINES_AT_LEAST, len(data) // _BYTES_A_LINE):
        raise Unreadable(ENTRY_TOO_LARGE, f"the e-mail has {lines} lines in {len(data)} bytes, more than mails have")
    try:
        return BytesParser(_Part).parsebytes(data.lstrip(b"\xef\xbb\xbf \t\r\n"))
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(CORRUPT_ARCHIVE, f"the e-mail cannot be read: {type(error).__name__}: {error}") from None


def attachments(mail: Message) -> Iterator[Attachment]:
    """The parts of the mail and of mails within it that are inputs: all but its text, which is one when it is XML."""
    signatures = [id(part) for signed in mail.walk() for part in _signatures(signed)]
    leaves = (part for part in mail.walk() if not part.is_multipart())
    for number, part in enumerate(leaves, 1):
        if id(part) in signatures:
            continue
        data = _content(part)
        name = _name(part)
        kind = part.get_content_type()
        # Text is what people wrote, unless it was attached as a file.
        is_text = kind in ("text/plain", "text/html", "text/calendar") and not name
        if not is_text and data and not kind.startswith("message/") or _XML.match(data):
            yield Attachment(name or f"part{number}", data)


def _signatures(part: Message) -> list[Message]:
    """What signs the other part of a signed mail (RFC 1847): it holds nothing, and is no input."""
    if part.get_content_type() != "multipart/signed" or not part.is_multipart():
        return []
    return [inner for inner in part.get_payload() if isinstance(inner, Message)][1:]


def why_cut(mail: Message) -> str | None:
    """What tells that the mail was cut, or None."""
    for part in mail.walk():
        for defect in part.defects:
            if isinstance(defect, CloseBoundaryNotFoundDefect | StartBoundaryNotFoundDefect):
                return "the e-mail is cut: the boundary that ends its parts is missing"
    return None


def _content(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
        return data if isinstance(data, bytes) else b""
    except Exception:  # an encoding that is none; the bytes as they are say more than nothing
        return str(part.get_payload()).encode("utf-8", "surrogateescape")


def _name(part: Message) -> str:
    """The attachment's file name without folders; empty where it has none that can be used."""
    try:
        name = part.get_filename() or ""
        if "=?" in name:
            name = str(make_header(decode_header(name)))
    except Exception:  # headers are whatever the sender wrote
        name = ""
    name = _UNPRINTABLE.sub(" ", name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    name = re.split(r"[/\\]", name)[-1].strip()[-255:]
    return "" if name in (".", "..") or name[1:2] == ":" else name
