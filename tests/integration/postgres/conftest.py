"""A real PostgreSQL server for the session, and a database of its own for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from local.postgres import Server, postgres_server
from tests.integration.postgres.database import Database

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with postgres_server({"shared_buffers": "64MB", "max_connections": "40", "autovacuum": "off"}) as server:
        yield server


@pytest.fixture
def database(postgres: Server) -> Iterator[Database]:
    with Database.create(postgres, f"test_{next(_numbers)}") as database:
        yield database


@pytest.fixture(scope="module")
def shared_database(postgres: Server) -> Iterator[Database]:
    """For tests that only read what their module's own fixtures put there."""
    with Database.create(postgres, f"shared_{next(_numbers)}") as database:
        yield database
