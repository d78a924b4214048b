"""The report of a dataset in the emulator: its numbers are those of the views, and a real browser shows it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from playwright.sync_api import Browser, ConsoleMessage, Page

from local.stack.discover import LOCAL_PROJECT
from pipelines import report
from pipelines.pages.section import statement
from pipelines.pages.sections import SECTIONS
from pipelines.writing import cell as plain_cell
from tests.integration.jobs.stores import Stores
from tests.integration.pages.conftest import EVIL, EVIL_FILE


@pytest.fixture(scope="module")
def page_file(filled: Stores, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("report") / "report.html"
    arguments = ["--project", LOCAL_PROJECT, "--dataset", filled.name, "--out", str(target)]
    assert report.main(arguments) == 0
    return target


@pytest.fixture(scope="module")
def root(page_file: Path) -> Any:
    return html.document_fromstring(page_file.read_text("utf-8"))


def test_headline_is_what_the_tables_say(filled: Stores, root: Any) -> None:
    in_force = "status IN ('authorised', 'authorised_late', 'closed', 'adjusted')"
    [row] = filled.query(
        "SELECT COUNT(*) AS documents, "
        f"SUM(IF({in_force} AND COALESCE(model, '') != '58', total, 0)) AS value "
        "FROM document_state WHERE COALESCE(environment, 1) = 1"
    )
    shown = {name: root.xpath(f"string(//div[@id='{name}']//data/@value)") for name in ("documents", "value")}
    assert int(shown["documents"]) == row["documents"] > 50
    assert Decimal(shown["value"]) == row["value"] > 99_999_999
    [arrival] = filled.query("SELECT MAX(applied_at) AS last_arrival FROM unique_arrivals")
    assert root.xpath("string(//div[@id='last_arrival']//time/@datetime)") == plain_cell(arrival["last_arrival"])


def test_every_table_has_the_rows_of_its_query(filled: Stores, root: Any) -> None:
    for section in SECTIONS:
        rows = filled.query(statement(section.sql))
        [found] = root.xpath(f"//section[@id='{section.name}']")
        shown = found.xpath(".//tbody/tr")
        assert len(shown) == len(rows), section.name
        for line, row in zip(shown, rows, strict=True):
            for place, column in zip(line.xpath("td"), section.columns, strict=True):
                exact = place.xpath("string(.//data/@value | .//time/@datetime)")
                if exact and column.name not in ("lag_p50", "lag_p95", "lag_p99"):
                    assert exact == plain_cell(row[column.name]), (section.name, column.name)


def test_sections_add_up_to_the_headline(root: Any) -> None:
    documents = int(root.xpath("string(//div[@id='documents']//data/@value)"))
    for name, column in (("models", 2), ("statuses", 2), ("ufs", 2)):
        values = root.xpath(f"//section[@id='{name}']//tbody/tr/td[{column}]//data/@value")
        assert sum(map(int, values)) == documents, name


def test_only_some_sections(filled: Stores, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "some.html"
    arguments = ["--dataset", filled.name, "--out", str(target), "--only", "models,dead", "--lang", "pt"]
    assert report.main(arguments) == 0
    assert target.as_uri() in capsys.readouterr().out
    found = html.document_fromstring(target.read_text("utf-8"))
    assert found.xpath("//section/@id") == ["models", "dead"] and found.get("lang") == "pt-BR"


def test_a_dataset_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str], filled: Stores) -> None:
    assert report.main(["--dataset", "nowhere", "--out", "unwritten.html"]) == 2
    assert "nowhere" in capsys.readouterr().err and not Path("unwritten.html").exists()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")])
def test_in_a_browser_without_network(page_file: Path, browser: Browser, width: int, scheme: Any) -> None:
    size: Any = {"width": width, "height": 844}
    context = browser.new_context(viewport=size, color_scheme=scheme, offline=True)
    try:
        page = context.new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(_said(message)))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("dialog", lambda dialog: told.append(dialog.message))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        assert page.title() == "Fiscal documents · Acervo"
        assert told == [] and [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") == width
        _check_charts(page, "small" if width < 700 else "large")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (dark == "rgb(18, 21, 23)") == (scheme == "dark")
        page.locator("#issuers summary").click()
        assert page.locator("#issuers tbody tr").first.is_visible()
        assert EVIL.replace("\u202e", "[U+202E]") in page.locator("#issuers tbody tr").first.inner_text()
        assert EVIL_FILE.replace("\u202e", "[U+202E]") in page.locator("#dead").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.locator("img, script, iframe").count() == 0
    finally:
        context.close()


def _said(message: ConsoleMessage) -> str:
    return message.text


def _check_charts(page: Page, seen: str) -> None:
    """Each figure is drawn once for this width, with marks that have a size, in colours that are not the browser's."""
    figures = sum(len(section.figures) for section in SECTIONS if page.locator(f"#{section.name} tbody tr").count())
    assert figures >= 12
    charts = page.locator(f"figure .{seen} svg")
    assert charts.count() == figures
    for number in range(figures):
        chart = charts.nth(number)
        box = chart.bounding_box()
        assert box and box["width"] > 200 and box["height"] > 20
        fills = chart.evaluate(
            "svg => [...svg.querySelectorAll('path:has(title)')].map(one => getComputedStyle(one).fill)"
        )
        assert fills and not {"none", "rgb(0, 0, 0)"} & set(fills)
    other = page.locator(f"figure .{'large' if seen == 'small' else 'small'} svg")
    assert not other.first.is_visible()


def test_on_paper_tables_are_open_and_what_is_clicked_is_gone(page_file: Path, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 703, "height": 1000}, color_scheme="dark", offline=True)
    try:
        page = context.new_page()
        page.emulate_media(media="print")
        page.goto(page_file.as_uri())
        assert page.locator("#models tbody tr").first.is_visible()
        assert not page.locator("nav").is_visible() and not page.locator("#models summary").is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("document.documentElement.scrollWidth") == 703
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    finally:
        context.close()
