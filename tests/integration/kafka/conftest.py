"""Prism, and documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.stack.find import prism as find_prism


@pytest.fixture(scope="session")
def prism() -> Path:
    found = find_prism()
    if not found:
        pytest.skip("Prism is not there: make prism")
    return found
