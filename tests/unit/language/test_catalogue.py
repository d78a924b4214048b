"""The catalogue has every text of the code in Portuguese, with the same values, and is compiled."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages import Catalog

from local import catalogue
from tests.unit.language.unmarked import errors_for_people, unmarked

ROOT = Path(__file__).parents[3]


def test_the_catalogue_is_that_of_the_code_and_complete() -> None:
    assert catalogue.PO.read_bytes() == catalogue.written(catalogue.updated(catalogue.read())), (
        "python -m local.catalogue --write brings it up to date"
    )
    assert list(catalogue.problems(catalogue.read())) == []
    assert len(catalogue.texts()) > 150


def test_what_gettext_reads_is_compiled_from_the_catalogue() -> None:
    assert catalogue.MO.read_bytes() == catalogue.compiled(catalogue.read())


@pytest.mark.parametrize(
    ("text", "translation", "problem"),
    [
        ("{rows:,} rows", "", "no translation"),
        ("{rows:,} rows", "{rows} linhas", "other values"),
        ("{rows:,} rows", "{linhas:,} linhas", "other values"),
        ("invalid %(type)s value: %(value)r", "valor inválido: %(value)r", "other values"),
        ("expected %s", "esperado %d", "other values"),
        ("\nthe rest", "o resto", "another line break"),
        ("{rows:,} rows, 5%% of all", "{rows:,} linhas, 5%% do total", ""),
    ],
)
def test_a_translation_that_is_missing_or_has_other_values_is_found(text: str, translation: str, problem: str) -> None:
    found = Catalog(locale="pt_BR")
    found.add(text, translation)
    problems = list(catalogue.problems(found))
    assert [one.startswith(problem) for one in problems] == [True] if problem else problems == []


# Tools that write the sources are for who reads them: they speak English alone.
TOOLS = frozenset({"bench", "catalogue", "picture", "train_dictionary"})


@cache
def sources() -> dict[str, str]:
    """The text of every module, by its place."""
    packages = (ROOT / name for name in ("local", "pipelines", "templates", "transforms"))
    found = (path for package in packages for path in package.rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in sorted(found)}


@cache
def errors() -> frozenset[str]:
    return errors_for_people(sources().values())


@pytest.mark.parametrize("place", sorted(place for place in sources() if "/bench/" not in place))
def test_what_errors_tell_people_is_marked(place: str) -> None:
    assert list(unmarked(sources()[place], errors(), frozenset())) == []


def of_commands(place: str) -> bool:
    return place.startswith(("local/", "pipelines/")) and TOOLS.isdisjoint(re.split(r"\W", place))


@pytest.mark.parametrize("place", sorted(filter(of_commands, sources())))
def test_what_commands_show_is_marked(place: str) -> None:
    assert list(unmarked(sources()[place], errors())) == []


def test_every_error_for_people_is_known() -> None:
    assert {"AcervoError", "LaunchError", "SelectionError", "SnapshotLostError", "UnknownDictionary"} <= errors()


def test_a_text_that_is_not_marked_is_found() -> None:
    source = """
HELP = "what to do then"
GOOD = mark("what is right")
class LostError(QueryError): pass
print(f"{n} rows were read")
raise QueryError("it is not there")
found.add_argument("--n", help="how many of them")
print(tr("this is marked"), say("and {this} too", this="so so"))
print("acervo", 1)
raise LostError(HELP)
raise LostError(why(1))
raise LostError(tr(GOOD) + say("{cause}", cause=f"{n} are gone now"))
_LOG.error("not for people here")
def why(n):
    text = "nobody knows why"
    return text if n else tr(GOOD)
"""
    known = errors_for_people([source, "class QueryError(errors.AcervoError): pass"])
    assert known == {"AcervoError", "QueryError", "LostError"}
    assert [line for line, _ in unmarked(source, known)] == [2, 5, 6, 7, 8, 12, 15]
    assert [line for line, _ in unmarked(source, known, frozenset())] == [2, 6, 12, 15]


def test_what_help_says_of_a_job_is_a_text() -> None:
    source = '''"""Does it all. Bounded.

python -m pipelines.it --all

    python -m pipelines.it --part SP     (only of one state)

More of
it."""
JOB = "it"
class ItOptions(PipelineOptions):
    """What it reads. And more."""
'''
    wanted = ["Does it all. Bounded.", "    python -m pipelines.it --part SP     (only of one state)", "More of it."]
    assert list(catalogue.texts_of(source)) == [*wanted, "What it reads"]
    assert list(catalogue.texts_of(source.replace("JOB", "NAME"))) == ["What it reads"]
