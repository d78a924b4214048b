from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from pipelines.pages import draw
from pipelines.pages.cells import Column, Kind
from pipelines.pages.section import Ranking, Section, Tiles, Timeline
from pipelines.pages.sections import SECTIONS
from tests.unit.pages.samples import rows_of
from transforms import language
from transforms.access_key import UF_OF_CODE

SVG = "{http://www.w3.org/2000/svg}"
# Without clip paths: their names would be those of another drawing on the page.
TAGS = {"svg", "g", "path", "line", "text", "title"}
DRAWN = [section for section in SECTIONS if section.figures]


def texts(root: etree._Element) -> list[str]:
    return ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("section", DRAWN, ids=lambda section: section.name)
@pytest.mark.parametrize("width", [draw.WIDE, draw.NARROW])
def test_every_figure_is_drawn_of_hostile_rows_as_text(section: Section, width: int) -> None:
    for figure in section.figures:
        drawn = draw.svg(figure, rows_of(section), width)
        root = etree.fromstring(str(drawn))
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg",
            "g",
            "path",
            "line",
            "text",
            "title",
        }
        assert not [name for element in root.iter() for name in element.attrib if name.startswith(("on", "style"))]
        assert "\u202e" not in drawn and "<script" not in drawn
        left, top, right, bottom = map(float, str(root.get("viewBox")).split())
        assert (left, top) == (0, 0) and right <= width + 12 and bottom > 30


def test_a_ranking_has_a_bar_and_the_exact_number_for_each_row() -> None:
    figure = Ranking("Value", Column("name", "name"), Column("value", "value", Kind.MONEY))
    rows = [{"name": f"name {n}", "value": Decimal(n) + Decimal("0.10")} for n in (3, 2, 1)]
    root = etree.fromstring(str(draw.svg(figure, rows, draw.HALF)))
    assert texts(root) == ["name 3", "name 2", "name 1", "R$ 3.10", "R$ 2.10", "R$ 1.10"]
    bars = list(root.iter(f"{SVG}title"))
    assert [bar.text for bar in bars] == ["name 3: R$ 3.10", "name 2: R$ 2.10", "name 1: R$ 1.10"]


def test_numbers_and_months_are_brazilian_in_portuguese() -> None:
    figure = Timeline("Value", Column("month", "m", Kind.MONTH), (Column("value", "v", Kind.MONEY),))
    rows = [{"month": date(2026, month, 1), "value": Decimal(1500 * month)} for month in range(1, 13)]
    with language.speaking(["--lang", "pt"]):
        root = etree.fromstring(str(draw.svg(figure, rows, draw.WIDE)))
    assert "06/2026: R$ 9.000,00" in [one.text for one in root.iter(f"{SVG}title")]
    assert "01/2026" in texts(root) and any("," in text or "k" in text for text in texts(root))


def test_every_uf_has_a_tile_of_its_own_and_a_shade_by_rank() -> None:
    assert set(draw.PLACES) == set(UF_OF_CODE.values()) and len(set(draw.PLACES.values())) == 27
    figure = Tiles("Documents", Column("uf", "UF"), Column("documents", "documents", Kind.NUMBER))
    root = etree.fromstring(str(draw.svg(figure, [{"uf": "SP", "documents": 5}], draw.HALF)))
    assert len(list(root.iter(f"{SVG}title"))) == 27
    shades = draw.shades_of({"SP": 10**9, "RJ": 20, "MG": 19, "AC": 0})
    assert shades["AC"] == 0 and 0 < shades["MG"] < shades["RJ"] < shades["SP"] < draw.SHADES
