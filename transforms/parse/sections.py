"""Reading a section (``ide``, ``emit``, ``prod``, ``infProt``, ...) with next to no work in Python.

The tags of a section, one after the other, are its *outline*, and the same outlines come again and again: fiscal
documents are written by machines. What is wanted of an outline, and where, is worked out once (``_learn``) and kept
as a ``Plan``. A section whose outline is that of the last one is read by one match of the plan's pattern, which is
nothing but the outline with the texts left open. Any other is cut at every angle bracket, its outline looked up, and
the pieces wanted picked by number. An outline that no plan can serve (elements that repeat) is walked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter

from transforms.parse.layout import Leaf, Node
from transforms.parse.markup import parse_tag, unescape
from transforms.parse.take import take
from transforms.parse.values import ALIKE, PutAlike, Reading, Target

# Longer sections, and more outlines of one element than this, are walked, so that what is learnt stays small.
_MAX_LENGTH = 4096
_MAX_PLANS = 1024
# A pattern takes a millisecond to make: not for an outline that comes now and then.
_USES_BEFORE_PATTERN = 16

_Found = list[tuple[int, Leaf]]


class Plan:
    """What to take of an outline.

    ``pick`` picks, of the pieces of a section, the texts of ``leaves`` in their order, ``order`` are the groups of
    ``match`` with the same texts. ``alike`` are runs ``begin:end`` of leaves that are put at once, ``single`` the
    places of those put one by one. ``constants`` are attributes with their leaves: the outline includes them, so
    they are the same every time.
    """

    __slots__ = ("_pattern", "alike", "constants", "leaves", "match", "order", "pick", "single", "uses")

    def __init__(self, tags: Sequence[str], found: _Found, constants: list[tuple[Leaf, str]]) -> None:
        self.alike: list[tuple[PutAlike, tuple[str, ...], int, int]] = []
        self.constants = constants
        ordered: _Found = []
        for put, put_alike in ALIKE.items():
            run = [(place, leaf) for place, leaf in found if leaf[2] is put]
            if run:
                columns = tuple(leaf[1] for _, leaf in run)
                self.alike.append((put_alike, columns, len(ordered), len(ordered) + len(run)))
                ordered.extend(run)
        self.single = range(len(ordered), len(found))
        ordered.extend((place, leaf) for place, leaf in found if leaf[2] not in ALIKE)
        self.leaves = [leaf for _, leaf in ordered]
        places = [place for place, _ in ordered]
        self.pick = _picker(places)
        self.order = [sorted(places).index(place) + 1 for place in places]
        texts = ("([^<]*+)" if 2 * number + 2 in places else "[^<]*+" for number in range(len(tags)))
        self._pattern = "[^<]*+" + "".join(f"<{re.escape(tag)}>{t}" for tag, t in zip(tags, texts, strict=True))
        self.match: Callable[[str, int], re.Match[str] | None] | None = None
        self.uses = 0

    def used(self, node: Node, name: str) -> None:
        """Count a use; a plan that is used often becomes the first that is tried for its element."""
        self.uses += 1
        if self.match is None and self.uses == _USES_BEFORE_PATTERN and len(self.leaves) > 1:
            self.match = re.compile(f"{self._pattern}</{re.escape(name)}>").match
        if self.match is not None:
            node.hot = self


def read(text: str, pos: int, name: str, node: Node, target: Target, reading: Reading) -> int:
    """Put the wanted fields of the section ``name`` whose content begins at ``pos``.

    Returns where the text goes on after it; -1 when it has to be walked.
    """
    hot: Plan | None = node.hot
    if hot is not None and hot.match is not None and (match := hot.match(text, pos)) is not None:
        _put(hot, match.group(*hot.order), "&" in match[0], target, reading)
        return match.end()
    # The first end tag of this name is the section's own, or its outline has more starts than ends.
    close = text.find(f"</{name}>", pos, pos + _MAX_LENGTH)
    if close < 0:
        return -1
    content = text[pos:close]
    pieces = content.replace(">", "<").split("<")
    # Each < has one > in well-formed text; any more are in texts or attributes.
    if len(pieces) != 2 * content.count("<") + 1:
        return -1
    plan = _plan_of(pieces[1::2], node)
    if plan is None:
        return -1
    plan.used(node, name)
    _put(plan, plan.pick(pieces), "&" in content, target, reading)
    return close + len(name) + 3


def _plan_of(tags: list[str], node: Node) -> Plan | None:
    outline = "<".join(tags)
    plan: Plan | None = node.plans.get(outline)
    if plan is None and outline not in node.plans and len(node.plans) < _MAX_PLANS:
        plan = node.plans[outline] = _learn(tags, node)
    return plan


def _put(plan: Plan, texts: Sequence[str], escaped: bool, target: Target, reading: Reading) -> None:
    if escaped:
        texts = list(map(unescape, texts))
    texts = list(map(str.strip, texts))
    for leaf, text in plan.constants:
        take((leaf,), {leaf[0]: text}, target, reading)
    if "" in texts:
        for leaf, text in zip(plan.leaves, texts, strict=True):
            take((leaf,), {leaf[0]: text}, target, reading)
        return
    for put, columns, begin, end in plan.alike:
        put(target, columns, texts[begin:end], reading)
    for place in plan.single:
        _, column, put_one = plan.leaves[place]
        if put_one is not None:
            put_one(target, column, texts[place], reading)


def _learn(tags: list[str], section: Node) -> Plan | None:
    """The plan of an outline; None when it has repeated elements that are wanted, or is not one section."""
    found: _Found = []
    constants: list[tuple[Leaf, str]] = []
    open_nodes: list[Node | None] = [section]
    for number, inside in enumerate(tags):
        if inside.startswith("/"):
            open_nodes.pop()
            if not open_nodes:
                return None
            continue
        tag = parse_tag(inside)
        if tag is None:
            return None
        node = open_nodes[-1]
        child: Node | None = None
        if node is not None and tag.name in node.leaves:
            if not tag.empty and tags[number + 1 : number + 2] != [f"/{tag.name}"]:
                return None
            found.extend((2 * number + 2, leaf) for leaf in node.columns if leaf[0] == tag.name and not tag.empty)
        elif node is not None:
            child = node.nodes.get(tag.name, node.any)
            if child is not None:
                if tag.empty or child.many or child.part or (child.repeats and child is not node.any):
                    return None
                present = (leaf for leaf in child.attributes if leaf[0] in tag.attributes)
                constants.extend((leaf, tag.attributes[leaf[0]]) for leaf in present)
        if not tag.empty:
            open_nodes.append(child)
    columns = [leaf[1] for _, leaf in found] + [leaf[1] for leaf, _ in constants]
    if len(open_nodes) != 1 or len(set(columns)) != len(columns):
        return None
    return Plan(tags, found, constants)


def _picker(places: list[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda pieces: [pieces[place] for place in places]
