"""A Bigtable emulator of their own for these tests, and tables of their own for each of them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from local.stack import PROJECT_ID, Stack, stack
from tests.integration.truth.proxy import Proxy
from transforms.truth import admin
from transforms.truth.config import EMULATOR_VARIABLE, TruthConfig
from transforms.truth.read import HistoryReader

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def bigtable() -> Iterator[Stack]:
    """A running Bigtable emulator; the environment is left alone."""
    with stack(bigquery=False) as running:
        yield running


@pytest.fixture(scope="session")
def bigtable_host(bigtable: Stack) -> str:
    """``host:port`` of the emulator."""
    return bigtable.env[EMULATOR_VARIABLE]


@pytest.fixture
def config(bigtable_host: str, monkeypatch: pytest.MonkeyPatch) -> TruthConfig:
    """Tables of this test alone, in the emulator that the environment now names."""
    monkeypatch.setenv(EMULATOR_VARIABLE, bigtable_host)
    config = TruthConfig(PROJECT_ID, "truth", f"t{os.getpid()}-{next(_numbers)}")
    admin.create_tables(config)
    return config


@pytest.fixture
def reader(config: TruthConfig) -> Iterator[HistoryReader]:
    """Reads the tables of this test."""
    reader = HistoryReader(config)
    yield reader
    reader.close()


@pytest.fixture
def proxy(config: TruthConfig, bigtable_host: str) -> Iterator[Proxy]:
    """A connection to the emulator that can be made to fail. Use it by naming it in the environment."""
    with Proxy(bigtable_host) as running:
        yield running
