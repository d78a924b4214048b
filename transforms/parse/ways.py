"""The ways to read a document, and which one is in use."""

from __future__ import annotations

from lxml import etree

from transforms.parse import sax

# From libxml2's events, and from its tree.
SAX, TREE = "sax", "tree"
WAYS = (SAX, TREE)


def told(way: str = SAX) -> str:
    """Which way reads in this process if ``way`` is asked for, and why it is another, for people."""
    libxml2 = "libxml2 " + ".".join(map(str, etree.LIBXML_VERSION))
    if way == SAX and not sax.MISSING:
        return f"{SAX}, {libxml2}"
    return f"{TREE}, {libxml2}" + (f" ({SAX}: {sax.MISSING})" if way == SAX else "")
