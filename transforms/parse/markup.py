"""The markup of well-formed text without DOCTYPE, as far as reading it without a tree needs it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

START = re.compile(r"""<([^\s/>]+)((?:\s+[^\s=>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(/?)>""")
_ATTRIBUTE = re.compile(r"""([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_REFERENCE = re.compile(r"&(?:#[0-9]+|#x[0-9A-Fa-f]+|amp|lt|gt|quot|apos);")
_NAMED = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
_NOT_ELEMENTS = re.compile(r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


class Surprise(Exception):
    """The text is not as plain as it looked: read the tree instead."""


class Tag(NamedTuple):
    """A start tag; ``empty``: it is an end tag too."""

    name: str
    attributes: dict[str, str]
    empty: bool


NO_ATTRIBUTES: dict[str, str] = {}


@lru_cache(maxsize=4096)
def parse_tag(inside: str) -> Tag | None:
    """The start tag ``<inside>``, None when it is cut short; raises ``Surprise`` for a prefix or a reference."""
    match = START.fullmatch(f"<{inside}>")
    if match is None:
        return None
    if ":" in match[1] or "&" in match[2]:
        raise Surprise
    written = match[2].replace("\n", " ").replace("\t", " ")
    attributes = {name: double or single for name, double, single in _ATTRIBUTE.findall(written)}
    return Tag(match[1], attributes, bool(match[3]))


def without_specials(text: str) -> str:
    """The same elements and texts without comments and processing instructions, and with CDATA escaped."""
    return _NOT_ELEMENTS.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    characters: str | None = match[1]
    return characters.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") if characters else ""


def unescape(text: str) -> str:
    """Resolve the references that can stand in a document without DOCTYPE."""
    return _REFERENCE.sub(_resolve, text) if "&" in text else text


def _resolve(match: re.Match[str]) -> str:
    reference = match[0]
    if reference.startswith("&#x"):
        return chr(int(reference[3:-1], 16))
    if reference.startswith("&#"):
        return chr(int(reference[2:-1]))
    return _NAMED[reference]
