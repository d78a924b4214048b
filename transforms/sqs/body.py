"""Documents as text, which is all that a message of SQS carries. Pure.

XML goes as it is. What is no text (an archive, gzip), or could not be told from base64, travels as base64, and the
attribute ``encoding`` says so.
"""

from __future__ import annotations

import base64
import re

ENCODING, BASE64 = "encoding", "base64"
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
_DECLARED = re.compile(r"\ufeff?\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_UTF8 = ("utf-8", "utf8", "us-ascii")
_HEAD = 1_024


def body_of(payload: bytes) -> tuple[str, bool]:
    """A document as a body, and whether that is base64."""
    for encoding in ("utf-8", declared(payload[:_HEAD].decode("latin-1"))):
        try:
            body = payload.decode(encoding)
        except (LookupError, UnicodeError):
            continue
        if not _FORBIDDEN.search(body) and not may_be_base64(body) and bytes_of(body) == payload:
            return body, False
    return base64.b64encode(payload).decode("ascii"), True


def bytes_of(body: str) -> bytes:
    """The bytes that somebody read as this text: XML's are encoded as its declaration says, all else in UTF-8."""
    encoding = "utf-8" if body.isascii() else declared(body[:_HEAD])
    try:
        return body.encode(encoding)
    except (LookupError, UnicodeError):
        return body.encode("utf-8", "surrogatepass")


def declared(head: str) -> str:
    """The encoding that an XML declaration names."""
    found = _DECLARED.match(head)
    return found[1] if found and found[1].lower() not in _UTF8 else "utf-8"


def may_be_base64(body: str) -> bool:
    """Whether there is nothing in a text that base64 has not."""
    return _BASE64.fullmatch(body) is not None


def decoded(body: str) -> bytes | None:
    """What base64 stands for; None for what is none."""
    if not may_be_base64(body):
        return None
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        return None
