from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.generate.__main__ import INPUT, write_set
from local.stack import Stack, stack
from tests.googlesql import recording
from tests.integration.jobs.stores import Stores


@pytest.fixture(scope="session")
def running_stack() -> Iterator[Stack]:
    with stack(pubsub=True) as running, running.exported():
        yield running
        recording.check()


@pytest.fixture(autouse=True)
def temporary_files_of_killed_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a job that is killed leaves behind goes with the test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


_names = itertools.count(1)


@pytest.fixture
def new_stores(running_stack: Stack) -> Callable[[], Stores]:
    """Makes stores of their own, as many as a test compares."""

    def make() -> Stores:
        stores = Stores(f"jobs_{next(_names)}")
        stores.create()
        return stores

    return make


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of generated archives and files: all types, stories in wild order, repetitions, broken ones."""
    folder = tmp_path_factory.mktemp("documents")
    write_set(folder, 11, 400, broken=0.05, duplicates=0.05)
    return folder / INPUT


@pytest.fixture(scope="session")
def few_documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The like of ``documents``, for tests that look at every view several times."""
    folder = tmp_path_factory.mktemp("few_documents")
    write_set(folder, 5, 100, broken=0.1, duplicates=0.1)
    return folder / INPUT
