"""What stands in a page is text: nothing of a document can become markup, or turn the line that it stands in."""

from __future__ import annotations

import unicodedata
from typing import Any

from markupsafe import Markup, escape

# Format characters that join letters of scripts and emoji, which do no harm.
_HARMLESS = frozenset("\u200c\u200d\u00ad")
_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")


def visible(text: str) -> str:
    """The text with each control or format character by its number in brackets: those of direction (bidi), which show
    a text otherwise than it is, and what is not seen at all. Line breaks and tabs are blanks."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if character in _HARMLESS or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"[U+{ord(character):04X}]"


def shown(value: Any) -> Any:
    """What a template writes for a value: markup as it is, anything else as visible text, escaped."""
    return value if isinstance(value, Markup) else escape(visible(str(value)))
