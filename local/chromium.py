"""A real browser: Debian's Chromium, or any other that is on the path, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from transforms.language import mark

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = mark("no Chromium: apt-get install chromium, or name one in CHROMIUM")


def found() -> str | None:
    """Where a browser is, if anywhere; ``CHROMIUM`` names one that is not on the path."""
    return os.environ.get("CHROMIUM") or next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def opened() -> Iterator[Browser]:
    """The browser, without a window."""
    # Root, as in containers, may not have Chromium's sandbox.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found(), args=arguments)
        try:
            yield browser
        finally:
            browser.close()
