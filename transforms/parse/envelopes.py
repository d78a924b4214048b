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
from collections.abc import Callable
from typing import NamedTuple

from transforms.parse import codes, outline, reader, sax
from transforms.parse.codes import Unparsable
from transforms.parse.outline import Namespaces
from transforms.parse.reader import XmlText
from transforms.parse.ways import SAX

# What an answer says, and where the distribution service puts documents.
_ANSWER = ("cStat", "xMotivo")
_COMPRESSED = "docZip"
_ROOT_OF_TEXT = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?<(?:[\w.-]+:)?([\w.-]+)")
_DECLARED = re.compile(r"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
GZIP_IN_BASE64 = "H4sI"
_START = re.compile(rb"<[^ \t\r\n/>]*")
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
    return _split(source, _Splitter(source.data, is_document, is_known, max_bytes), way)


def appended(source: XmlText, is_document: Callable[[str], bool], way: str = SAX) -> list[Enclosed]:
    """Entries among the children of the root of ``source``, a document's own envelope; raises as ``split`` does."""
    return _split(source, _Splitter(source.data, is_document, _nothing, 0), way, is_shallow=True).entries


def named(source: XmlText, names: frozenset[str], max_bytes: int, way: str = SAX) -> list[Enclosed]:
    """Entries of ``source`` that are elements with these names, wherever they are, and compressed ones; raises as
    ``split`` does.
    """
    return _split(source, _Splitter(source.data, names.__contains__, _nothing, max_bytes), way).entries


def _nothing(_: str) -> bool:
    return False


def _split(source: XmlText, splitter: _Splitter, way: str, is_shallow: bool = False) -> Contents:
    if way == SAX and sax.outline(source.data, splitter, _MAX_ELEMENTS_AROUND, is_shallow):
        return splitter.contents()
    reader.check_well_formed(source)
    splitter = splitter.anew()
    outline.tell(source.data, splitter, _MAX_ELEMENTS_AROUND, is_shallow)
    return splitter.contents()


class _Splitter:
    """Makes entries of what it is told of an envelope (see ``outline.Outline``)."""

    leaves = frozenset((*_ANSWER, _COMPRESSED))
    mark = GZIP_IN_BASE64.encode()

    def __init__(
        self, data: bytes, is_document: Callable[[str], bool], is_known: Callable[[str], bool], max_bytes: int
    ) -> None:
        self.is_entry = is_document
        self._entries: list[Enclosed] = []
        self._answer: dict[str, str] = {}
        self._root = ("", "")
        self._data = data
        self._is_known = is_known
        self._max_bytes = max_bytes
        self._budget = 10 * max_bytes
        self._seen: dict[str, int] = {}

    def anew(self) -> _Splitter:
        """One that was told nothing yet."""
        return _Splitter(self._data, self.is_entry, self._is_known, self._max_bytes)

    def contents(self) -> Contents:
        answer = " ".join(self._answer[name] for name in _ANSWER if name in self._answer)
        return Contents(self._entries, *self._root, answer)

    def root(self, name: str, namespace: str) -> None:
        self._root = (name, namespace)

    def exceeds(self, is_namespaces: bool) -> None:
        code = codes.TOO_LARGE if self._is_known(self._root[0]) else codes.UNKNOWN_ROOT
        limit, what = (outline.MAX_NAMESPACES, "namespaces") if is_namespaces else (_MAX_ELEMENTS_AROUND, "elements")
        raise Unparsable(code, f"root element {self._root[0]}: more than {limit} {what} around documents")

    def entry(self, name: str, start: int, behind: int, namespaces: Namespaces) -> None:
        self._add(name, _with_namespaces(self._data[start:behind], namespaces))

    def leaf(self, name: str, start: int, behind: int, namespaces: Namespaces, text: str, nsu: str | None) -> None:
        if name in _ANSWER:
            self._answer.setdefault(name, text.strip())
        elif name == _COMPRESSED or text.lstrip().startswith(GZIP_IN_BASE64):
            self._compressed(name, start, behind, namespaces, text, nsu)
        elif "<" in text and (match := _ROOT_OF_TEXT.match(text)) and self._is_known(match[1]):
            self._add(match[1], _encoded(text.strip()))

    def _compressed(
        self, name: str, start: int, behind: int, namespaces: Namespaces, text: str, nsu: str | None
    ) -> None:
        suffix = f"NSU={nsu}" if nsu else None
        try:
            unpacked = unpack(text, min(self._max_bytes, self._budget))
            self._budget -= len(unpacked)
            self._add(name, unpacked, suffix)
        except Unparsable as refused:
            self._add(name, _with_namespaces(self._data[start:behind], namespaces), suffix, refused)

    def _add(self, name: str, payload: bytes, suffix: str | None = None, refused: Unparsable | None = None) -> None:
        count = self._seen[name] = self._seen.get(name, 0) + 1
        self._entries.append(Enclosed(suffix or f"{name}[{count}]", payload, refused))


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
