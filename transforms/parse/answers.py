"""Reading a document's envelope with its answers apart: every protocol or return in it is a reading of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from functools import cache, partial
from typing import NamedTuple

from transforms.parse import codes
from transforms.parse.codes import Unparsable
from transforms.parse.layout import BODY, PROTOCOL, REQUEST, RETURN, Leaf, Node
from transforms.parse.values import Putter, Reading, Target

_ASKED = frozenset((BODY, REQUEST))
_ANSWERS = frozenset((PROTOCOL, RETURN))
# The list column of the table with answers apart, and what each of its dicts holds.
_COLUMN = "_answers"
# The largest answer of a service is about fifty documents.
_MAX_ANSWERS = 1000
_ANSWER = "answer"


class Answer(NamedTuple):
    """A protocol or return, and the name of the element around it; empty where that is the root."""

    reading: Reading
    around: str

    def add_to(self, reading: Reading) -> None:
        said = self.reading
        reading.fields.update(said.fields)
        reading.instants.update(said.instants)
        reading.findings |= said.findings
        reading.parts |= said.parts
        reading.namespaces |= said.namespaces


def read_apart(read: Callable[[Node], Reading], node: Node) -> tuple[Reading, list[Answer]]:
    """What ``read`` reads by the table of a root, ``node``, without the answers; and these in their order.

    An answer that what was asked is part of, as in an NFS-e, is none of these. Raises ``Unparsable`` where there are
    more than any service writes.
    """
    reading = read(apart(node))
    return reading, [said[_ANSWER] for said in reading.fields.pop(_COLUMN, ())]


@cache
def apart(node: Node, around: str = "") -> Node:
    """The table ``node`` with its answers apart; itself where it has none."""
    if not any(_is_answer(inner) for inner in _all(node)):
        return node
    found = copy(node)
    found.nodes = {
        name: _listed(child, around) if _is_answer(child) else apart(child, name) for name, child in node.nodes.items()
    }
    found.repeats |= not _holds(node, _ASKED)
    return found


def _is_answer(node: Node) -> bool:
    return node.part in _ANSWERS and not _holds(node, _ASKED)


def _holds(node: Node, parts: frozenset[str]) -> bool:
    return any(inner.part in parts for inner in _all(node))


def _all(node: Node) -> Iterator[Node]:
    yield node
    for inner in node.nodes.values():
        yield from _all(inner)


def _listed(answer: Node, around: str) -> Node:
    """Makes every occurrence an ``Answer`` in the list column."""
    found = _put_apart(answer)
    found.new = partial(_begin, answer.part or "", around)
    found.many, found.part, found.repeats = _COLUMN, None, True
    return found


def _begin(part: str, around: str, namespace: str, before: int) -> Target:
    if before == _MAX_ANSWERS:
        raise Unparsable(codes.TOO_LARGE, f"more than {_MAX_ANSWERS} protocols or returns of one document")
    reading = Reading()
    reading.parts.add(part)
    reading.namespaces.add(namespace)
    return {_ANSWER: Answer(reading, around)}


def _put_apart(node: Node) -> Node:
    found = copy(node)
    found.columns, found.attributes = _leaves_apart(node.columns), _leaves_apart(node.attributes)
    found.nodes = {name: _put_apart(inner) for name, inner in node.nodes.items()}
    return found


def _leaves_apart(leaves: tuple[Leaf, ...]) -> tuple[Leaf, ...]:
    return tuple((name, column, partial(_put, put)) for name, column, put in leaves)


def _put(put: Putter | None, target: Target, column: str, text: str, _: Reading) -> None:
    """Puts a text into the reading of the answer that it is of."""
    said: Reading = target[_ANSWER].reading
    if put is None:
        said.fields[column] = text
    else:
        put(said.fields, column, text, said)
