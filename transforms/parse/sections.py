"""Reading a section (``ide``, ``emit``, ``prod``, ``infProt``, ...) with next to no work in Python.

Cut at every angle bracket, a section is text, tag, text, tag, over and over. The tags alone are its *outline*, and
the same outlines come again and again: fiscal documents are written by machines. What is wanted of an outline, and
where, is worked out once (``_learn``) and kept as a ``Plan``; reading a section is then to cut it, to look its
outline up, and to pick pieces by number. An outline that no plan can serve (elements that repeat) is walked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

from transforms.parse.layout import Leaf, Node
from transforms.parse.markup import parse_tag, unescape
from transforms.parse.take import take
from transforms.parse.values import ALIKE, PutAlike, Reading, Target

# Longer sections, and more outlines of one element than this, are walked, so that what is learnt stays small.
MAX_LENGTH = 4096
_MAX_PLANS = 1024

_Pick = Callable[[Sequence[str]], Sequence[str]]


class Plan(NamedTuple):
    """What to pick of an outline: by ``pick`` the pieces that are the texts of ``leaves``, in their order.

    ``alike`` are runs ``begin:end`` of leaves that are put at once, ``single`` the places of those put one by one.
    ``constants`` are attributes with their leaves: the outline includes them, so they are the same every time.
    """

    pick: _Pick
    leaves: tuple[Leaf, ...]
    alike: tuple[tuple[PutAlike, tuple[str, ...], int, int], ...]
    single: tuple[int, ...]
    constants: tuple[tuple[Leaf, str], ...]


def read(content: str, node: Node, target: Target, reading: Reading) -> bool:
    """Put the wanted fields of a section whose content this is; False when it has to be walked."""
    pieces = content.replace(">", "<").split("<")
    # Each < has one > in well-formed text; any more are in texts or attributes.
    if len(pieces) != 2 * content.count("<") + 1:
        return False
    outline = "<".join(pieces[1::2])
    plan = node.plans.get(outline)
    if plan is None:
        if outline in node.plans or len(node.plans) >= _MAX_PLANS:
            return False
        plan = node.plans[outline] = _learn(pieces[1::2], node)
        if plan is None:
            return False
    texts = plan.pick(pieces)
    if "&" in content:
        texts = list(map(unescape, texts))
    _put(plan, list(map(str.strip, texts)), target, reading)
    return True


def _put(plan: Plan, texts: list[str], target: Target, reading: Reading) -> None:
    for leaf, text in plan.constants:
        take((leaf,), {leaf[0]: text}, target, reading)
    if "" in texts:
        for leaf, text in zip(plan.leaves, texts, strict=True):
            take((leaf,), {leaf[0]: text}, target, reading)
        return
    for put, columns, begin, end in plan.alike:
        put(target, columns, texts[begin:end], reading)
    for place in plan.single:
        take((plan.leaves[place],), {plan.leaves[place][0]: texts[place]}, target, reading)


def _learn(tags: list[str], section: Node) -> Plan | None:
    """The plan of an outline; None when it has repeated elements that are wanted, or is not one section."""
    found: list[tuple[int, Leaf]] = []
    constants: list[tuple[Leaf, str]] = []
    open_nodes: list[Node | None] = [section]
    for number, inside in enumerate(tags):
        if inside.startswith("/"):
            open_nodes.pop()
            if not open_nodes:
                return None
            continue
        tag = parse_tag(inside)
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
    return _arrange(found, tuple(constants))


def _arrange(found: list[tuple[int, Leaf]], constants: tuple[tuple[Leaf, str], ...]) -> Plan:
    alike: list[tuple[PutAlike, tuple[str, ...], int, int]] = []
    ordered: list[tuple[int, Leaf]] = []
    for put, put_alike in ALIKE.items():
        run = [(place, leaf) for place, leaf in found if leaf[2] is put]
        if run:
            begin = len(ordered)
            ordered.extend(run)
            alike.append((put_alike, tuple(leaf[1] for _, leaf in run), begin, len(ordered)))
    together = len(ordered)
    ordered.extend((place, leaf) for place, leaf in found if leaf[2] not in ALIKE)
    leaves = tuple(leaf for _, leaf in ordered)
    pick = _picker([place for place, _ in ordered])
    return Plan(pick, leaves, tuple(alike), tuple(range(together, len(ordered))), constants)


def _picker(places: list[int]) -> _Pick:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda pieces: [pieces[place] for place in places]
