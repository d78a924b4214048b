"""From bytes as received to text that is safe to read: nothing here expands, fetches or follows anything.

The order of the checks is the defence. Size first; then the encoding, by Python's codecs, so that all that follows
sees the same text; then the prolog, where a DOCTYPE is refused before libxml2 has seen a byte; then libxml2 itself,
with its limits on depth and on the length of names and texts, no DTD, no entities and no network.
"""

from __future__ import annotations

import codecs
import re
import threading
from functools import lru_cache
from typing import Any, NamedTuple
from xml.parsers import expat

from lxml import etree

from transforms.parse import codes
from transforms.parse.codes import Unparsable

_BLANK = b" \t\r\n\0\x1a"
_EDGES = "\ufeff \t\r\n\0\x1a"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<\0", "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_ONE_BYTE = ("iso8859-1", "iso8859-15", "cp1252")
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)

# libxml2's error codes (xmlerror.h).
_LIMIT_EXCEEDED = 114
_NAMESPACE_ERRORS = (99, *range(200, 206))


class XmlText(NamedTuple):
    """Text of one input, and its bytes in UTF-8.

    ``start`` is where the root element begins, ``line`` the line of the first character. ``findings`` are of the
    bytes.
    """

    text: str
    data: bytes
    start: int
    findings: tuple[str, ...]
    line: int


def open_text(payload: bytes, max_bytes: int, fallback_encoding: str | None = None) -> XmlText:
    """Decode an input and look at its prolog; raises ``Unparsable``.

    Text that is no UTF-8 although it says so (or says nothing) is refused, unless ``fallback_encoding`` names the
    encoding to read it in: no rule tells ISO-8859-1 from a damaged file, so people decide.
    """
    if len(payload) > max_bytes:
        raise Unparsable(codes.TOO_LARGE, f"{len(payload)} bytes, the limit is {max_bytes}")
    text, data, findings = _decode(payload, fallback_encoding)
    line = 1
    if text.startswith("\ufeff<"):
        text, data = text[1:], data[len(codecs.BOM_UTF8) :]
    if not text.startswith("<"):
        whole = text
        text = whole.lstrip(_EDGES)
        line += whole.count("\n", 0, len(whole) - len(text))
        data = b""
    if not text.endswith(">"):
        text, trailing = _cut(text)
        # Of what follows the root nothing is longer in bytes than its last >.
        data = data[: data.rfind(b">") + 1] if text.endswith(">") else b""
        findings += trailing
    if not text:
        raise Unparsable(codes.EMPTY, f"{len(payload)} bytes, and nothing but white space")
    start = _root_start(text, line)
    return XmlText(text, data or text.encode(), start, findings, line)


def _decode(payload: bytes, fallback: str | None) -> tuple[str, bytes, tuple[str, ...]]:
    """Text, its bytes in UTF-8 where they are the payload itself, findings."""
    head = payload[:512] if payload.startswith(b"<") else payload.lstrip(_BLANK)[:512]
    if not head:
        raise Unparsable(codes.EMPTY, "no bytes" if not payload else f"{len(payload)} bytes of white space or NULs")
    encoding = None
    if not payload.startswith(b"<") or payload.startswith(b"<\0"):
        encoding = next((name for bom, name in _BOMS if payload.startswith(bom)), None)
    if encoding not in (None, "utf-8"):
        return _decode_as(payload, encoding), b"", ()
    if not head.startswith((b"<", codecs.BOM_UTF8)):
        raise Unparsable(codes.NOT_XML, f"line 1: begins with {payload[:16]!r}, not with <")
    match = _DECLARED.search(head)
    declared = _codec(match[1].decode()) if match else "utf-8"
    if declared in _ONE_BYTE and encoding is None:
        return _decode_as(payload, declared), b"", ()
    # A declaration of UTF-16 in front of bytes that are not: .NET's StringWriter writes that. UTF-8 is checked
    # strictly, so reading it as such is safe.
    findings = () if declared in ("utf-8", "ascii") else (codes.ENCODING_MISMATCH,)
    try:
        return payload.decode(), payload, findings
    except UnicodeDecodeError as error:
        if fallback is not None:
            return _decode_as(payload, fallback), b"", (codes.ENCODING_MISMATCH,)
        raise _wrong_encoding(error, payload) from None


