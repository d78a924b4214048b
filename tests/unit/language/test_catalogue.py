"""The catalogue has every text of the code in Portuguese, with the same values, and is compiled."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages import Catalog

from local import catalogue
from tests.unit.language.unmarked import unmarked

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


@pytest.mark.parametrize("path", sorted((ROOT / "pipelines").rglob("*.py")), ids=lambda path: path.stem)
def test_what_commands_show_is_marked(path: Path) -> None:
    assert list(unmarked(path.read_text())) == []


def test_a_text_that_is_not_marked_is_found() -> None:
    source = """
print(f"{n} rows were read")
raise QueryError("it is not there")
found.add_argument("--n", help="how many of them")
print(tr("this is marked"), say("and {this} too", this="so so"))
print("acervo", 1)
"""
    assert [line for line, _ in unmarked(source)] == [2, 3, 4]
