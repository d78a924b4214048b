"""The board over a dataset in the emulator, followed by a real browser while documents come."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

from local.generate.__main__ import INPUT, write_set
from local.stack.discover import LOCAL_PROJECT
from tests.integration.jobs.stores import Stores


def test_a_browser_follows_what_is_counted(filled: Stores, browser: Browser, tmp_path: Path) -> None:
    [before] = filled.query("SELECT SUM(documents) AS documents FROM counts_by_model")
    write_set(tmp_path, 77, 20)
    command = [sys.executable, "-u", "-m", "pipelines.board", "--port", "0", "--every", "0.5"]
    command += ["--project", LOCAL_PROJECT, "--dataset", filled.name, "--lang", "pt"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as board:
        context = browser.new_context(viewport={"width": 390, "height": 844})
        try:
            assert board.stdout
            address = re.search(r"http://127\.0\.0\.1:\d+/", board.stdout.readline())
            assert address
            page = context.new_page()
            told: list[str] = []
            page.on("console", lambda message: told.append(message.text))
            page.goto(address[0])
            counted = page.locator("#counted data")
            expect(counted).to_have_attribute("value", str(before["documents"]))
            assert page.locator("#models svg").count() == 2
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            page.locator("#models summary").click()
            filled.backfill(tmp_path / INPUT)
            [after] = filled.query("SELECT SUM(documents) AS documents FROM counts_by_model")
            assert after["documents"] > before["documents"]
            expect(counted).to_have_attribute("value", str(after["documents"]), timeout=60_000)
            assert page.locator("#models tbody tr").first.is_visible(), "what was open stays open"
            assert told == []
        finally:
            context.close()
            board.terminate()