@lru_cache(maxsize=64)
def _codec(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = ""
    if codec not in ("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", *_ONE_BYTE):
        raise Unparsable(codes.WRONG_ENCODING, f"line 1: declares the encoding {name}, which is not read")
    return codec


def _decode_as(payload: bytes, encoding: str) -> str:
    if encoding == "utf-32":
        raise Unparsable(codes.WRONG_ENCODING, "line 1: in UTF-32, which is not read")
    try:
        return payload.decode(encoding)
    except UnicodeDecodeError as error:
        raise _wrong_encoding(error, payload) from None


def _wrong_encoding(error: UnicodeDecodeError, payload: bytes) -> Unparsable:
    line = payload.count(b"\n", 0, error.start) + 1
    column = error.start - payload.rfind(b"\n", 0, error.start)
    wrong = payload[error.start : error.start + 1]
    return Unparsable(
        codes.WRONG_ENCODING,
        f"line {line}, column {column}: byte 0x{wrong.hex()} at offset {error.start} is no {error.encoding}"
        f" (in windows-1252 it is {wrong.decode('cp1252', 'replace')!r})",
    )


def _cut(text: str) -> tuple[str, tuple[str, ...]]:
    """Text up to its last ``>``, with a finding when what follows is more than white space and NULs.

    What follows is kept when it may be the rest of a document that ends too early.
    """
    end = text.rfind(">") + 1
    trailing = text[end:].strip(_EDGES)
    if "<" in trailing or not text[:end].rstrip(_EDGES):
        return text, ()
    return text[:end], (codes.TRAILING_DATA,) if trailing else ()


def _root_start(text: str, line: int) -> int:
    """Where the root element begins; refuses a DOCTYPE, the only place where entities can be declared."""
    match = _PROLOG.match(text)
    start = match.end() if match else 0
    if text.startswith("<!", start) and not text.startswith(("<!--", "<![CDATA["), start):
        line += text.count("\n", 0, start)
        column = start - text.rfind("\n", 0, start)
        raise Unparsable(codes.DTD_FORBIDDEN, f"line {line}, column {column}: {text[start : start + 40]!r}")
    return start


class _NoHandlers:
    """A parser target that wants to hear nothing: libxml2 then checks well-formedness and makes no tree."""

    def close(self) -> None:
        return None


def _code_of(error: etree.XMLSyntaxError) -> int:
    return int(getattr(error, "code", 0))


class _Parsers(threading.local):
    """A parser locks while it works, so each thread has its own. The encoding given overrides the declared one."""

    def __init__(self) -> None:
        quiet: Any = _NoHandlers()
        safe: dict[str, Any] = {
            "encoding": "utf-8",
            "resolve_entities": False,
            "load_dtd": False,
            "no_network": True,
            "huge_tree": False,
            "collect_ids": False,
        }
        self.check = etree.XMLParser(target=quiet, **safe)
        self.tree = etree.XMLParser(remove_comments=True, remove_pis=True, **safe)
        self.lenient = etree.XMLParser(remove_comments=True, remove_pis=True, recover=True, **safe)


_parsers = _Parsers()


def check_well_formed(source: XmlText) -> None:
    """Raise ``Unparsable`` unless the text is well-formed."""
    try:
        etree.fromstring(source.data, _parsers.check)
    except etree.XMLSyntaxError as error:
        raise _syntax_refused(source, error) from None


def parse_tree(source: XmlText) -> etree._Element:
    """Root of the tree, without comments and processing instructions; raises ``Unparsable``.

    What is wrong with namespaces alone is no reason to refuse: fragments cut out of an envelope have prefixes that
    nobody declares.
    """
    try:
        return etree.fromstring(source.data, _parsers.tree)
    except etree.XMLSyntaxError as error:
        check_well_formed(source)
        if _code_of(error) not in _NAMESPACE_ERRORS:
            raise _syntax_refused(source, error) from None
        return etree.fromstring(source.data, _parsers.lenient)


def _syntax_refused(source: XmlText, error: etree.XMLSyntaxError) -> Unparsable:
    line, column = error.position
    what = (error.msg or "").rpartition(", line")[0].replace("\n", " ").strip()
    message = f"line {line + source.line - 1}, column {column}: {what}"
    if _code_of(error) == _LIMIT_EXCEEDED:
        return Unparsable(codes.TOO_DEEP if "depth" in what else codes.TOO_LARGE, message)
    return Unparsable(codes.TRUNCATED if _ends_early(source.data) else codes.NOT_XML, message)


def _ends_early(data: bytes) -> bool:
    """Whether a parser that waits for more finds nothing wrong, and one that does not, does."""
    return _expat_accepts(data, False) and not _expat_accepts(data, True)


def _expat_accepts(data: bytes, final: bool) -> bool:
    try:
        expat.ParserCreate("utf-8").Parse(data, final)
    except expat.ExpatError:
        return False
    return True
