"""Reading documents like those that came before, without libxml2: the way that nearly every document goes.

It earns its place by speed: libxml2 needs twice as long to make a tree as the pattern of a ``Plan`` needs for the
whole document, and a tree is then to be walked. What the pattern matches is well-formed, because its tags are those of
documents that were (``outline``) and the rest of what XML demands is checked here: legal characters, references to
the five entities that need no declaration, no ``]]>`` in a text, a prolog that libxml2 has accepted before.

All else goes to libxml2 and ``tree``, and is learnt from. What both can read they read alike, and what this reads
libxml2 accepts: property tests hold it to that.
"""

from __future__ import annotations

import re
import threading

from transforms.parse.layout import Node
from transforms.parse.outline import CDATA, Outline, Unlearnable
from transforms.parse.plan import Plan
from transforms.parse.reader import XmlText
from transforms.parse.values import Reading

# Far from any limit of libxml2 on texts; and a hostile document costs a tree, not a tree and a match.
_MAX_BYTES = 1_000_000
_ILLEGAL = tuple(code for code in range(32) if chr(code) not in "\t\n\r")
_CDATA = "<![CDATA["
_CDATA_SECTION = re.compile(CDATA)
_OTHER_REFERENCE = re.compile("&(?!(?:amp|lt|gt|quot|apos);)")
_MAX_PROLOGS = 64
_MAX_PROLOG = 200
# A pattern takes some 20 ms to make, as long as a hundred documents the slow way. It is made anew when so many have
# gone that way since something was learnt that it does not know; after each, twice as many.
_FIRST_PATIENCE = 8
_MAX_PATIENCE = 256
_MAX_PAUSE = 64
# So many go the slow way before all is forgotten because what comes contradicts it; after each time, twice as many.
_FIRST_TOLERANCE = 64
_MAX_TOLERANCE = 65_536

# Python before 3.11.5 takes what half matches a possessive group (cpython issues 100061 and 106052): nothing is learnt
# there, and all documents go the slow way.
_IS_SOUND = re.fullmatch("(?:ab?c)*+", "a") is None and re.fullmatch("(?:(?!c).)++", "abc") is None

# What stood before the roots of documents that libxml2 accepted, whichever roots.
_prologs: set[str] = set()


class Learnt:
    """What has been learnt of the documents of one root, by all threads of the process."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._plan: Plan | None = None
        self._tolerance = _FIRST_TOLERANCE
        self._forget()

    def _forget(self) -> None:
        self._outline = Outline(self._node)
        self._patience = _FIRST_PATIENCE
        self._waited = 0
        self._is_stale = False
        self._fruitless = self._pause = 0
        self._hits = self._misses = 0

    def read(self, source: XmlText) -> Reading | None:
        """What the document says; None when it is like none before."""
        text, start, data = source.text, source.start, source.data
        plan = self._plan
        if plan is None or len(data) > _MAX_BYTES or text[:start] not in _prologs or not _is_legal(text, data):
            return None
        reading = plan.read(*_with_line_feeds(text, start), "&" in text)
        self._hits += reading is not None
        return reading

    def learn(self, source: XmlText) -> None:
        """Learn from a document that libxml2 has accepted and ``read`` has not."""
        if not _IS_SOUND:
            return
        _learn_prolog(source.text[: source.start])
        with self._lock:
            self._misses += 1
            if self._pause:
                self._pause -= 1
            else:
                self._take_in(source)
            self._waited += self._is_stale
            if self._waited >= self._patience and self._outline.root is not None:
                self._plan = Plan(self._outline.root)
                self._patience = min(2 * self._patience, _MAX_PATIENCE)
                self._waited = 0
                self._is_stale = False

    def _take_in(self, source: XmlText) -> None:
        """Learn; less and less often while there is nothing to learn."""
        size = self._outline.size
        try:
            self._outline.learn(*_with_line_feeds(source.text, source.start))
        except Unlearnable:
            if self._misses >= self._tolerance:
                self._review()
                return
        if self._outline.size > size:
            self._is_stale = True
            self._fruitless = 0
        else:
            self._fruitless += 1
            self._pause = min(2**self._fruitless, _MAX_PAUSE)

    def _review(self) -> None:
        """Start anew when most documents go the slow way: the first ones may have been the odd ones."""
        if self._hits < self._misses:
            self._tolerance = min(2 * self._tolerance, _MAX_TOLERANCE)
            self._forget()
        self._hits = self._misses = 0


def _learn_prolog(prolog: str) -> None:
    if len(prolog) <= _MAX_PROLOG:
        if len(_prologs) >= _MAX_PROLOGS:
            _prologs.clear()
        _prologs.add(prolog)


def _with_line_feeds(text: str, start: int) -> tuple[str, int]:
    """The text with line ends as an XML parser hands them out, and where ``start`` is in it."""
    if "\r" not in text:
        return text, start
    return text.replace("\r\n", "\n").replace("\r", "\n"), start - text.count("\r\n", 0, start)


def _is_legal(text: str, data: bytes) -> bool:
    """Whether characters, references and CDATA are as XML demands, in text whose tags are."""
    if any(map(data.__contains__, _ILLEGAL)) or "\ufffe" in text or "\uffff" in text:
        return False
    # Each section has two ] at its end, and none inside.
    if "]" in text and text.count("]") != 2 * text.count(_CDATA) and "]]>" in _CDATA_SECTION.sub("", text):
        return False
    return "&" not in text or not _has_other_reference(text)


def _has_other_reference(text: str) -> bool:
    found = _OTHER_REFERENCE.search(text)
    while found is not None:
        section = text.rfind(_CDATA, 0, found.start())
        end = text.find("]]>", section)
        if section < 0 or end < found.start():
            return True
        found = _OTHER_REFERENCE.search(text, end)
    return False
