"""The pattern of an outline: what every document of it matches, with the texts that are wanted as groups.

Elements come in the order of the outline, each there or not. Everything is matched possessively, and at no place
does the pattern have two ways to go on, so its time is linear. Texts that are wanted as numbers match only what their
putter accepts: a document with any other is read from its tree, and gets its finding there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from transforms.parse import values
from transforms.parse.layout import Leaf, Node
from transforms.parse.outline import CDATA, Element, StartTag
from transforms.parse.values import Putter

# What texts have to be that are put without a look at them.
CHECKED: dict[Putter | None, str] = {
    None: "",
    values.put_integer: f"(?:{values.INTEGER})?+",
    values.put_amount: f"(?:{values.AMOUNT})?+",
    values.put_quantity: f"(?:{values.QUANTITY})?+",
}


class PartGroups(NamedTuple):
    """A part: the group that is empty unless it is there, and those with its namespace, the innermost first."""

    name: str
    group: int
    namespaces: tuple[int, ...]


class PatternWriter:
    """Writes the pattern of an element, and notes what its groups are: ``leaves``, ``parts``, and ``runs`` of elements
    that may repeat, to be matched once more, one by one. ``capturing``: else it has no groups.
    """

    def __init__(self, capturing: bool = True) -> None:
        self._capturing = capturing
        self.groups = 0
        self.leaves: list[tuple[Leaf, int]] = []
        self.parts: list[PartGroups] = []
        self.runs: list[tuple[int, Element]] = []

    def element(self, element: Element, namespaces: tuple[int, ...] = (), whole: bool = True) -> str:
        """One occurrence; not ``whole``: only as far as anything is wanted of it."""
        node = element.node
        begin = "<"
        declared: list[int] = []
        part = self.groups
        if node is not None and node.part is not None:
            begin = self._group("<")
        ways = [self._start_tag(tag, node, declared) + "/>" for tag in element.empty.values()]
        tags = [self._start_tag(tag, node, declared) + ">" for tag in element.start_tags.values()]
        namespaces = (*declared, *namespaces)
        if node is not None and node.part is not None:
            self.parts.append(PartGroups(node.part, part, namespaces))
        if tags:
            end = f"</{re.escape(element.name)}>" if whole else ""
            ways.append(_either(tags) + self._content(element, namespaces, whole) + end)
        return begin + re.escape(element.name) + _either(ways)

    def _start_tag(self, tag: StartTag, node: Node | None, declared: list[int]) -> str:
        """A start tag after its name; the group of the namespace that it declares is added to ``declared``."""
        pattern = ""
        for piece in tag:
            if isinstance(piece, str):
                pattern += re.escape(piece)
                continue
            value = f"[^{piece.quote}<]*+"
            if piece.fixed is not None:
                value = re.escape(piece.fixed)
                if piece.name == "xmlns" and node is not None:
                    declared.append(self.groups)
                    value = self._group(value)
            elif node is not None and (leaves := [leaf for leaf in node.attributes if leaf[0] == piece.name]):
                value = self._wanted(leaves, f"[^{piece.quote}<\n\t]*+")
            pattern += piece.quote + value + piece.quote
        return pattern

    def _content(self, element: Element, namespaces: tuple[int, ...], whole: bool) -> str:
        if element.leaves:
            return self._wanted(element.leaves, "[^<]*+")
        children = _ordered(element)
        while not whole and children and not (children[-1].leaves or children[-1].node):
            children.pop()
        text = f"[^<]*+(?:{CDATA}[^<]*+)?+" if element.cdata else "[^<]*+"
        return text + "".join(self._child(child, namespaces) for child in children)

    def _child(self, child: Element, namespaces: tuple[int, ...]) -> str:
        if child.is_run:
            self.runs.append((self.groups, child))
            return self._group(f"(?:{PatternWriter(capturing=False).element(child)}[^<]*+)*+")
        return f"(?:{self.element(child, namespaces)}[^<]*+)" + ("*+" if child.repeated else "?+")

    def _wanted(self, leaves: Iterable[Leaf], anything: str) -> str:
        (put,) = {leaf[2] for leaf in leaves}
        self.leaves.extend((leaf, self.groups) for leaf in leaves)
        return self._group(CHECKED.get(put) or anything)

    def _group(self, pattern: str) -> str:
        if not self._capturing:
            return pattern
        self.groups += 1
        return f"({pattern})"


def _ordered(element: Element) -> list[Element]:
    """Children in an order that no document contradicts."""
    ahead = dict.fromkeys(element.children, 0)
    for names in element.order.values():
        for name in names:
            ahead[name] += 1
    ready = [name for name, count in ahead.items() if not count]
    ordered = []
    while ready:
        name = ready.pop()
        ordered.append(element.children[name])
        for following in sorted(element.order.get(name, ())):
            ahead[following] -= 1
            if not ahead[following]:
                ready.append(following)
    return ordered


def _either(patterns: list[str]) -> str:
    return patterns[0] if len(patterns) == 1 else f"(?>{'|'.join(patterns)})"
