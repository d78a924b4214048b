"""Datasets of the BigQuery emulator, each with all tables and views, and the same rows in Google's own engine."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable

import pytest

from local.stack import PROJECT_ID, Stack
from tests.integration.views.dataset import Dataset
from transforms.views import catalog, connect

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def make_dataset(local_stack: Stack) -> Callable[..., Dataset]:
    """Makes a fresh dataset, with tables and views unless told otherwise."""
    client = connect.rest_client(PROJECT_ID)

    def make(*, empty: bool = False) -> Dataset:
        name = f"views_{os.getpid()}_{next(_NUMBERS)}"
        if not empty:
            catalog.migrate(PROJECT_ID, name)
        return Dataset(name, client)

    return make


@pytest.fixture(scope="module")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    """One dataset with tables and views for the tests of a module."""
    return make_dataset()
