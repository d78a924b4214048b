"""The catalogue of translated texts: collected from the code, and compiled for gettext.

    python -m local.catalogue            check that the catalogue is that of the code; exit status 1 when it is not
    python -m local.catalogue --write    put the texts of the code into the catalogue, and compile it

A new text has no translation until a person writes it into ``local/locale/pt_BR.po``, and
``--write`` once more compiles it. Texts that the code has no longer are removed.
"""

from __future__ import annotations

import argparse
import ast
import io
import string
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from pipelines import helping
from transforms.language import DOMAIN, FOLDER, LOCALE

ROOT = Path(__file__).parents[1]
PACKAGES = ("local", "pipelines", "transforms")
# The first argument of these is a text, and nothing else of theirs.
MARKS = frozenset({"mark", "say", "tr"})
PO = ROOT / "local" / "locale" / f"{LOCALE}.po"
MO = FOLDER / LOCALE / "LC_MESSAGES" / f"{DOMAIN}.mo"
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_HEADER = "# What commands say, in Portuguese as written in Brazil. See transforms/language.py and local/catalogue.py."
_NO_USE = (b'"POT-', b'"PO-Rev', b'"Generated', b'"Report-', b'"Last-', b'"Language-T', b'"Project-')


def texts() -> dict[str, list[str]]:
    """Every text that the code marks, and the files it is in."""
    found: dict[str, list[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            for text in texts_of(path.read_text("utf-8")):
                places = found.setdefault(text, [])
                if place not in places:
                    places.append(place)
    return found


def texts_of(source: str) -> Iterator[str]:
    """The texts that a module marks, and those of its docstrings that help shows (``pipelines.helping``)."""
    tree = ast.parse(source)
    if _shows_its_docstring(tree):
        yield from helping.texts(ast.get_docstring(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and "PipelineOptions" in map(ast.unparse, node.bases):
            yield helping.sentence(ast.get_docstring(node))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS and node.args:
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
                yield text.value


def _shows_its_docstring(tree: ast.Module) -> bool:
    """Whether a module is a job, or gives its docstring to ``helping.described``."""
    return any(
        isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "JOB"
        or isinstance(node, ast.Call)
        and ast.unparse(node) == "helping.described(__doc__)"
        for node in ast.walk(tree)
    )


def read() -> Catalog:
    """The catalogue as it is."""
    with PO.open("rb") as file:
        found = read_po(file, locale=LOCALE, domain=DOMAIN)
    # Otherwise now, and what is compiled would differ from minute to minute.
    found.creation_date = found.revision_date = _NO_DATE
    return found


def updated(old: Catalog) -> Catalog:
    """A catalogue of the texts of the code, with the translations that the old one has of them."""
    new = Catalog(locale=LOCALE, domain=DOMAIN, project=DOMAIN, fuzzy=False, header_comment=_HEADER)
    for text, places in sorted(texts().items(), key=lambda found: (found[1][0], found[0])):
        known = old.get(text)
        translation = known.string if known and not known.fuzzy else ""
        new.add(text, translation, locations=[(place, 0) for place in places])
    return new


def written(catalogue: Catalog) -> bytes:
    """The file of texts, for people."""
    out = io.BytesIO()
    write_po(out, catalogue, width=100, omit_header=False, include_lineno=False, sort_output=False)
    # The header has dates, which would differ every time, and lines for names that nobody fills in.
    lines = out.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_NO_USE))


def compiled(catalogue: Catalog) -> bytes:
    """The file that gettext reads."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def problems(catalogue: Catalog) -> Iterator[str]:
    """What is wrong with the translations: missing ones, and those with other values than the text."""
    for message in catalogue:
        text, translation = message.id, message.string
        if not text or not isinstance(text, str) or not isinstance(translation, str):
            continue
        if not translation:
            yield f"no translation of {text!r}"
        elif values_of(text) != values_of(translation):
            yield f"other values in the translation of {text!r}: {translation!r}"
        elif (text.startswith("\n"), text.endswith("\n")) != (translation.startswith("\n"), translation.endswith("\n")):
            yield f"another line break around the translation of {text!r}"


def values_of(text: str) -> tuple[list[str], list[str]]:
    """What a text has values for: in braces, with their format, and after per cent signs."""
    try:
        braces = sorted(f"{name}:{spec}" for _, name, spec, _ in string.Formatter().parse(text) if name is not None)
    except ValueError:  # a brace that stands for itself
        braces = []
    words = text.replace("%%", "").split("%")[1:]
    return braces, sorted(word[: word.find(")") + 2] if word.startswith("(") else word[:1] for word in words)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.catalogue", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the catalogue and compile it")
    options = parser.parse_args(argv)
    if options.write:
        PO.write_bytes(written(updated(read())))
        MO.write_bytes(compiled(read()))
    wrong = list(problems(read()))
    if not options.write and PO.read_bytes() != written(updated(read())):
        wrong.append("the code has other texts: python -m local.catalogue --write")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
