from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from lxml import html
from markupsafe import Markup

from pipelines import report
from pipelines.pages import page
from pipelines.pages.section import Group
from pipelines.pages.sections import GROUPS, SECTIONS
from tests.unit.pages.samples import HOSTILE, rows_of
from transforms import language

AT = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
TOP = {
    "documents": 1234567, "tests": 2, "value": Decimal("9876543.21"), "in_force": 1200000, "last_arrival": AT,
    "dead_letters": 3,
}  # fmt: skip


def drawn(*_: object) -> Markup:
    return Markup("<svg></svg>")


def whole(**speaking: str) -> str:
    groups: list[tuple[Group, list[page.Shown]]] = [
        (group, [page.answered(one, rows_of(one), drawn, (3, 2, 1)) for one in group.sections]) for group in GROUPS
    ]
    return page.report("some-project.<b>acervo", AT, page.headline(TOP), groups)


def parsed(text: str) -> Any:
    return html.document_fromstring(text)


def test_nothing_of_a_document_becomes_markup() -> None:
    text = whole()
    root = parsed(text)
    assert {element.tag for element in root.iter() if isinstance(element.tag, str)}.isdisjoint(
        {"script", "img", "iframe", "object", "b", "form"}
    )
    assert not [a for a in root.iter("a") if not a.get("href", "").startswith("#")]
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
    assert "\u202e" not in text and "abc[U+202E]gnp.exe" in text
    seen = root.text_content()
    for one in HOSTILE:
        assert one.replace("\u202e", "[U+202E]") in seen


def test_the_page_forbids_scripts_and_the_network_and_its_style_is_the_one_it_allows() -> None:
    root = parsed(whole())
    [policy] = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    [style] = root.xpath("//style/text()")
    assert policy.startswith("default-src 'none'") and page.digest(style) in policy
    assert not root.xpath("//*[@src]") and root.xpath("//link/@href") == ["data:,"]


def test_every_section_has_its_rows_as_a_table_with_exact_values() -> None:
    root = parsed(whole())
    for section in SECTIONS:
        [found] = root.xpath(f"//section[@id='{section.name}']")
        assert len(found.xpath(".//tbody/tr")) == len(HOSTILE)
        assert len(found.xpath(".//th[@scope='col']")) == len(section.columns)
        assert len(found.xpath(".//figure")) == len(section.figures)
        assert "7 of 99." in found.text_content()
    [value] = root.xpath("//div[@id='value']//data")
    assert (value.get("value"), value.text) == ("9876543.21", "R$ 9,876,543.21")


def test_the_page_speaks_portuguese() -> None:
    with language.speaking(["--lang", "pt"]):
        root = parsed(whole())
    assert root.get("lang") == "pt-BR"
    assert root.xpath("//div[@id='documents']//data/text()") == ["1.234.567"]
    assert root.xpath("//div[@id='value']//data/text()") == ["R$ 9.876.543,21"]
    assert root.xpath("//div[@id='last_arrival']//time/text()") == ["09/03/2026 12:30 UTC"]
    assert root.xpath("//section[@id='months']/h3/text()") == ["Por mês"]


def test_a_section_without_rows_says_so() -> None:
    shown = page.answered(SECTIONS[0], [], drawn, (3, 2, 1))
    text = page.report("p.d", AT, page.headline(dict.fromkeys(TOP)), [(GROUPS[0], [shown])])
    root = parsed(text)
    assert root.xpath("//section//p[@class='none']/text()") == ["Nothing."]
    assert not root.xpath("//svg") and root.xpath("//div[@id='documents']//data/text()") == ["0"]


def test_names_of_sections_are_unique_and_an_unknown_one_is_told() -> None:
    names = [section.name for section in SECTIONS]
    assert len(set(names)) == len(names)
    assert report.chosen("") == set(names) and report.chosen("dead, gaps") == {"dead", "gaps"}
    with pytest.raises(report.ReportError, match="no such section"):
        report.chosen("dead,deaf")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1, 2])
def test_colours_differ_in_lightness_alone_and_texts_can_be_read(theme: int) -> None:
    """So whoever sees no colours at all tells series apart, by day, by night and on paper. Ratios as WCAG has them."""
    style = parsed(whole()).xpath("string(//style)")
    blocks = [found for found in re.findall(r":root \{(.*?)\}", style, re.DOTALL) if "--page" in found]
    colours = dict(re.findall(r"--(\w+): (#\w{6})", blocks[theme]))
    assert len(blocks) == 3
    assert all(contrast(colours[a], colours[b]) > 1.5 for a, b in combinations(("c1", "c2", "c3"), 2))
    for text in ("ink", "soft", "link"):
        assert min(contrast(colours[text], colours[ground]) for ground in ("page", "card")) >= 4.5
    assert all(contrast(colours[f"t{shade}"], colours[f"i{shade}"]) >= 4.5 for shade in range(6))
    shades = [luminance(colours[f"t{shade}"]) for shade in range(6)]
    assert shades == sorted(shades, reverse=shades[0] > shades[-1])
