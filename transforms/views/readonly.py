"""Whether a GoogleSQL text can only read. Pure, and judged by its words alone: nothing is sent to find out.

A text that reads is one statement that begins with SELECT, WITH, FROM or a parenthesis. GoogleSQL has no WITH in front
of a statement that writes (docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax), so the first word
tells, but for pipes: ``|>`` may lead to one of ``_PIPES``. Scripts are never taken for reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from transforms.language import tr

_READS = ("SELECT", "WITH", "FROM", "(")
# Pipe operators with effects; reading ones are all others.
_PIPES = ("INSERT", "CREATE", "EXPORT", "CALL")
# Comments and all quoted things, in which nothing is a word; then words, and other signs one by one.
_TOKEN = re.compile(
    r"""
    (?P<skipped>\s+ | (?:--|\#)[^\n]* | /\*.*?(?:\*/|\Z))
  | (?P<quoted>
        [rR][bB]?(?:\"\"\".*?\"\"\"|'''.*?''') | [bB][rR](?:\"\"\".*?\"\"\"|'''.*?''')
      | (?:[rRbB]{0,2})(?:\"\"\"(?:\\.|.)*?\"\"\" | '''(?:\\.|.)*?''' | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*')
      | `(?:\\.|[^`\\])*`
    )
  | (?P<word>[A-Za-z_][A-Za-z_0-9]*)
  | (?P<sign>\|> | .)
    """,
    re.VERBOSE | re.DOTALL,
)


def writes(sql: str) -> str:
    """The word by which the text is more than a reading, to show to people; empty if it only reads, or is empty."""
    words = list(_words(sql))
    while words and words[-1] == ";":
        words.pop()
    if not words:
        return ""
    if words[0].upper() not in _READS:
        return words[0]
    if ";" in words:
        return tr("several statements")
    for pipe, operator in zip(words, words[1:], strict=False):
        if pipe == "|>" and operator.upper() in _PIPES:
            return f"|> {operator}"
    return ""


def _words(sql: str) -> Iterator[str]:
    for token in _TOKEN.finditer(sql):
        if token.lastgroup in ("word", "sign"):
            yield token[0]
        elif token.lastgroup == "quoted":
            yield "''"
