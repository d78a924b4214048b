"""The contents of envelopes: SOAP messages, batches, answers of the tax office's services.

An envelope is not a record. Each entry in it is an input of its own, with its own origin, and is parsed from its own
bytes, so that a document is the same record whether it came alone, in a batch of one or among fifty, and whatever is
stored can be parsed again. The bytes of an entry are

- of an element: exactly those between its start and its end, in UTF-8. Namespace declarations that it uses and that
  are on an enclosing element are written into its start tag, so signatures stay valid. Nothing else is changed: an
  element that declares its own namespace, as the schemas require of documents, is byte for byte as received; - of a
  ``docZip``, or of any text that is base64 of gzip: the bytes that were compressed; - of a document written as text
  (CDATA, or escaped): that text, in the encoding it declares.

So what the envelope says apart from its entries (batch number, status of the service) is in no record. An envelope
without entries becomes one dead letter.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple
from xml.parsers import expat

from transforms.parse import codes, reader, sax
from transforms.parse.codes import Unparsable
from transforms.parse.reader import XmlText
from transforms.parse.ways import SAX

_ROOT_OF_TEXT = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?<(?:[\w.-]+:)?([\w.-]+)")
_DECLARED = re.compile(r"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
GZIP_IN_BASE64 = "H4sI"
_START = re.compile(rb"<[^ \t\r\n/>]*")
_MARKS_OF_COMPRESSED = (GZIP_IN_BASE64.encode(), b"docZip", b"&#")
_ZLIB_OR_GZIP = 47
# The service's largest answer has fifty entries, each with an element or two around it.
_MAX_ELEMENTS_AROUND = 50_000


class Enclosed(NamedTuple):
    """One input inside an envelope: what its origin ends with, and its bytes or why there are none.

    With ``unparsable`` set, ``payload`` holds the compressed entry as it was received.
    """

    suffix: str
    payload: bytes
    unparsable: Unparsable | None = None


class Contents(NamedTuple):
    """Entries of an envelope; its root element and the namespace of that; and what it answers (``cStat xMotivo``)."""

    entries: list[Enclosed]
    root: str
    namespace: str
    answer: str


def split(
    source: XmlText,
    is_document: Callable[[str], bool],
    is_known: Callable[[str], bool],
    max_bytes: int,
    way: str = SAX,
) -> Contents:
    """Entries of the envelope ``source``, in their order.

    ``is_document`` says which elements are entries, ``is_known`` which roots make a text an entry. An entry that
    unpacks to more than ``max_bytes`` is refused, as are all after ten times that much in one envelope. Raises
    ``Unparsable`` when it is not well-formed, or there are more elements around the entries than any service writes.
    """
    return _split(source, way, lambda: _Splitter(source.data, is_document, is_known, max_bytes, shallow=False))


def appended(source: XmlText, is_document: Callable[[str], bool], way: str = SAX) -> list[Enclosed]:
    """Entries among the children of the root of ``source``, a document's own envelope; raises as ``split`` does."""
    return _split(source, way, lambda: _Splitter(source.data, is_document, lambda name: False, 0, shallow=True)).entries


def named(source: XmlText, names: frozenset[str], max_bytes: int, way: str = SAX) -> list[Enclosed]:
    """Entries of ``source`` that are elements with these names, wherever they are, and compressed ones; raises as
    ``split`` does.
    """
    only = None if any(mark in source.data for mark in _MARKS_OF_COMPRESSED) else names
    data = source.data
    return _split(
        source, way, lambda: _Splitter(data, names.__contains__, lambda name: False, max_bytes, shallow=False), only
    ).entries


def _split(source: XmlText, way: str, make: Callable[[], _Splitter], only: frozenset[str] | None = None) -> Contents:
    """``only``: names of entries, where there can be no others."""
    splitter = make()
    if way == SAX and sax.outline(source.data, splitter, only):
        return splitter.contents()
    reader.check_well_formed(source)
    splitter = make()
    _Expat(source.data, splitter).run()
    return splitter.contents()


