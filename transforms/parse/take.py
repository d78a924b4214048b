"""The step that both ways of reading share: from the texts of one element's children to fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from transforms.parse.layout import EMBEDDED, Leaf, Node
from transforms.parse.values import Reading, Target


def take(leaves: Iterable[Leaf], texts: Mapping[str, str], target: Target, reading: Reading) -> None:
    """Put the texts (by element or attribute name) that ``leaves`` want into ``target``."""
    for name, column, put in leaves:
        text = texts.get(name)
        if text and (text := text.strip()):
            if put is None:
                target[column] = text
            else:
                put(target, column, text, reading)


def enter(node: Node, namespace: str, target: Target, reading: Reading) -> Target:
    """Note that an element of ``node`` is there; returns the dict that its fields go to."""
    if node.part is not None:
        reading.parts.add(node.part)
        if node.part != EMBEDDED:
            reading.namespaces.add(namespace)
    if node.many is not None:
        entry: Target = {}
        target.setdefault(node.many, []).append(entry)
        return entry
    return target
