"""Instances of an XSD, drawn: which of its optional elements a program writes, and texts of about the right form.

Reads the part of XML Schema that SEFAZ's schemas use: named and anonymous types, sequences, choices, references,
restrictions. Texts have the length and the characters that their types ask for, and say nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from lxml import etree

_XS = "{http://www.w3.org/2001/XMLSchema}"
_DECIMAL = re.compile(r"TDec_?(\d\d)(\d\d)")
_DIGITS = re.compile(r"\[0-9\]\{(?:\d+,)?(\d+)\}")
_WORDS = ("COMERCIO", "DE", "PRODUTO", "SERVIÇO", "CAIXA", "NOTA", "MERCADORIA", "PEÇA", "SÃO", "JOSÉ", "LTDA")
_MAX_DEPTH = 14


class Schema:
    """The types and elements of a schema file and of those in its folder that it includes or imports."""

    def __init__(self, path: Path) -> None:
        self._types: dict[str, etree._Element] = {}
        self._elements: dict[str, etree._Element] = {}
        self._read(path, set())

    def _read(self, path: Path, done: set[Path]) -> None:
        if path in done or not path.exists():
            return
        done.add(path)
        for node in etree.parse(path).getroot():
            if node.tag in (f"{_XS}include", f"{_XS}import"):
                self._read(path.parent / node.get("schemaLocation", "-"), done)
            elif node.tag in (f"{_XS}complexType", f"{_XS}simpleType"):
                self._types[node.get("name", "")] = node
            elif node.tag == f"{_XS}element":
                self._elements[node.get("name", "")] = node

    def type_named(self, name: str) -> etree._Element | None:
        """A type by its name, with or without a prefix."""
        return self._types.get(name.rpartition(":")[2])

    def element(self, name: str) -> etree._Element:
        """A global element."""
        return self._elements[name.rpartition(":")[2]]


@dataclass
class Program:
    """A program that writes documents: ``habit`` of each optional place is drawn once, the first time it comes to it.

    Of the optional places 65% are never filled, 20% always, the rest now and then.
    """

    schema: Schema
    seed: int
    habits: dict[tuple[str, ...], float] = field(default_factory=dict)

    @cached_property
    def _rng(self) -> random.Random:
        return random.Random(self.seed)

    def habit(self, path: tuple[str, ...]) -> float:
        """How often the place is filled."""
        if path not in self.habits:
            rng = self._rng
            self.habits[path] = rng.choices((0.0, 1.0, rng.random()), (65, 20, 15))[0]
        return self.habits[path]


@dataclass
class Drawing:
    """One document of a program; ``fixed`` has texts by element, ``counts`` how many of an element that repeats."""

    program: Program
    rng: random.Random
    fixed: dict[str, str]
    counts: dict[str, int]

    def element(self, node: etree._Element, path: tuple[str, ...]) -> Iterator[str]:
        """The markup of an element, once."""
        schema = self.program.schema
        name = node.get("name") or node.get("ref", "").rpartition(":")[2]
        if node.get("ref"):
            node = schema.element(name)
        path = (*path, name)
        kind = schema.type_named(node.get("type", "")) if node.get("type") else None
        inner = kind if kind is not None else node.find(f"{_XS}complexType")
        if inner is None:
            inner = node.find(f"{_XS}simpleType")
        if inner is not None and inner.tag == f"{_XS}complexType" and inner.find(f"{_XS}simpleContent") is None:
            content = "".join(self._particles(inner, path)) if len(path) < _MAX_DEPTH else ""
            yield f"<{name}{self._attributes(inner)}>{content}</{name}>"
        else:
            yield f"<{name}>{self._text(name, inner, node.get('type', ''))}</{name}>"

    def _attributes(self, inner: etree._Element) -> str:
        names = [node.get("name", "") for node in inner.iterchildren(f"{_XS}attribute")]
        required = [name for name in names if name in self.fixed]
        return "".join(f' {name}="{self.fixed[name]}"' for name in required)

    def _particles(self, around: Iterable[etree._Element], path: tuple[str, ...]) -> Iterator[str]:
        for place, node in enumerate(around):
            if node.tag not in (f"{_XS}sequence", f"{_XS}choice", f"{_XS}element", f"{_XS}complexContent"):
                continue
            here = (*path, f"{place}{node.get('name', '')}")
            for _ in range(self._times(node, here)):
                if node.tag == f"{_XS}element":
                    yield from self.element(node, path)
                elif node.tag == f"{_XS}choice":
                    options = [
                        child for child in node if isinstance(child.tag, str) and child.tag != f"{_XS}annotation"
                    ]
                    if options:
                        yield from self._particles([self._choose(options, here)], here)
                else:
                    yield from self._particles(node, here)

    def _choose(self, options: list[etree._Element], path: tuple[str, ...]) -> etree._Element:
        """A program prefers one way of several; which one is drawn like a habit."""
        favourite = int(self.program.habit((*path, "favourite")) * 997) % len(options)
        return options[favourite if self.rng.random() < 0.7 else self.rng.randrange(len(options))]

    def _times(self, node: etree._Element, path: tuple[str, ...]) -> int:
        name = node.get("name", "")
        if name in self.counts:
            return self.counts[name]
        if node.get("minOccurs") == "0" and self.rng.random() >= self.program.habit(path):
            return 0
        most = node.get("maxOccurs", "1")
        return 1 if most == "1" else self.rng.choice((1, 1, 1, 2, 3))

    def _text(self, name: str, kind: etree._Element | None, type_name: str) -> str:
        if name in self.fixed:
            return self.fixed[name]
        if name[:1] == "d" and name[1:2].isupper() or name[:2] == "dh":
            return "2026-11-04T09:10:11-03:00" if name[:2] == "dh" else "2026-11-04"
        decimal = _DECIMAL.match(type_name)
        if decimal or name.startswith(("v", "p", "q")) and kind is None:
            digits = int(decimal[2][:2]) if decimal else 2
            return f"{self.rng.randrange(10 ** self.rng.randrange(1, 7))}.{0:0{max(digits, 1)}d}"
        restriction = None if kind is None else kind.find(f".//{_XS}restriction")
        if restriction is None:
            return " ".join(self.rng.choices(_WORDS, k=3))
        return self._restricted(name, restriction)

    def _restricted(self, name: str, restriction: etree._Element) -> str:
        rng = self.rng
        values = [node.get("value", "") for node in restriction.iterchildren(f"{_XS}enumeration")]
        if values:
            return values[0] if rng.random() < 0.6 else rng.choice(values)
        for node in restriction.iterchildren(f"{_XS}pattern"):
            digits = _DIGITS.search(node.get("value", ""))
            if digits:
                return "".join(rng.choices("0123456789", k=min(int(digits[1]), 44)))
        base = self.program.schema.type_named(restriction.get("base", ""))
        inner = None if base is None else base.find(f".//{_XS}restriction")
        if inner is not None and restriction.find(f"{_XS}maxLength") is None:
            return self._restricted(name, inner)
        longest = restriction.find(f"{_XS}maxLength")
        most = 60 if longest is None else int(longest.get("value", "60"))
        return " ".join(rng.choices(_WORDS, k=rng.randrange(1, 9)))[: min(most, 200)].strip() or "X"
