"""What tests share. Emulators are started once for a test session, on free ports, and end with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local.stack import Stack, stack
from tests.googlesql import STATEMENTS

# The same examples every time and everywhere, however slow the machine: a test fails for a change, never by chance.
# Other examples, ten times as many: pytest --hypothesis-profile=explore
_NO_HURRY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("steady", derandomize=True, **_NO_HURRY)
settings.register_profile("explore", max_examples=1_000, print_blob=True, **_NO_HURRY)
settings.load_profile("steady")


# What is printed is what goes into a pipe, whatever the environment asks for.
for _name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
    os.environ.pop(_name, None)
# Commands talk English unless a test asks for another language.
os.environ["LC_ALL"] = "C.UTF-8"


@pytest.fixture(scope="session")
def local_stack() -> Iterator[Stack]:
    """The Bigtable and BigQuery emulators, in the environment of this process. Use names of your own in them.

    What reached BigQuery is held against GoogleSQL in the end: its error is that of the session's last test.
    """
    with stack() as running, running.exported():
        yield running
        # Imported here: it takes two seconds, and most tests do without.
        from tests.googlesql import recording

        recording.check()


_LOST = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """A folder for the statements that the processes of this session send: they inherit the environment."""
    if not hasattr(config, "workerinput"):
        os.environ[STATEMENTS] = tempfile.mkdtemp(prefix="acervo-statements-")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """After all tests: which statements of the sources none of them sent to an emulator, so that none was judged."""
    config = session.config
    if hasattr(config, "workerinput"):
        return
    folder = Path(os.environ.pop(STATEMENTS))
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    ran = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if whole and ran and not config.option.collectonly:
        from tests.googlesql import recording

        config.stash[_LOST] = lost = recording.never_sent(folder)
        reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
        # What a skipped test would have sent is no fault of the others.
        if lost and not (reporter and reporter.stats.get("skipped")):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for statement in config.stash.get(_LOST, []):
        terminalreporter.write_line(f"no test sends this, so GoogleSQL did not judge it: {statement}", red=True)
