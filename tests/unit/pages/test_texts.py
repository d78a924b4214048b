from __future__ import annotations

import pytest
from markupsafe import Markup

from pipelines.pages.texts import shown, visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("LOJA São João & Cia", "LOJA São João & Cia"),
        ("abc\u202egnp.exe", "abc[U+202E]gnp.exe"),
        ("\u2066\u2069\u200f\u061c", "[U+2066][U+2069][U+200F][U+061C]"),
        ("a\x00b\x1b[31mc", "a[U+0000]b[U+001B][31mc"),
        ("zero\u200bwidth\ufeff", "zero[U+200B]width[U+FEFF]"),
        ("two\r\nlines\tand", "two  lines and"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_what_turns_or_hides_a_text_is_seen(text: str, seen: str) -> None:
    assert visible(text) == seen


def test_a_value_is_escaped_and_markup_is_not_escaped_twice() -> None:
    assert shown('<script>"&\u202e') == "&lt;script&gt;&#34;&amp;[U+202E]"
    assert shown(Markup("<b>x</b>")) == "<b>x</b>"
    assert shown(None) == "None"
