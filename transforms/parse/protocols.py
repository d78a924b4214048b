"""Which protocol in an envelope speaks for the document in it: its own, and no other.

Batches' whole answers are glued to one document, and protocols of other documents by mistake. Of several protocols of
its own key an accepting one counts before a rejecting one, the first before later ones.
"""

from __future__ import annotations

from typing import NamedTuple

from lxml import etree

from transforms.parse import codes, tree
from transforms.parse.checks import key_of_id, key_of_text
from transforms.parse.layout import BODY, PROTOCOL, Layout, Node
from transforms.parse.values import Reading


class Settled(NamedTuple):
    """What the document says by its own protocol alone, and whether protocols of other keys stood beside it."""

    reading: Reading
    has_foreign: bool


def is_doubtful(layout: Layout, reading: Reading) -> bool:
    """Whether the protocol that was read may be another key's, or one of several."""
    if BODY not in reading.parts or PROTOCOL not in reading.parts:
        return False
    if codes.REPEATED_ELEMENT in reading.findings:
        return True
    named, key = reading.fields.get("_protocol_key"), _key_of(layout, reading)
    return named is not None and key is not None and key_of_text(named)[0] != key


def settle(layout: Layout, node: Node, root: etree._Element, reading: Reading) -> Settled:
    """Read the document again with no protocol but its own, where it has one; ``root`` loses the others."""
    key = _key_of(layout, reading)
    found = [child for child in root if tree.local_name(child.tag) == f"prot{layout.family.tag}"]
    own: list[etree._Element] = []
    foreign: list[etree._Element] = []
    for protocol in found:
        named = _text(protocol, layout.family.key_element)
        (own if named is None or key is None or key_of_text(named)[0] == key else foreign).append(protocol)
    own.sort(key=lambda protocol: layout.family.is_rejection(_status(protocol)))
    for protocol in (*own[1:], *foreign):
        root.remove(protocol)
    settled = tree.read(root, node)
    if len(found) > 1:
        settled.findings.add(codes.REPEATED_ELEMENT)
    if foreign and not own:
        settled.findings.add(codes.PROTOCOL_KEY_MISMATCH)
    return Settled(settled, bool(foreign))


def _key_of(layout: Layout, reading: Reading) -> str | None:
    written = reading.fields.get("_id")
    return key_of_id(written, layout.id_prefixes)[0] if written else None


def _text(protocol: etree._Element, name: str) -> str | None:
    for element in protocol.iter():
        if tree.local_name(element.tag) == name and element.text and element.text.strip():
            return element.text.strip()
    return None


def _status(protocol: etree._Element) -> int | None:
    text = _text(protocol, "cStat")
    return int(text) if text and text.isdigit() and len(text) < 10 else None
