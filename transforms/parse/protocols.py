"""Which of the tax office's answers in an envelope apply to the document or event in it: only its own.

Software attaches the whole answer of a batch to one document or event, or answers to others by mistake. Of several
answers for its own key an accepting one takes precedence over a rejecting one, and an earlier one over later ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from transforms.families import FAMILIES
from transforms.model import EVENT
from transforms.parse import codes, tree
from transforms.parse.checks import key_of_id, key_of_text
from transforms.parse.layout import BODY, PROTOCOL, REQUEST, RETURN, Layout, Node
from transforms.parse.values import Reading

_ASKED = (BODY, REQUEST)
_ANSWERS = (PROTOCOL, RETURN)
_KEY_ELEMENTS = {family.name: family.key_element for family in FAMILIES.values()}


class Settled(NamedTuple):
    """What the document or event says by its own answer alone, and the elements that answers to others stood in."""

    reading: Reading
    foreign: frozenset[str]


def is_doubtful(layout: Layout, reading: Reading) -> bool:
    """Whether the answer that was read may belong to another document or event, or may be one of several."""
    parts, fields = reading.parts, reading.fields
    if layout.kind == EVENT:
        if REQUEST not in parts or RETURN not in parts:
            return False
        asked = _asked_of_event(layout, reading)
        return codes.REPEATED_ELEMENT in reading.findings or _differs(
            asked,
            fields.get(f"_return_key_{asked.family}"),
            fields.get("_return_event_type"),
            fields.get("_return_sequence"),
        )
    if BODY not in parts or PROTOCOL not in parts:
        return False
    asked = _asked_of_document(layout, reading)
    return codes.REPEATED_ELEMENT in reading.findings or _differs(asked, fields.get("_protocol_key"))


def settle(layout: Layout, node: Node, root: etree._Element, reading: Reading) -> Settled:
    """Reads it again with only its own answer, if it has one; the others are removed from ``root``."""
    asked = (_asked_of_event if layout.kind == EVENT else _asked_of_document)(layout, reading)
    found = list(_parts(root, node))
    answers = [element for part, element in found if part in _ANSWERS]
    kept = {element for part, element in found if part in _ASKED}
    own = [answer for answer in answers if not _is_foreign(answer, asked)]
    own.sort(key=lambda answer: _rank(layout, _number(answer, "cStat")))
    foreign = [answer for answer in answers if answer not in own]
    containers = {answer.getparent() for answer in foreign} - {root, None}
    names = frozenset(tree.local_name(parent.tag) for parent in containers if parent is not None)
    for answer in (*own[1:], *foreign):
        _remove(answer, root, kept | set(answers) - {answer})
    settled = tree.read(root, node)
    if len(answers) > 1:
        settled.findings.add(codes.REPEATED_ELEMENT)
    if foreign and not own:
        settled.findings.add(codes.PROTOCOL_KEY_MISMATCH)
    return Settled(settled, names)


class _Asked(NamedTuple):
    """What an answer has to name to be an own one; None where the document or event does not tell."""

    family: str
    key: str | None
    event_type: str | None = None
    sequence: int | None = None


def _asked_of_document(layout: Layout, reading: Reading) -> _Asked:
    written = reading.fields.get("_id")
    return _Asked(layout.family.name, key_of_id(written, layout.id_prefixes, layout.keys)[0] if written else None)


def _asked_of_event(layout: Layout, reading: Reading) -> _Asked:
    """What an event's answer has to name. An event of an NF-e may name a CT-e in addition to its own key."""
    fields = reading.fields
    named = [name for name in _KEY_ELEMENTS if f"_key_{name}" in fields]
    family = next((name for name in named if name == layout.family.name), named[0] if named else layout.family.name)
    text = fields.get(f"_key_{family}")
    key = key_of_text(text, FAMILIES[family].keys)[0] if text else None
    return _Asked(family, key, fields.get("event_type"), fields.get("sequence"))


def _differs(asked: _Asked, named: str | None, event_type: str | None = None, sequence: int | None = None) -> bool:
    """Whether an answer names another key or event than was asked for. What it does not name does not differ."""
    if named is not None and asked.key is not None and key_of_text(named, FAMILIES[asked.family].keys)[0] != asked.key:
        return True
    if None not in (event_type, asked.event_type) and event_type != asked.event_type:
        return True
    return None not in (sequence, asked.sequence) and sequence != asked.sequence


def _is_foreign(answer: etree._Element, asked: _Asked) -> bool:
    named = _text(answer, _KEY_ELEMENTS[asked.family])
    return _differs(asked, named, _text(answer, "tpEvento"), _number(answer, "nSeqEvento"))


def _rank(layout: Layout, status: int | None) -> int:
    family = layout.family
    if layout.kind != EVENT:
        return int(family.is_rejection(status))
    if status in family.accepted_returns:
        return 0
    return 1 if status in family.repeated_returns or family.told_by_rejection(status) else 2


def _parts(element: etree._Element, node: Node) -> Iterator[tuple[str, etree._Element]]:
    """Every element that is a part of the layout, and which."""
    if node.part is not None:
        yield node.part, element
        return
    for child in element:
        wanted = node.nodes.get(tree.local_name(child.tag))
        if wanted is not None:
            yield from _parts(child, wanted)


def _remove(answer: etree._Element, root: etree._Element, kept: set[etree._Element]) -> None:
    """Removes an answer, with the elements around it that contain nothing else."""
    parent = answer.getparent()
    while parent is not None and parent is not root and not any(other in kept for other in parent.iter()):
        answer, parent = parent, parent.getparent()
    if parent is not None:
        parent.remove(answer)


def _text(answer: etree._Element, name: str) -> str | None:
    for element in answer.iter():
        if tree.local_name(element.tag) == name and element.text and element.text.strip():
            return element.text.strip()
    return None


def _number(answer: etree._Element, name: str) -> int | None:
    text = _text(answer, name)
    return int(text) if text and text.isdigit() and text.isascii() and len(text) < 10 else None
