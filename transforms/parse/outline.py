"""What documents of one root have been seen to hold: which elements, where, in which order, with which start tags.

Fiscal documents follow schemas and are written by machines, so after a few hundred of them hardly any brings an
element, or an order of elements, that none had before. An ``Outline`` is learnt from documents that libxml2 has found
well-formed, and from nothing else, and is bounded. ``plan`` makes one pattern of it.

What every document of an outline has is what makes it well-formed: start tags as libxml2 once accepted them (but for
the values of attributes without a prefix), each closed by the end tag of its name, around elements of which the same
is true.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from transforms.parse.layout import EMBEDDED, Leaf, Node

_ATTRIBUTE = r"""\s+[A-Za-z_][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*')"""
# Inside a CDATA section neither < nor ] is learnt: then its end is the first ].
CDATA = r"<!\[CDATA\[[^\]<]*+\]\]>"
_TAG = re.compile(rf"<(/?)([A-Za-z_][\w.-]*)((?:{_ATTRIBUTE})*\s*)(/?)>[^<]*+({CDATA}[^<]*+)?", re.ASCII)
_NAME_AND_VALUE = re.compile(r"""([A-Za-z_][\w:.-]*)(\s*=\s*)(?:"([^"]*)"|'([^']*)')""", re.ASCII)
_MAX_ELEMENTS = 4096
_MAX_CHILDREN = 256
_MAX_DEPTH = 32
_MAX_START_TAGS = 8
_MAX_TAG = 400
_MAX_CHARACTERS = 200_000


class Unlearnable(Exception):
    """The document is not plain enough, or its order contradicts what others had."""


class Value(NamedTuple):
    """An attribute in a start tag: its quote, and its value where every document has to have the same."""

    name: str
    quote: str
    fixed: str | None


StartTag = tuple[str | Value, ...]


class Element:
    """An element at its place.

    ``node`` is what the layout wants below it, ``leaves`` what it wants of its text. ``start_tags`` are those seen
    (after the name; texts and ``Value`` in turn), ``empty`` those of empty-element tags. ``order`` names, for each
    child, those seen right after it. ``repeated``: it was seen twice in a row, ``cdata``: with CDATA in its text.
    """

    __slots__ = ("cdata", "children", "empty", "start_tags", "leaves", "name", "node", "order", "repeated")

    def __init__(self, name: str, node: Node | None, leaves: tuple[Leaf, ...]) -> None:
        self.name = name
        self.node = node
        self.leaves = leaves
        self.start_tags: dict[str, StartTag] = {}
        self.empty: dict[str, StartTag] = {}
        self.children: dict[str, Element] = {}
        self.order: dict[str, set[str]] = {}
        self.repeated = False
        self.cdata = False

    @property
    def is_run(self) -> bool:
        """Whether each occurrence is read by itself, because there may be several."""
        return self.node is not None and (self.node.many is not None or self.repeated)

    def precedes(self, first: str, second: str) -> bool:
        """Whether child ``first`` was seen before child ``second``, directly or by way of others."""
        seen, ahead = set(), [first]
        while ahead:
            name = ahead.pop()
            if name == second:
                return True
            if name not in seen:
                seen.add(name)
                ahead.extend(self.order.get(name, ()))
        return False


class _Open(NamedTuple):
    element: Element
    children: list[str]


class Outline:
    """All that was seen under one root element; ``node`` is what the layout wants of it, ``size`` grows with it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._elements = 0
        self.size = 0
        self.root: Element | None = None

    def learn(self, text: str, start: int) -> None:
        """Take in a document, well-formed, whose root begins at ``start``.

        Raises ``Unlearnable``, and may have taken in a part.
        """
        if len(text) > _MAX_CHARACTERS:
            raise Unlearnable
        stack: list[_Open] = []
        end = start
        for match in _TAG.finditer(text, start):
            if match.start() != end:
                raise Unlearnable
            end = match.end()
            closing, name, attributes, empty, cdata = match.groups()
            if cdata and (closing or empty):
                raise Unlearnable
            if closing:
                stack.pop()
                continue
            element = self._child(stack, name) if stack else self._root(name)
            self._add_start_tag(element.empty if empty else element.start_tags, attributes)
            if cdata and not element.cdata:
                element.cdata = True
                self.size += 1
            if not empty:
                if len(stack) == _MAX_DEPTH:
                    raise Unlearnable
                stack.append(_Open(element, []))
        if end != len(text):
            raise Unlearnable

    def _root(self, name: str) -> Element:
        if self.root is None:
            self.root = Element(name, self._node, ())
        if self.root.name != name:
            raise Unlearnable
        return self.root

    def _child(self, stack: list[_Open], name: str) -> Element:
        parent, before = stack[-1]
        child = parent.children.get(name)
        if child is None:
            child = self._new_child(stack, name)
        if before and before[-1] == name:
            if child.leaves or (child.node is not None and not child.node.repeats):
                raise Unlearnable
            self.size += not child.repeated
            child.repeated = True
        else:
            if before and name not in parent.order.setdefault(before[-1], set()):
                if parent.precedes(name, before[-1]):
                    raise Unlearnable
                parent.order[before[-1]].add(name)
                self.size += 1
            before.append(name)
        return child

    def _new_child(self, stack: list[_Open], name: str) -> Element:
        parent = stack[-1].element
        node = None
        leaves: tuple[Leaf, ...] = ()
        if parent.node is not None:
            leaves = tuple(leaf for leaf in parent.node.columns if leaf[0] == name)
            node = None if leaves else parent.node.nodes.get(name, parent.node.any)
        runs = (around.element for around in stack if around.element.node and around.element.node.repeats)
        inside_itself = any(run.name == name for run in runs)
        too_many = self._elements == _MAX_ELEMENTS or len(parent.children) == _MAX_CHILDREN or len(name) > _MAX_TAG
        if too_many or inside_itself or (node is not None and node.part == EMBEDDED):
            raise Unlearnable
        self._elements += 1
        self.size += 1
        child = parent.children[name] = Element(name, node, leaves)
        return child

    def _add_start_tag(self, start_tags: dict[str, StartTag], attributes: str) -> None:
        tag = _start_tag(attributes) if attributes else ()
        written = "".join(piece if isinstance(piece, str) else f"{piece.quote}{piece.fixed}" for piece in tag)
        if written not in start_tags:
            if len(start_tags) == _MAX_START_TAGS or len(written) > _MAX_TAG:
                raise Unlearnable
            start_tags[written] = tag
            self.size += 1


def _start_tag(attributes: str) -> StartTag:
    """The attributes of a start tag with the values left open that may differ from document to document.

    Declarations of namespaces may not, nor may what has a prefix.
    """
    tag: list[str | Value] = []
    end = 0
    for match in _NAME_AND_VALUE.finditer(attributes):
        name = match[1]
        quote = attributes[match.end() - 1]
        value = match[3] if quote == '"' else match[4]
        fixed = ":" in name or name == "xmlns"
        tag += [attributes[end : match.start()] + name + match[2], Value(name, quote, value if fixed else None)]
        end = match.end()
    return (*tag, attributes[end:])
