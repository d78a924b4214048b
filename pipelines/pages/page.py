"""A page from what it says: templates filled in, one file that needs nothing else. Every value in it is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup

from pipelines.pages.cells import Cell, Kind, cell
from pipelines.pages.section import ALL_ROWS, Figure, Group, Rows, Section
from pipelines.pages.texts import shown
from transforms import language
from transforms.language import mark, say, tr

# A figure drawn at a width in pixels.
Draw = Callable[[Figure, Rows, int], Markup]

LANGUAGES = {language.ENGLISH: "en", language.PORTUGUESE: "pt-BR"}
# What templates say. They have no words of their own.
WORDS = {
    "as_table": mark("as a table"),
    "contents": mark("contents"),
    "none": mark("Nothing."),
    "scroll": mark("table, which may be scrolled"),
}


class Table(NamedTuple):
    """Headings and rows of cells."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    numeric: Sequence[bool]


class Drawing(NamedTuple):
    """A figure at two widths, of which the page shows one."""

    title: str
    large: Markup
    small: Markup


class Shown(NamedTuple):
    """A section with its answer."""

    name: str
    title: str
    note: str
    table: Table
    drawings: Sequence[Drawing]
    wide: bool
    opened: bool


class Figures(NamedTuple):
    """A number of the headline."""

    name: str
    title: str
    cell: Cell
    note: str


def table_of(section: Section, rows: Rows) -> Table:
    """The rows of a section as cells, in the columns that it shows."""
    cells = [[cell(column.kind, row[column.name]) for column in section.columns] for row in rows]
    numeric = [column.kind in (Kind.NUMBER, Kind.MONEY, Kind.SECONDS) for column in section.columns]
    return Table([tr(column.title) for column in section.columns], cells, numeric)


def answered(section: Section, rows: Rows, draw: Draw, widths: tuple[int, int, int]) -> Shown:
    """A section with its rows. ``widths``: of a figure over the whole page, over half of it, and on a phone."""
    wide, half, narrow = widths
    drawings = [
        Drawing(tr(figure.title), draw(figure, rows, wide if section.wide else half), draw(figure, rows, narrow))
        for figure in section.figures
        if rows
    ]
    note = tr(section.note)
    if rows and len(rows) < (everything := int(rows[0].get(ALL_ROWS, len(rows)))):
        note += " " + say("{shown:,} of {all:,}.", shown=len(rows), all=everything)
    return Shown(section.name, tr(section.title), note, table_of(section, rows), drawings, section.wide, section.opened)


def headline(row: Mapping[str, Any]) -> list[Figures]:
    """The numbers on top, from the row of ``sections.HEADLINE``."""
    in_force, tests = int(row["in_force"] or 0), int(row["tests"] or 0)
    left_out = say("{tests:,} of the test environment left out", tests=tests) if tests else ""
    return [
        Figures("documents", tr("Documents"), cell(Kind.NUMBER, row["documents"] or 0), left_out),
        Figures("value", tr("BRL in force"), cell(Kind.MONEY, row["value"] or 0),
                say("of {documents:,} documents in force, without cargo of MDF-e", documents=in_force)),
        Figures("last_arrival", tr("Last arrival"), cell(Kind.INSTANT, row["last_arrival"]), ""),
        Figures("dead_letters", tr("Dead letters"), cell(Kind.NUMBER, row["dead_letters"] or 0), tr("open")),
    ]  # fmt: skip


def report(
    place: str, at: datetime, numbers: Sequence[Figures], groups: Sequence[tuple[Group, Sequence[Shown]]]
) -> str:
    """The whole page. ``place``: of what dataset; ``at``: when it was asked."""
    made = say("From the views of {place}, as of {at}.", place=place, at=cell(Kind.INSTANT, at).text)
    found = [(group.name, tr(group.title), sections) for group, sections in groups if sections]
    return render("report.html", title=tr("Fiscal documents"), made=made, headline=numbers, groups=found)


def render(template: str, **values: Any) -> str:
    """A template with its values, the language and the style."""
    css = style()
    words = {name: tr(text) for name, text in WORDS.items()}
    lang = LANGUAGES[language.spoken()]
    values = {"style": Markup(css), "style_hash": digest(css), "lang": lang, "words": words, **values}
    return _environment().get_template(template).render(values)


def style() -> str:
    """The style of all pages."""
    return _text("style.css")


def digest(text: str) -> str:
    """How a Content-Security-Policy names a text that it lets stand in the page."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FunctionLoader(_text)
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, finalize=shown, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath("templates", name).read_text("utf-8")