_ANSWER = ("cStat", "xMotivo")
_NO_NAMESPACES: dict[str, str] = {}
_TAG_ENDS = (b">", b" ", b"\t", b"\r", b"\n")


class _Open(NamedTuple):
    """An element around the entries that is still open, or an entry."""

    name: str
    start: int
    namespaces: dict[str, str]
    nsu: str | None = None


class _Expat:
    """Tells ``to`` what is in ``data``, but for the inside of elements that it does not want to be told of."""

    def __init__(self, data: bytes, to: sax.Outline) -> None:
        self._data = data
        self._to = to
        # Elements inside one another, in one that is skipped, that are open.
        self._skipped = 0
        self._end_tag = b""
        self._parser = expat.ParserCreate("utf-8")

    def run(self) -> None:
        parser = self._parser
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(self._data, True)
        except expat.ExpatError as error:
            # What libxml2 accepts and expat does not: letters in names that only the fifth edition of XML allows.
            raise Unparsable(codes.NOT_XML, str(error)) from None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipped:
            self._skipped += 1
        elif self._to.start(tag, attributes, self._parser.CurrentByteIndex):
            self._skipped = 1

    def _end(self, tag: str) -> None:
        # The last one is not always that of the element that ends: it may be empty.
        self._end_tag = f"</{tag}".encode()
        if self._skipped:
            self._skipped -= 1
        if not self._skipped:
            self._to.end(tag, self._behind())

    def _text(self, text: str) -> None:
        if not self._skipped:
            self._to.text(text)

    def _behind(self) -> int:
        """Where the element ends whose end is being reported."""
        end = self._parser.CurrentByteIndex
        # Behind an empty-element tag expat stands at what follows it already.
        behind = end + len(self._end_tag)
        if self._data.startswith(self._end_tag, end) and self._data[behind : behind + 1] in _TAG_ENDS:
            end = self._data.find(b">", behind) + 1
        return end


