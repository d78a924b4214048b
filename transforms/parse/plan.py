"""Reading a document by one match of one pattern: the outline of its root, with the texts that are wanted as groups.

Elements come in the order of the outline, each there or not. Everything is matched possessively, and at no place
does the pattern have two ways to go on, so its time is linear. Texts that are wanted as numbers match only what their
putter accepts: a document with any other is read from its tree, and gets its finding there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple

from transforms.parse import values
from transforms.parse.layout import Leaf, Node
from transforms.parse.outline import CDATA, Element, Value
from transforms.parse.values import Putter, Reading, Target

_REFERENCE = re.compile("&(?:amp|lt|gt|quot|apos);")
_NAMED = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
_ALIKE: dict[Putter | None, str] = {
    None: "",
    values.put_integer: f"(?:{values.INTEGER})?+",
    values.put_amount: f"(?:{values.AMOUNT})?+",
    values.put_quantity: f"(?:{values.QUANTITY})?+",
}


class _Part(NamedTuple):
    """A part: the group that is empty unless it is there, and those with its namespace, the innermost first."""

    name: str
    group: int
    namespaces: tuple[int, ...]


class Plan:
    """What the groups of ``pattern`` are for: fields, parts, and runs of elements that have a plan of their own.

    ``pick`` picks the texts of ``columns``; those of ``integers`` become numbers, the others stay as they are.
    ``single`` are put one by one, by their putter. ``shared`` are groups for one column: which of several wins, only
    the tree tells.
    """

    def __init__(self, element: Element, whole: bool = True) -> None:
        self._leaves: list[tuple[Leaf, int]] = []
        self._groups = 0
        self.parts: list[_Part] = []
        self.runs: list[tuple[int, str | None, Plan]] = []
        pattern = self._element(element, (), whole)
        self.pattern = re.compile(pattern)
        alike = [(leaf[1], group) for leaf, group in self._leaves if leaf[2] in _ALIKE]
        self.columns = tuple(column for column, _ in alike)
        self.pick = _picker([group for _, group in alike])
        self.integers = tuple({leaf[1] for leaf, _ in self._leaves if leaf[2] is values.put_integer})
        self.single = [(leaf[1], leaf[2], group) for leaf, group in self._leaves if leaf[2] not in _ALIKE]
        self.shared = [_picker(groups) for groups in self._places().values() if len(groups) > 1]

    def _places(self) -> dict[str, list[int]]:
        """The groups that feed each column."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for leaf, group in self._leaves:
            places[leaf[1]].append(group)
        for group, many, run in self.runs:
            for column in (many,) if many else run._places():
                places[column].append(group)
        return places

    def read(self, text: str, start: int, escaped: bool) -> Reading | None:
        """What the document says whose root begins at ``start``; None when it is not of the outline."""
        match = self.pattern.fullmatch(text, start)
        reading = Reading()
        return reading if match and self._put(match.groups(""), escaped, reading.fields, reading) else None

    def _put(self, groups: Sequence[str], escaped: bool, target: Target, reading: Reading) -> bool:
        """Put what was matched into ``target``; False when only the tree tells."""
        for of_column in self.shared:
            if sum(map(bool, of_column(groups))) > 1:
                return False
        for part in self.parts:
            if groups[part.group]:
                reading.parts.add(part.name)
                reading.namespaces.add(next((groups[i] for i in part.namespaces if groups[i]), ""))
        for group, many, run in self.runs:
            for found in run.pattern.finditer(groups[group]):
                entry = target
                if many is not None:
                    entry = {}
                    target.setdefault(many, []).append(entry)
                if not run._put(found.groups(""), escaped, entry, reading):
                    return False
        if escaped:
            groups = [_REFERENCE.sub(_resolve, text) if "&" in text else text for text in groups]
        target |= {column: text for column, text in zip(self.columns, map(str.strip, self.pick(groups))) if text}
        for column in self.integers:
            if column in target:
                target[column] = int(target[column])
        for column, put, group in self.single:
            if text := groups[group].strip():
                put(target, column, text, reading)
        return True

    def _group(self, pattern: str) -> tuple[int, str]:
        self._groups += 1
        return self._groups - 1, f"({pattern})"

    def _element(self, element: Element, namespaces: tuple[int, ...], whole: bool = True) -> str:
        """Pattern of one occurrence; not ``whole``: only as far as anything is wanted."""
        node = element.node
        begin = "<"
        part = None
        if node is not None and node.part is not None:
            part, begin = self._group("<")
        tags = []
        here: list[int] = []
        for form in element.forms.values():
            pattern, declared = self._form(form, node)
            tags.append(pattern + ">")
            here += declared
        namespaces = (*here, *namespaces)
        if part is not None and node is not None and node.part is not None:
            self.parts.append(_Part(node.part, part, namespaces))
        content = ""
        if tags:
            content = _either(tags) + self._content(element, namespaces, whole)
            if whole:
                content += f"</{re.escape(element.name)}>"
        empty = [self._form(form, node)[0] + "/>" for form in element.empty.values()]
        return begin + re.escape(element.name) + _either([content, *empty] if content else empty)

    def _form(self, form: tuple[str | Value, ...], node: Node | None) -> tuple[str, list[int]]:
        """Pattern of a start tag after its name, and the group of the namespace that it declares."""
        pattern = ""
        declared = []
        for piece in form:
            if isinstance(piece, str):
                pattern += re.escape(piece)
                continue
            leaves = [leaf for leaf in node.attributes if leaf[0] == piece.name] if node else []
            if piece.fixed is not None:
                value = re.escape(piece.fixed)
                if piece.name == "xmlns" and node is not None:
                    group, value = self._group(value)
                    declared.append(group)
            elif leaves:
                value = self._wanted(leaves, f"[^{piece.quote}<\n\t\r]*+")
            else:
                value = f"[^{piece.quote}<]*+"
            pattern += piece.quote + value + piece.quote
        return pattern, declared

    def _content(self, element: Element, namespaces: tuple[int, ...], whole: bool) -> str:
        if element.leaves:
            return self._wanted(element.leaves, "[^<]*+")
        ordered = _ordered(element)
        if not whole:
            wanted = [bool(child.leaves or child.node) for child in ordered]
            while wanted and not wanted.pop():
                ordered.pop()
        text = f"[^<]*+(?:{CDATA}[^<]*+)?+" if element.cdata else "[^<]*+"
        return text + "".join(self._child(child, namespaces) for child in ordered)

    def _child(self, child: Element, namespaces: tuple[int, ...]) -> str:
        if not child.is_run:
            return f"(?:{self._element(child, namespaces)}[^<]*+)" + ("*+" if child.repeated else "?+")
        run = Plan(child, whole=False)
        group, pattern = self._group(f"(?:{_without_groups(child)}[^<]*+)*+")
        self.runs.append((group, child.node.many if child.node else None, run))
        return pattern

    def _wanted(self, leaves: Iterable[Leaf], anything: str) -> str:
        (put,) = {leaf[2] for leaf in leaves}
        group, pattern = self._group(_ALIKE.get(put) or anything)
        self._leaves.extend((leaf, group) for leaf in leaves)
        return pattern


class _WithoutGroups(Plan):
    """Makes the same pattern, but captures nothing."""

    def _group(self, pattern: str) -> tuple[int, str]:
        return 0, f"(?:{pattern})"


def _without_groups(element: Element) -> str:
    return _WithoutGroups(element).pattern.pattern


def _ordered(element: Element) -> list[Element]:
    """Children in an order that no document contradicts."""
    ahead = {name: 0 for name in element.children}
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


Pick = Callable[[Sequence[str]], Sequence[str]]


def _picker(places: list[int]) -> Pick:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda groups: [groups[place] for place in places]


def _resolve(match: re.Match[str]) -> str:
    return _NAMED[match[0]]
