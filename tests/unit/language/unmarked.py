"""Texts that people are shown and that are not marked for translation, as far as that can be read off the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

MARKS = frozenset({"mark", "say", "tr"})
# Calls whose arguments are shown, whatever they are called on.
SHOWS = frozenset({"print", "_fail", "ArgumentTypeError"})
SHOWN_KEYWORDS = frozenset({"help", "description"})
_WORDS = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")


def unmarked(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each text of two words or more that is shown as it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            for shown in _shown(node):
                yield from _texts(shown)


def _shown(call: ast.Call) -> list[ast.expr]:
    name = _name(call)
    shown = [one.value for one in call.keywords if one.arg in SHOWN_KEYWORDS]
    return [*shown, *call.args] if name in SHOWS or name.endswith("Error") else shown


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(shown: ast.expr) -> Iterator[tuple[int, str]]:
    if isinstance(shown, ast.Call) and _name(shown) in MARKS:
        return
    if isinstance(shown, ast.Constant) and isinstance(shown.value, str) and _WORDS.search(shown.value):
        yield shown.lineno, shown.value
    for inner in ast.iter_child_nodes(shown):
        if isinstance(inner, ast.expr):
            yield from _texts(inner)
