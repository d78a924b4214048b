"""Reading a document from its tree: right for every well-formed document, and the rule for ``sax``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree

from transforms.parse import codes
from transforms.parse.layout import EMBEDDED, Leaf, Node
from transforms.parse.values import Reading, Target


def read(root: etree._Element, node: Node) -> Reading:
    """Fields of the document under ``root`` as ``node`` (the table of its root element) wants them."""
    reading = Reading()
    _element(root, node, reading.fields, reading)
    return reading


_MAX_KNOWN = 4096
_known: dict[str, str] = {}


def local_name(tag: str) -> str:
    """Name without namespace; a prefix that was never declared is no part of it either."""
    name = _known.get(tag)
    if name is None:
        name = tag.rpartition("}")[2].rpartition(":")[2]
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        _known[tag] = name
    return name


def namespace_of(element: etree._Element) -> str:
    return element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""


def _element(element: etree._Element, node: Node, target: Target, reading: Reading) -> None:
    target = _enter(node, namespace_of(element), target, reading)
    if node.attributes:
        _take(node.attributes, {str(name): str(text) for name, text in element.items()}, target, reading)
    leaves, nodes, any_other, known = node.leaves, node.nodes, node.any, _known
    texts: dict[str, str] = {}
    seen: set[str] = set()
    for child in element:
        tag = child.tag
        name = known.get(tag) or local_name(tag)
        if name in leaves:
            if name not in texts:
                texts[name] = child.text or ""
            continue
        wanted = nodes.get(name, any_other)
        if wanted is None:
            continue
        if name in seen and not wanted.repeats:
            if node.many is None:
                reading.findings.add(codes.REPEATED_ELEMENT)
            continue
        seen.add(name)
        _element(child, wanted, target, reading)
    _take(node.columns, texts, target, reading)


def _take(leaves: Iterable[Leaf], texts: Mapping[str, str], target: Target, reading: Reading) -> None:
    """Put the texts (by element or attribute name) that ``leaves`` want into ``target``."""
    for name, column, put in leaves:
        text = texts.get(name)
        if text and (text := text.strip()):
            if put is None:
                target[column] = text
            else:
                put(target, column, text, reading)


def _enter(node: Node, namespace: str, target: Target, reading: Reading) -> Target:
    """Note that an element of ``node`` is there; returns the dict that its fields go to."""
    if node.part is not None:
        reading.parts.add(node.part)
        if node.part != EMBEDDED:
            reading.namespaces.add(namespace)
    if node.many is not None:
        many: list[Target] = target.setdefault(node.many, [])
        entry: Target = {} if node.new is None else node.new(namespace, len(many))
        many.append(entry)
        return entry
    return target
