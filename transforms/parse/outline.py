"""What is in an envelope, element by element, as expat tells it: the rule for ``sax.outline``, which libxml2 tells."""

from __future__ import annotations

from typing import NamedTuple, Protocol
from xml.parsers import expat

from transforms.parse import codes
from transforms.parse.codes import Unparsable

_TAG_ENDS = (b">", b" ", b"\t", b"\r", b"\n")
_XML = "http://www.w3.org/XML/1998/namespace"

# Declared on the elements around an entry: each of them is looked for in each entry.
MAX_NAMESPACES = 256

Namespaces = dict[str, str]


class Outline(Protocol):
    """Who is told. Names are without prefixes; ``start`` is an element's first byte, ``behind`` the one after it.

    ``namespaces`` are those that an element inherits and does not declare itself, by the attributes that declare them
    (``xmlns:ds``). ``leaves`` are the names of leaves to tell of; others are told of where ``mark`` or markup is in
    their text, and may be where it is not.
    """

    leaves: frozenset[str]
    mark: bytes

    def root(self, name: str, namespace: str) -> None:
        """The root begins, which is no entry."""

    def is_entry(self, name: str) -> bool:
        """Whether an element of this name is told of as a whole."""

    def exceeds(self, is_namespaces: bool) -> None:
        """More elements than the limit, or more namespaces than ``MAX_NAMESPACES``, are around entries; raises."""

    def entry(self, name: str, start: int, behind: int, namespaces: Namespaces) -> None:
        """An entry ends."""

    def leaf(self, name: str, start: int, behind: int, namespaces: Namespaces, text: str, nsu: str | None) -> None:
        """An element without elements in it, and not in an entry, ends; ``nsu`` is its attribute ``NSU``."""


class _Open(NamedTuple):
    """An element that is open: its attributes, and namespaces with its own."""

    name: str
    start: int
    attributes: dict[str, str]
    namespaces: Namespaces


def tell(data: bytes, to: Outline, limit: int, is_shallow: bool = False) -> None:
    """Tells ``to`` what is in a well-formed envelope (UTF-8, no DOCTYPE) and raises what it raises.

    ``limit``: of elements around the entries. ``is_shallow``: only of entries that are children of the root.
    """
    _Teller(data, to, limit, is_shallow).run()


class _Teller:
    def __init__(self, data: bytes, to: Outline, limit: int, is_shallow: bool) -> None:
        self._data = data
        self._to = to
        self._left = limit
        self._is_shallow = is_shallow
        self._open: list[_Open] = []
        # Elements that are open, of one that is skipped; the first of them, if it is an entry.
        self._skipped = 0
        self._entry: _Open | None = None
        # The texts of the innermost element, if it has had no child.
        self._is_leaf = False
        self._texts: list[str] = []
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
        self._is_leaf = False
        if self._skipped:
            self._skipped += 1
            return
        prefix, _, name = tag.rpartition(":")
        opened = self._opened(name, attributes)
        if self._open and self._to.is_entry(name):
            self._entry = opened
            self._skipped = 1
            return
        self._left -= 1
        if self._left < 0:
            self._to.exceeds(is_namespaces=False)
        if self._open and self._is_shallow:
            self._skipped = 1
            return
        if not self._open:
            spaces = {"xmlns:xml": _XML, **opened.namespaces}
            self._to.root(name, spaces.get(f"xmlns:{prefix}" if prefix else "xmlns", ""))
        if len(opened.namespaces) > MAX_NAMESPACES:
            self._to.exceeds(is_namespaces=True)
        self._open.append(opened)
        self._is_leaf = not self._is_shallow
        self._texts = []

    def _opened(self, name: str, attributes: dict[str, str]) -> _Open:
        around = self._open[-1].namespaces if self._open else {}
        declared = {prefix: uri for prefix, uri in attributes.items() if prefix.startswith("xmlns")}
        return _Open(name, self._parser.CurrentByteIndex, attributes, {**around, **declared} if declared else around)

    def _end(self, tag: str) -> None:
        # The last one is not always that of the element that ends: it may be empty.
        self._end_tag = f"</{tag}".encode()
        if self._skipped:
            self._skipped -= 1
            if self._entry is not None and not self._skipped:
                ended, self._entry = self._entry, None
                self._to.entry(ended.name, ended.start, self._behind(), self._inherited(ended))
            return
        ended = self._open.pop()
        if self._is_leaf:
            self._to.leaf(
                ended.name,
                ended.start,
                self._behind(),
                self._inherited(ended),
                "".join(self._texts),
                ended.attributes.get("NSU"),
            )
        self._is_leaf = False

    def _text(self, text: str) -> None:
        if self._is_leaf:
            self._texts.append(text)

    def _inherited(self, element: _Open) -> Namespaces:
        around = self._open[-1].namespaces if self._open else {}
        return {prefix: uri for prefix, uri in around.items() if prefix not in element.attributes}

    def _behind(self) -> int:
        """Where the element ends whose end is being reported."""
        end = self._parser.CurrentByteIndex
        # Behind an empty-element tag expat stands at what follows it already.
        behind = end + len(self._end_tag)
        if self._data.startswith(self._end_tag, end) and self._data[behind : behind + 1] in _TAG_ENDS:
            end = self._data.find(b">", behind) + 1
        return end
