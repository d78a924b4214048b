"""What tests share. Emulators are started once for a test session, on free ports, and end with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import Stack, stack


@pytest.fixture(scope="session")
def local_stack() -> Iterator[Stack]:
    """The Bigtable and BigQuery emulators, in the environment of this process. Use names of your own in them."""
    with stack() as running, running.exported():
        yield running
