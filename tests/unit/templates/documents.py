"""The commands that documentation tells people to type."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[3]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:make|gcloud|bq|python -m|\.venv/bin/python -m) [^`]+)`")
_COMMAND = re.compile(r"(^|[|;&])\s*(make|gcloud|bq|python|\.venv/bin/python) ")
_PROGRAMS = ("make", "gcloud", "bq", "python", ".venv/bin/python")


class Command(NamedTuple):
    """One command: its words, variables filled in, and the line it was written as."""

    words: tuple[str, ...]
    line: str


def documents() -> list[Path]:
    """All that is written for people who type."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def exported(text: str) -> dict[str, str]:
    """Variables that the document has people export, filled in."""
    found: dict[str, str] = {}
    for name, value in re.findall(r"^export (\w+)=(.*)$", text, re.MULTILINE):
        found[name] = "1" if value.startswith("$(") else _filled(value, found)
    return found


def _filled(text: str, variables: dict[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda name: variables.get(name[1], name[0]), text)


def commands(text: str, variables: dict[str, str]) -> Iterator[Command]:
    """Commands of the programs known here, from blocks and from inline code; what is behind a pipe too."""
    for language, block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines() if language in ("", "sh") else ():
            if _COMMAND.search(line):
                yield from _commands(line, variables)
    for line in _INLINE.findall(text):
        yield from _commands(line, variables)


def _commands(line: str, variables: dict[str, str]) -> Iterator[Command]:
    lexer = shlex.shlex(_filled(line, variables), posix=True, punctuation_chars=";|&")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set(";|&"):
            if words and words[0] in _PROGRAMS:
                yield Command(tuple(words), line)
            words = []
        else:
            words.append(word)


def gcloud_tree() -> dict[str, Any] | None:
    """Every command and flag of the gcloud on this machine, None where there is none."""
    program = shutil.which("gcloud")
    if program is None:
        return None
    for folder in Path(os.path.realpath(program)).parents:
        file = folder / "data" / "cli" / "gcloud_completions.py"
        if file.exists():
            found: dict[str, Any] = {}
            exec(compile(file.read_bytes(), str(file), "exec"), found)
            return dict(found["STATIC_COMPLETION_CLI_TREE"])
    return None


def gcloud_problems(words: tuple[str, ...], tree: dict[str, Any]) -> list[str]:
    """What gcloud would not understand of a command: unknown subcommands and flags."""
    node, flags, rest = tree, set(tree["flags"]), list(words[1:])
    while rest and rest[0] in node.get("commands", {}):
        node = node["commands"][rest.pop(0)]
        flags |= set(node.get("flags", {}))
    if node.get("commands"):
        return [f"no command {' '.join(rest[:1])!r} in: {' '.join(words)}"]
    given = [word.partition("=")[0] for word in rest if word.startswith("--")]
    # A switch can also be turned off.
    return [f"no flag {flag}" for flag in given if flag not in flags and f"--{flag.removeprefix('--no-')}" not in flags]
