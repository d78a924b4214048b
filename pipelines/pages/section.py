"""What a section of a page is: a question, the query that answers it, its columns, and how it is drawn. Data alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.pages.cells import Column
from transforms.families import FAMILIES, statuses

Rows = Sequence[Mapping[str, Any]]

# Of the keys of the tax office's production environment; those of its test environment have no fiscal value.
PRODUCTION = "COALESCE(environment, 1) = 1"
# The value of a manifest is that of its cargo, which the documents of the goods have already.
CARGO_MODELS = tuple(FAMILIES["mdfe"].models)


def _list(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


# What stands in braces in the queries of sections.
VALUES = {"production": PRODUCTION, "in_force": _list(statuses.IN_FORCE), "cargo": _list(CARGO_MODELS)}


@dataclass(frozen=True)
class Timeline:
    """Bars along time, the series upon one another. ``x``: a column of months, days or hours."""

    title: str
    x: Column
    series: tuple[Column, ...]


@dataclass(frozen=True)
class Lines:
    """Lines along time, one for each series."""

    title: str
    x: Column
    series: tuple[Column, ...]


@dataclass(frozen=True)
class Ranking:
    """A bar for each row, from above. ``also``: a column that names the row where ``name`` is only its code."""

    title: str
    name: Column
    value: Column
    also: Column | None = None


@dataclass(frozen=True)
class Tiles:
    """Brazil's states as a grid, the darker the more."""

    title: str
    uf: Column
    value: Column


Figure = Timeline | Lines | Ranking | Tiles


class Section(NamedTuple):
    """One question and its answer.

    ``title`` and ``note`` are marked texts. A column ``all_rows`` of the query says of how many rows these are the
    first. ``wide``: over the whole width of a large screen. ``opened``: its table is seen at once.
    """

    name: str
    title: str
    note: str
    sql: str
    columns: tuple[Column, ...]
    figures: tuple[Figure, ...] = ()
    wide: bool = False
    opened: bool = False


class Group(NamedTuple):
    """Sections under one heading."""

    name: str
    title: str
    sections: tuple[Section, ...]


ALL_ROWS = "all_rows"


def statement(sql: str) -> str:
    """A query with the rules of the project filled in."""
    return sql.format(**VALUES)
