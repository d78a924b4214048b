"""Reading a document by one match of the pattern of its root's outline."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import itemgetter

from transforms.parse import values
from transforms.parse.outline import Element
from transforms.parse.pattern import CHECKED, PatternWriter
from transforms.parse.values import Putter, Reading, Target

_REFERENCE = re.compile("&(?:amp|lt|gt|quot|apos);")
_NAMED = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}

_Pick = Callable[[Sequence[str]], Sequence[str]]


class Plan:
    """What to do with the groups of ``pattern``.

    ``pick`` picks the texts wanted: of ``columns``, which stay as they are or, those of ``integers``, become numbers;
    then those that their putters look at. ``shared`` picks the texts for one column, for each that has several: which
    wins when they differ, only the tree tells. ``runs`` are groups with elements that have a plan of their own, and
    the list column that each adds a dict to. Two kinds of runs are put faster: of one ``member`` of a list (keys of
    documents), and of elements that are ``flat``, having nothing but columns (items).
    """

    def __init__(self, element: Element, whole: bool = True) -> None:
        writer = PatternWriter()
        self._pattern = re.compile(writer.element(element, whole=whole))
        self._parts = writer.parts
        self._runs = [(group, run.node.many if run.node else None, Plan(run, False)) for group, run in writer.runs]
        checked = [(leaf, group) for leaf, group in writer.leaves if leaf[2] in CHECKED]
        looked_at = [(leaf, group) for leaf, group in writer.leaves if leaf[2] not in CHECKED]
        self._pick = _picker([group for _, group in checked + looked_at])
        self._columns = tuple(leaf[1] for leaf, _ in checked)
        self._integers = tuple({leaf[1] for leaf, _ in checked if leaf[2] is values.put_integer})
        self._putters: list[tuple[str, Putter]] = [(leaf[1], leaf[2]) for leaf, _ in looked_at if leaf[2] is not None]
        is_member = writer.groups == 1 and [put for _, put in self._putters] == [values.put_member]
        self._member = self._putters[0][0] if is_member else None
        self._is_flat = writer.groups == len(self._columns) > 1 and not self._runs and not self._putters
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for leaf, group in writer.leaves:
            self._places[leaf[1]].append(group)
        for group, many, run in self._runs:
            for column in (many,) if many else run._places:
                self._places[column].append(group)
        self._shared = [_picker(groups) for groups in self._places.values() if len(groups) > 1]

    def read(self, text: str, start: int, escaped: bool) -> Reading | None:
        """What the document says whose root begins at ``start``; None when only the tree tells.

        ``escaped``: there are references in it.
        """
        match = self._pattern.fullmatch(text, start)
        reading = Reading()
        return reading if match and self._put(match.groups(""), escaped, reading.fields, reading) else None

    def _put(self, groups: Sequence[str], escaped: bool, target: Target, reading: Reading) -> bool:
        """Put what was matched into ``target``; False when only the tree tells what to put."""
        for of_column in self._shared:
            if len(set(filter(None, of_column(groups)))) > 1:
                return False
        for part in self._parts:
            if groups[part.group]:
                reading.parts.add(part.name)
                reading.namespaces.add(next((groups[i] for i in part.namespaces if groups[i]), ""))
        for group, many, run in self._runs:
            if groups[group] and not run._put_all(groups[group], many, escaped, target, reading):
                return False
        texts = self._pick(groups)
        if escaped:
            texts = list(map(_unescape, texts))
        texts = list(map(str.strip, texts))
        target |= {column: text for column, text in zip(self._columns, texts, strict=False) if text}
        for column in self._integers:
            if column in target:
                target[column] = int(target[column])
        for (column, put), text in zip(self._putters, texts[len(self._columns) :], strict=True):
            if text:
                put(target, column, text, reading)
        return True

    def _put_all(self, text: str, many: str | None, escaped: bool, target: Target, reading: Reading) -> bool:
        """Put all elements of a run, each into a dict of its own in the list ``many`` if there is one."""
        escaped = escaped and "&" in text
        if self._member is not None and many is None and not escaped:
            if texts := list(filter(None, map(str.strip, self._pattern.findall(text)))):
                target.setdefault(self._member, []).extend(texts)
            return True
        if self._is_flat and many is not None and not escaped:
            target.setdefault(many, []).extend(self._entries(text))
            return True
        for match in self._pattern.finditer(text):
            entry = target
            if many is not None:
                entry = {}
                target.setdefault(many, []).append(entry)
            if not self._put(match.groups(""), escaped, entry, reading):
                return False
        return True

    def _entries(self, text: str) -> list[Target]:
        """What ``_put`` puts for each element of a run of flat ones."""
        entries: list[Target] = [
            {column: text for column, text in zip(self._columns, map(str.strip, texts), strict=False) if text}
            for texts in self._pattern.findall(text)
        ]
        for column in self._integers:
            for entry in entries:
                if column in entry:
                    entry[column] = int(entry[column])
        return entries


def _picker(places: list[int]) -> _Pick:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda groups: [groups[place] for place in places]


def _unescape(text: str) -> str:
    return _REFERENCE.sub(_named, text) if "&" in text else text


def _named(match: re.Match[str]) -> str:
    return _NAMED[match[0]]
