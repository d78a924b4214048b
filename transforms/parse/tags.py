"""Texts of any tag of a document: for what no column holds. Pure.

A path names elements by local names, the last of them or ``@`` with an attribute is what is wanted:
``ide/indPres``, ``transp/vagao``, ``det/@nItem``. It matches wherever elements are nested in this way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree

from transforms.errors import AcervoError
from transforms.language import say
from transforms.parse.reader import open_text, parse_tree

_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
# What is stored was read once: what is not UTF-8 came from a backfill that was told so.
_FALLBACK = "latin-1"

Finder = Callable[[bytes], list[list[str]]]


class TagError(AcervoError, ValueError):
    """A path that does not name a tag."""


def finder(paths: Iterable[str]) -> Finder:
    """From a document's bytes to the texts at each path, in the document's order, without blanks around them.

    An element with elements in it has the text of all of them. The function raises ``Unparsable`` for what is not
    well-formed. Raises TagError.
    """
    expressions = [etree.XPath(_expression(path)) for path in paths]

    def texts(xml: bytes) -> list[list[str]]:
        root = parse_tree(open_text(xml, len(xml), _FALLBACK))
        # An expression of steps alone gives a list.
        found: list[list[Any]] = [list(expression(root)) for expression in expressions]  # type: ignore[arg-type]
        return [[_text(one) for one in of_path] for of_path in found]

    return texts


def _expression(path: str) -> str:
    """Names are checked, so nothing of a path but names reaches the expression."""
    *names, last = path.split("/")
    attribute = last.startswith("@")
    elements = names if attribute else [*names, last]
    wanted = [last[1:]] if attribute else []
    if not all(_NAME.fullmatch(name) for name in (*elements, *wanted)) or not (elements or wanted):
        raise TagError(say("{path!r} names no tag: write local names, as in ide/indPres or det/@nItem", path=path))
    steps = "/".join(f"*[local-name()='{name}']" for name in elements)
    return f"//{steps}" + (f"{'/' if steps else '*/'}@*[local-name()='{last[1:]}']" if attribute else "")


def _text(found: Any) -> str:
    text = found if isinstance(found, str) else "".join(found.itertext())
    return text.strip()
