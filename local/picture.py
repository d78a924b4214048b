"""The picture of docs/ARCHITECTURE.md: which folder imports which, as Mermaid, from the import graph.

    python -m local.picture            check that the picture is that of the code; exit status 1 when it is not
    python -m local.picture --write    put the picture of the code into the document

An arrow from A to B: modules of A import modules of B. Arrows that follow from others are left out, and so are
``access_key``, ``errors``, ``language``, ``metrics``, ``model`` and ``typed``, which nearly everything uses.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

DOCUMENT = Path(__file__).parents[1] / "docs" / "ARCHITECTURE.md"
PACKAGES = ("pipelines", "transforms", "local")
USED_BY_ALL = frozenset(
    f"transforms.{name}" for name in ("access_key", "errors", "language", "metrics", "model", "typed")
)
_PICTURE = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)


def folder_of(module: str) -> str:
    """Where a module is drawn: a package of ``transforms``, or one of the other top-level packages."""
    return ".".join(module.split(".")[: 2 if module.startswith("transforms.") else 1])


def arrows_of(imports: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Folder -> folders that it imports, of (importer, imported) modules."""
    arrows: dict[str, set[str]] = {}
    for importer, imported in imports:
        start, end = folder_of(importer), folder_of(imported)
        if start != end and not {start, end} & USED_BY_ALL:
            arrows.setdefault(start, set()).add(end)
            arrows.setdefault(end, set())
    return arrows


def reduced(arrows: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Without the arrows that follow from others. Raises ``graphlib.CycleError`` where folders are in a circle."""
    below: dict[str, set[str]] = {}
    for folder in TopologicalSorter(arrows).static_order():
        below[folder] = arrows[folder].union(*(below[other] for other in arrows[folder]))
    return {
        folder: {end for end in ends if not any(end in below[other] for other in ends - {end})}
        for folder, ends in arrows.items()
    }


def mermaid(arrows: Mapping[str, set[str]]) -> str:
    """A flowchart, in an order that depends on names alone."""
    lines = ["```mermaid", "flowchart TD"]
    for start in sorted(arrows):
        lines += [f"    {start} --> {end}" for end in sorted(arrows[start])]
    return "\n".join([*lines, "```"]) + "\n"


def picture() -> str:
    """The picture of the code as it is."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found = ((start, end) for start in graph.modules for end in graph.find_modules_directly_imported_by(start))
    return mermaid(reduced(arrows_of(found)))


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.picture", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the picture into docs/ARCHITECTURE.md")
    given = parser.parse_args(argv)
    text, drawn = DOCUMENT.read_text("utf-8"), picture()
    if drawn in text:
        return 0
    if not given.write:
        print("error: docs/ARCHITECTURE.md has another picture: run python -m local.picture --write", file=sys.stderr)
        return 1
    DOCUMENT.write_text(_PICTURE.sub(lambda _: drawn, text, count=1), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