class _Splitter:
    """Makes entries of what it is told of an envelope. ``shallow``: only of children of the root."""

    def __init__(
        self,
        data: bytes,
        is_document: Callable[[str], bool],
        is_known: Callable[[str], bool],
        max_bytes: int,
        shallow: bool,
    ) -> None:
        self._entries: list[Enclosed] = []
        self._answer: dict[str, str] = {}
        self._root = ("", "")
        self._data = data
        self._shallow = shallow
        self._is_document = is_document
        self._is_known = is_known
        self._max_bytes = max_bytes
        self._budget = 10 * max_bytes
        self._seen: Counter[str] = Counter()
        self._open: list[_Open] = []
        # Whether the innermost element has had no child, and its texts so far.
        self._leaf = False
        self._texts: list[str] = []
        self._around = 0
        # The element that is skipped, if it is an entry.
        self._entry: _Open | None = None
        self._is_skipping = False

    def contents(self) -> Contents:
        answer = " ".join(self._answer[name] for name in _ANSWER if name in self._answer)
        return Contents(self._entries, *self._root, answer)

    def start(self, tag: str, attributes: dict[str, str], start: int) -> bool:
        """An element begins; whether what is inside is not to be told."""
        name = tag.rpartition(":")[2]
        around = self._open[-1].namespaces if self._open else _NO_NAMESPACES
        if self._open and self._is_document(name):
            inherited = {prefix: uri for prefix, uri in around.items() if prefix not in attributes}
            self._entry = _Open(name, start, inherited)
            self._is_skipping = True
            return True
        self._around += 1
        if self._around > _MAX_ELEMENTS_AROUND:
            code = codes.TOO_LARGE if self._is_known(self._root[0]) else codes.UNKNOWN_ROOT
            raise Unparsable(
                code, f"root element {self._root[0]}: {_MAX_ELEMENTS_AROUND} elements that are no document"
            )
        if self._open and self._shallow:
            self._is_skipping = True
            return True
        namespaces, nsu = around, None
        if attributes:
            declared = {prefix: uri for prefix, uri in attributes.items() if prefix.startswith("xmlns")}
            namespaces = {**around, **declared} if declared else around
            nsu = attributes.get("NSU")
        if not self._open:
            prefix = tag.rpartition(":")[0]
            self._root = (name, namespaces.get(f"xmlns:{prefix}" if prefix else "xmlns", ""))
        self._open.append(_Open(name, start, namespaces, nsu))
        self._texts = []
        self._leaf = True
        return False

    def end(self, tag: str, behind: int) -> None:
        """The innermost element of which was told ends in front of ``behind``."""
        if self._is_skipping:
            if self._entry is not None:
                self._add(self._entry.name, self._bytes_of(self._entry, behind))
            self._entry, self._is_skipping, self._leaf = None, False, False
            return
        element = self._open.pop()
        if self._leaf and not self._shallow:
            self._text(element, "".join(self._texts), behind)
        self._leaf = False

    def text(self, text: str) -> None:
        if self._leaf:
            self._texts.append(text)

    def _bytes_of(self, element: _Open, behind: int) -> bytes:
        return _with_namespaces(self._data[element.start : behind], element.namespaces)

    def _text(self, element: _Open, text: str, behind: int) -> None:
        if element.name in _ANSWER:
            self._answer.setdefault(element.name, text.strip())
        elif element.name == "docZip" or text.lstrip().startswith(GZIP_IN_BASE64):
            self._compressed(element, text, behind)
        elif "<" in text and (match := _ROOT_OF_TEXT.match(text)) and self._is_known(match[1]):
            self._add(match[1], _encoded(text.strip()))

    def _compressed(self, element: _Open, text: str, behind: int) -> None:
        nsu = f"NSU={element.nsu}" if element.nsu else None
        try:
            unpacked = unpack(text, min(self._max_bytes, self._budget))
            self._budget -= len(unpacked)
            self._add(element.name, unpacked, nsu)
        except Unparsable as refused:
            self._add(element.name, self._bytes_of(element, behind), nsu, refused)

    def _add(self, name: str, payload: bytes, suffix: str | None = None, refused: Unparsable | None = None) -> None:
        self._seen[name] += 1
        self._entries.append(Enclosed(suffix or f"{name}[{self._seen[name]}]", payload, refused))


def unpack(text: str, limit: int) -> bytes:
    """Decodes base64 of gzip; raises ``Unparsable`` when it is neither, or decodes to more than ``limit``."""
    unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
    try:
        unpacked = unpacker.decompress(base64.b64decode("".join(text.split()), validate=True), limit + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise Unparsable(codes.BAD_DOCZIP, f"not base64 of gzip: {error}") from None
    if len(unpacked) > limit:
        raise Unparsable(codes.TOO_LARGE, f"unpacks to more than {limit} bytes")
    if not unpacker.eof:
        raise Unparsable(codes.BAD_DOCZIP, "the compressed bytes end too early")
    return unpacked


def _with_namespaces(raw: bytes, namespaces: dict[str, str]) -> bytes:
    """The element's bytes, with those of ``namespaces`` that it uses declared in its start tag."""
    declarations = "".join(
        f' {name}="{_escaped(uri)}"'
        for name, uri in sorted(namespaces.items())
        if name == "xmlns" or f"{name[6:]}:".encode() in raw
    ).encode()
    if not declarations:
        return raw
    name = _START.match(raw)
    end_of_name = name.end() if name else 0
    return raw[:end_of_name] + declarations + raw[end_of_name:]


def _escaped(uri: str) -> str:
    return uri.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _encoded(text: str) -> bytes:
    match = _DECLARED.match(text)
    try:
        return text.encode(match[1]) if match else text.encode()
    except (LookupError, UnicodeEncodeError):
        return text.encode()
