"""SQL that people are given to type, and SQL that stands in the sources: found, not listed, so that none is missed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
# What is sent to BigQuery may stand in any of these; PostgreSQL's SQL has a folder of its own, SQLite's a module.
_PACKAGES = ("pipelines", "transforms", "local", "templates")
_OTHERS = re.compile(r"(^|/)(postgres(/|\.py$)|sqlite\.py$)")
# Benchmarks are no tests' to run, and the emulator sends nothing.
_UNSENT = re.compile(r"^local/(bench/|bigquery_\w+\.py$)")
_FENCE = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r'(?:pipelines\.query|acervo query|bq query)\s(?:[^"\n]|\\\n)*(?<=\s)"((?:[^"\\]|\\.)+)"')
_EXPORT = re.compile(r"^export (\w+)=(\S+)$", re.MULTILINE)
_STATEMENT = re.compile(
    r"^\s*(SELECT\s|WITH\s+\w+\s+AS|INSERT\s+INTO|DELETE\s+FROM|MERGE\s|UPDATE\s+\S+\s+SET|TRUNCATE\s+TABLE"
    r"|(CREATE|ALTER|DROP)\s+(OR\s+REPLACE\s+)?(TABLE|VIEW|MATERIALIZED|SCHEMA|FUNCTION|ROW))"
)


class Written(NamedTuple):
    """A statement and where it stands."""

    where: str
    sql: str


class Literal(NamedTuple):
    """The constant parts of a string of a source file that begins as a statement does."""

    where: str
    parts: tuple[str, ...]


def documents() -> Iterator[Written]:
    """SQL of fenced blocks and of command lines in README and docs, the variables that they export filled in."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text("utf-8")
        variables = {"PROJECT": "some-project", "DATASET": "acervo"} | {
            name: value for name, value in _EXPORT.findall(text) if not value.startswith(("$(", "<"))
        }
        for number, sql in enumerate((*_FENCE.findall(text), *_typed(text)), 1):
            yield Written(f"{path.relative_to(ROOT)}, {number}", Template(sql).safe_substitute(variables))


def helps() -> Iterator[Written]:
    """SQL of command lines that commands print, and of recipes of make."""
    for path in (ROOT / "Makefile", *sorted((ROOT / "templates").glob("*.mk")), *_sources()):
        for number, sql in enumerate(_typed(path.read_text("utf-8")), 1):
            yield Written(f"{path.relative_to(ROOT)}, {number}", sql)


def _typed(text: str) -> Iterator[str]:
    for sql in _TYPED.findall(text):
        # An ellipsis stands for any query.
        if "..." not in sql:
            yield re.sub(r"\\(.)", r"\1", sql)


def _sources() -> list[Path]:
    return [path for package in _PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def literals() -> Iterator[Literal]:
    """Strings of the sources that are statements of BigQuery, or begin one."""
    for path in _sources():
        name = str(path.relative_to(ROOT))
        if _OTHERS.search(name) or _UNSENT.search(name):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
        inside |= {id(statement.value) for node in ast.walk(tree) if (statement := _docstring(node))}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                constants = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                constants = [node.value]
            else:
                continue
            # What format() fills in later stands in either kind of string.
            texts = tuple(part for constant in constants for part in re.split(r"\{\w*\}", constant))
            if texts and _STATEMENT.match(texts[0]) and not (len(texts) == 1 and "..." in texts[0]):
                yield Literal(f"{name}:{node.lineno}", texts)


def _docstring(node: ast.AST) -> ast.Expr | None:
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return body[0]
    return None
