"""Sentences for people: wrapped at words on a terminal, unchanged in a file or pipe. Standard library only."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from typing import TextIO

from transforms.language import mark, say, tr

ERROR = mark("error:")
# Commands are copied: a line break inside them would be one too many.
_WHOLE = re.compile(r"(^|[ '`(/])(python -m|acervo|make|gcloud|export|cbt) ")


def tell(text: str, out: TextIO | None = None) -> None:
    """Prints sentences, by default to stdout."""
    out = sys.stdout if out is None else out
    print(folded(text, shutil.get_terminal_size().columns) if out.isatty() else text, file=out)


def tell_error(text: object) -> None:
    """Prints what is wrong, after ``error:``, to stderr."""
    tell(f"{tr(ERROR)} {text}", sys.stderr)


def note(text: str) -> None:
    """Prints on stderr what people should know though the job can run; nothing for an empty text."""
    if text:
        tell(say("note: {text}", text=text), sys.stderr)


def folded(text: str, width: int) -> str:
    """The text with its lines wrapped at words and their indentation kept; lines with commands are not wrapped."""
    return "\n".join(_folded(line, width) for line in text.split("\n"))


def _folded(line: str, width: int) -> str:
    if len(line) <= width or _WHOLE.search(line):
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line.strip(), width, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
