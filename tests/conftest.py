"""What tests share. Emulators are started once for a test session, on free ports, and end with it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from local.stack import Stack, stack

# The same examples every time and everywhere, however slow the machine: a test fails for a change, never by chance.
# Other examples, ten times as many: pytest --hypothesis-profile=explore
_NO_HURRY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, **_NO_HURRY)
settings.register_profile("explore", max_examples=1_000, print_blob=True, **_NO_HURRY)
settings.load_profile("steady")


# What is printed is what goes into a pipe, whatever the environment asks for.
for _name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(_name, None)


@pytest.fixture(scope="session")
def local_stack() -> Iterator[Stack]:
    """The Bigtable and BigQuery emulators, in the environment of this process. Use names of your own in them.

    What reached BigQuery is held against GoogleSQL in the end: its error is that of the session's last test.
    """
    with stack() as running, running.exported():
        yield running
        # Imported here: it takes two seconds, and most tests do without.
        from tests.googlesql import recording

        recording.check(whole=False)
