"""What help says of a job: the docstrings of its module and of its options, translated, as wide as the terminal."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterator

from transforms.language import tr

# A paragraph of commands to type, which no line may be broken of.
_TYPED = re.compile(r"( |python -m |acervo )")
_REMARK = re.compile(r"\((?:\w+ ){2}")
_WIDEST = 120


def described(doc: str | None) -> str:
    """A module's docstring for its help."""
    width = min(shutil.get_terminal_size().columns, _WIDEST) - 2
    return "\n\n".join(
        tr(one) if _TYPED.match(one) else textwrap.fill(tr(one), width, break_long_words=False, break_on_hyphens=False)
        for one in _paragraphs(doc)
    )


def heading(doc: str | None) -> str:
    """The heading of a group of options: the first sentence of its class's docstring."""
    return tr(sentence(doc))


def sentence(doc: str | None) -> str:
    """The first sentence of a docstring, without its stop."""
    return " ".join((doc or "").partition(".")[0].split())


def texts(doc: str | None) -> Iterator[str]:
    """What is translated of a module's docstring: paragraphs, each in one line, and commands with remarks."""
    for one in _paragraphs(doc):
        if not _TYPED.match(one) or _REMARK.search(one):
            yield one


def _paragraphs(doc: str | None) -> Iterator[str]:
    for one in (doc or "").strip("\n").split("\n\n"):
        text = one.strip("\n").rstrip()
        yield text if _TYPED.match(text) else " ".join(text.split())
