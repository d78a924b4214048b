"""The usual way to read a document: from libxml2's own events, compiled, so that no tree is made of it.

What it reads, and of which elements, is said by ``transforms.parse.tree``; a property test holds the two equal. It
needs ``compiled``, built for the libxml2 that lxml brings. Where that is missing, and for documents that it gives back,
the tree is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lxml import etree

from transforms.parse.layout import Node
from transforms.parse.outline import Outline
from transforms.parse.values import Reading

if TYPE_CHECKING:
    from transforms.parse.sax import compiled

# Longer texts than this libxml2 refuses while it makes a tree, and not before.
_MAX_BYTES = 10_000_000

_tables: dict[Node, compiled.Table] = {}


def read(data: bytes, node: Node) -> Reading | None:
    """Fields of the document ``data`` (UTF-8, no DOCTYPE) as ``node``, the table of its root element, wants them.

    None where only the tree tells: libxml2 finds a fault, if only one of namespaces, or the document is very deep or
    large.
    """
    if MISSING or len(data) > _MAX_BYTES:
        return None
    return compiled.read(data, _tables.get(node) or compiled.Table(node, _tables))


def prepare(nodes: Iterable[Node]) -> None:
    """Compiles nodes ahead, so that no document waits for it; nothing of them may change afterwards."""
    for node in () if MISSING else nodes:
        if node not in _tables:
            compiled.Table(node, _tables)


def outline(data: bytes, to: Outline, limit: int, is_shallow: bool = False) -> bool:
    """Tells ``to`` what is in an envelope (UTF-8, no DOCTYPE), as ``transforms.parse.outline.tell`` does.

    False where that has to tell it, and what was told is worth nothing. Raises what ``to`` raises, unless it returns
    False.
    """
    return not MISSING and len(data) <= _MAX_BYTES and compiled.outline(data, to, limit, is_shallow)


def _attach() -> str:
    """Connects ``compiled`` with lxml's libxml2; returns why it cannot, or nothing."""
    global compiled
    try:
        from transforms.parse.sax import compiled
    except ImportError:
        return "not compiled"
    present = ".".join(map(str, etree.LIBXML_VERSION))
    if present != compiled.LIBXML2:
        return f"compiled for libxml2 {compiled.LIBXML2}, and lxml has {present}"
    try:
        compiled.attach(etree.__file__)
    except ImportError as error:
        return str(error)
    return ""


# Why documents cannot be read in this way in this process; empty where they can.
MISSING = _attach()
