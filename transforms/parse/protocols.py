"""Which of the tax office's answers in an envelope apply to the document or event in it: only its own.

Software attaches the whole answer of a batch to one document or event, or answers to others by mistake. Of several
answers for its own key an accepting one takes precedence over a rejecting one, and an earlier one over later ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from transforms.families import FAMILIES
from transforms.model import EVENT
from transforms.parse import codes
from transforms.parse.answers import Answer, read_apart
from transforms.parse.checks import key_of_id, key_of_text
from transforms.parse.layout import BODY, PROTOCOL, REQUEST, RETURN, Layout, Node
from transforms.parse.values import Reading, Target

_KEYS = tuple((name, f"_key_{name}") for name in FAMILIES)


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
        return codes.REPEATED_ELEMENT in reading.findings or _differs(_asked_of_event(layout, reading), fields)
    if BODY not in parts or PROTOCOL not in parts:
        return False
    if codes.REPEATED_ELEMENT in reading.findings:
        return True
    named = fields.get("_protocol_key")
    if named is None or (
        named.isalnum() and fields.get("_id", "").endswith(named) and len(named) == layout.keys.length
    ):
        # Nearly always. What ends alike has the same key, however it is written.
        return False
    return _differs(_asked_of_document(layout, reading), fields)


def settle(layout: Layout, node: Node, reading: Reading, read: Callable[[Node], Reading]) -> Settled:
    """What ``read`` reads with only its own answer, if it has one. ``node`` is what ``reading`` was read with."""
    asked = (_asked_of_event if layout.kind == EVENT else _asked_of_document)(layout, reading)
    settled, answers = read_apart(read, node)
    own: list[Answer] = []
    foreign: list[Answer] = []
    for answer in answers:
        (foreign if _differs(asked, answer.reading.fields) else own).append(answer)
    if own:
        min(own, key=lambda answer: _rank(layout, answer.reading.fields)).add_to(settled)
    elif answers:
        settled.findings.add(codes.PROTOCOL_KEY_MISMATCH)
    if len(answers) > 1 or codes.REPEATED_ELEMENT in reading.findings:
        settled.findings.add(codes.REPEATED_ELEMENT)
    return Settled(settled, frozenset(answer.around for answer in foreign if answer.around))


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
    named = [name for name, column in _KEYS if column in fields]
    family = next((name for name in named if name == layout.family.name), named[0] if named else layout.family.name)
    text = fields.get(f"_key_{family}")
    key = key_of_text(text, FAMILIES[family].keys)[0] if text else None
    return _Asked(family, key, fields.get("event_type"), fields.get("sequence"))


def _differs(asked: _Asked, fields: Target) -> bool:
    """Whether an answer names another key or event than was asked for. What it does not name does not differ."""
    named = fields.get("_protocol_key") or fields.get(f"_return_key_{asked.family}")
    if named is not None and asked.key is not None and key_of_text(named, FAMILIES[asked.family].keys)[0] != asked.key:
        return True
    event_type, sequence = fields.get("_return_event_type"), fields.get("_return_sequence")
    if None not in (event_type, asked.event_type) and event_type != asked.event_type:
        return True
    return None not in (sequence, asked.sequence) and sequence != asked.sequence


def _rank(layout: Layout, answer: Target) -> int:
    """Least of the answer that counts."""
    family = layout.family
    if layout.kind != EVENT:
        return int(family.is_rejection(answer.get("protocol_status")))
    status = answer.get("return_status")
    if status in family.accepted_returns:
        return 0
    return 1 if status in family.repeated_returns or family.told_by_rejection(status) else 2
