"""The page of one key: its history, arrivals, items and amounts are what the source of truth holds, as text."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from playwright.sync_api import Browser

from local.stack.discover import LOCAL_PROJECT
from pipelines import lookup
from tests.integration.jobs.stores import Stores
from tests.integration.pages.conftest import EVIL


def looked_up(stores: Stores, key: str, target: Path, *more: str) -> Any:
    places = ["--project", LOCAL_PROJECT, "--bigtable_table", stores.name, "--html", str(target), *more]
    assert lookup.main([key, *places]) == 0
    return html.document_fromstring(target.read_text("utf-8"))


@pytest.fixture(scope="module")
def evil_key(filled: Stores) -> str:
    [row] = filled.query(
        "SELECT access_key FROM document_state WHERE total = 99999999 AND STARTS_WITH(issuer_name, 'z<')"
    )
    return str(row["access_key"])


def test_history_arrivals_and_items_are_those_that_are_stored(filled: Stores, tmp_path: Path) -> None:
    history = max(filled.histories().values(), key=lambda found: (len(found.records), found.key))
    root = looked_up(filled, history.key, tmp_path / "key.html")
    assert history.key in root.text_content()
    assert len(root.xpath("//ol[@class='steps']/li")) == len(history.records) > 1
    assert root.xpath("string(//div[@id='status']//data/@value)") == history.state["status"]
    assert len(root.xpath("//section[@id='came']//tbody/tr")) == len(history.arrivals)
    origins = {arrival.origin for _, arrival in history.arrivals}
    assert origins == set(root.xpath("//section[@id='came']//tbody/tr/td[last()]/bdi/text()"))


def test_a_hostile_document_stays_text_in_a_browser(
    filled: Stores, evil_key: str, tmp_path: Path, browser: Browser
) -> None:
    target = tmp_path / "evil.html"
    root = looked_up(filled, evil_key, target, "--lang", "pt")
    seen = EVIL.replace("\u202e", "[U+202E]")
    assert seen in root.xpath("string(//section[@id='facts'])") and seen in root.xpath("string(//section[@id='items'])")
    amount = root.xpath("//section[@id='amounts']//tr[td/code='total']//data")[0]
    assert (Decimal(amount.get("value")), amount.text) == (99_999_999, "R$ 99.999.999,00")
    context = browser.new_context(viewport={"width": 390, "height": 844}, offline=True)
    try:
        page = context.new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("dialog", lambda dialog: told.append(dialog.message))
        page.goto(target.as_uri())
        assert told == [] and page.title() != "x" and page.locator("img, script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.locator("#history li").first.is_visible()
    finally:
        context.close()


def test_a_key_that_is_not_there_writes_no_page(
    filled: Stores, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "none.html"
    places = ["--project", LOCAL_PROJECT, "--bigtable_table", filled.name, "--html", str(target)]
    assert lookup.main(["1" * 44, *places]) == 1 and not target.exists()
