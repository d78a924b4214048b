"""Texts that people are shown and that are not marked for translation, as far as that can be read off the code."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

MARKS = frozenset({"mark", "say", "tr"})
# Calls whose arguments are shown, whatever they are called on.
SHOWS = frozenset({"print", "tell", "tell_error", "note", "error", "LeftOut", "_fail", "ArgumentTypeError"})
SHOWN_KEYWORDS = frozenset({"help", "description", "epilog", "usage"})
LOGS = frozenset({"_LOG", "_LOGGER", "logging"})
BASE = "AcervoError"
# Two words in a row; commands are the same in every language.
_WORDS = re.compile(r"(?!gcloud )(?:.*\W)?[A-Za-z]{2,} [a-z]{2,}", re.DOTALL)
# What a text is made of; other calls give values.
_MADE_OF = (ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.IfExp, ast.BoolOp, ast.Tuple, ast.List)


def errors_for_people(sources: Iterable[str]) -> frozenset[str]:
    """Names of the classes of errors whose messages are told to people."""
    bases: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                bases[node.name] |= {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    found = {BASE}
    while more := {name for name, its in bases.items() if its & found} - found:
        found |= more
    return frozenset(found)


def unmarked(source: str, errors: frozenset[str], shows: frozenset[str] = SHOWS) -> Iterator[tuple[int, str]]:
    """Line and text of each text of two words or more that is shown as it stands.

    Shown are the arguments of ``errors`` and of ``shows``, what help says, and what these are made of in their module:
    names that were given a text, and what functions return.
    """
    module = _Module(ast.parse(source))
    found = {one for call in module.calls for shown in _shown(call, errors, shows) for one in module.texts(shown, {})}
    yield from sorted(found)


def _shown(call: ast.Call, errors: frozenset[str], shows: frozenset[str]) -> list[ast.expr]:
    shown = [one.value for one in call.keywords if one.arg in SHOWN_KEYWORDS] if shows else []
    if (
        _name(call) in errors
        or ast.unparse(call.func) == "super().__init__"
        or (_name(call) in shows and not _logs(call))
    ):
        shown += [*call.args, *(one.value for one in call.keywords)]
    return shown


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _logs(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") in LOGS


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self.calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        self._given: dict[str, list[ast.expr]] = defaultdict(list)
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self._given[target.id].append(node.value)
            elif isinstance(node, ast.AnnAssign | ast.AugAssign) and isinstance(node.target, ast.Name) and node.value:
                self._given[node.target.id].append(node.value)
            elif isinstance(node, ast.FunctionDef):
                returned = (one.value for one in ast.walk(node) if isinstance(one, ast.Return) and one.value)
                self._given[f"{node.name}()"] += returned

    def texts(self, shown: ast.expr, seen: dict[str, None]) -> Iterator[tuple[int, str]]:
        """Texts in an expression that are not marked."""
        if isinstance(shown, ast.Constant):
            if isinstance(shown.value, str) and _WORDS.match(shown.value):
                yield shown.lineno, shown.value
            return
        inner: list[ast.AST] = list(ast.iter_child_nodes(shown))
        if isinstance(shown, ast.Call) and _name(shown) in MARKS:
            inner = [one.value for one in shown.keywords]
            if shown.args and isinstance(shown.args[0], ast.Name):
                return  # marked where it stands, which a missing translation shows
        elif isinstance(shown, ast.Call) and isinstance(shown.func, ast.Name):
            yield from self._texts_of(f"{shown.func.id}()", seen)
        elif isinstance(shown, ast.Name):
            yield from self._texts_of(shown.id, seen)
        for one in inner:
            if isinstance(one, ast.expr):
                yield from self.texts(one, seen)
            elif isinstance(one, ast.keyword):
                yield from self.texts(one.value, seen)

    def _texts_of(self, name: str, seen: dict[str, None]) -> Iterator[tuple[int, str]]:
        if name in seen:
            return
        seen[name] = None
        for value in self._given.get(name, ()):
            local = isinstance(value, ast.Call) and isinstance(value.func, ast.Name)
            if isinstance(value, _MADE_OF) or local:
                yield from self.texts(value, seen)
