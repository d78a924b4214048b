"""What a source refuses, and what it never holds."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.source import PostgresSource

SECRET = "open-sesame"


def source(dsn: str = "host=db dbname=nfe user=reader", **more: Any) -> PostgresSource:
    return PostgresSource(**{"dsn": dsn, "table": "t", "xml_column": "xml", **more})


@pytest.mark.parametrize(
    "dsn",
    [
        f"host=db password={SECRET}",
        f"host=db password = '{SECRET}' user=x",
        f"postgresql://reader:{SECRET}@db/nfe",
        f"postgres://db/nfe?user=x&password={SECRET}",
        f"host=db sslpassword={SECRET}",
        f"postgresql://reader:%zz{SECRET}@db/nfe",
        f"host=db pasword={SECRET}",
        f"host=db pass word={SECRET}",
    ],
)
def test_a_password_in_the_dsn_is_refused_and_not_repeated(dsn: str) -> None:
    with pytest.raises(PostgresError) as caught:
        source(dsn)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("dsn", ["", "host=db passfile=/etc/pg", "postgresql://reader@db:5433/nfe?sslmode=require"])
def test_a_dsn_without_one_is_taken(dsn: str) -> None:
    assert source(dsn).dsn == dsn


def test_what_travels_to_workers_is_all_in_the_source() -> None:
    assert pickle.loads(pickle.dumps(source(read_at=5))) == source(read_at=5)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"table": ""}, "--postgres_table"),
        ({"xml_column": ""}, "--postgres_xml_column"),
        ({"updated_since": "2026-01-01"}, "go together"),
        ({"updated_column": "at"}, "go together"),
        ({"updated_column": "at", "updated_since": "yesterday"}, "'yesterday' is not an instant"),
        ({"max_connections": 0}, "--postgres_max_connections"),
        ({"max_connections": 1, "snapshot": "00000003-1"}, "1 more to hold the snapshot"),
        ({"processes": 0}, "at least 1"),
        ({"statement_timeout_seconds": -1}, "--postgres_statement_timeout must not be negative"),
    ],
)
def test_what_contradicts_itself_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(PostgresError, match=message):
        source(**more)


@pytest.mark.parametrize(
    ("connections", "processes", "snapshot", "share"),
    [(8, 1, "", 8), (8, 3, "", 2), (8, 2, "id", 3), (2, 7, "", 1), (2, 1, "id", 1)],
)
def test_connections_are_shared_out_with_one_kept_for_the_snapshot(
    connections: int, processes: int, snapshot: str, share: int
) -> None:
    assert source(max_connections=connections, processes=processes, snapshot=snapshot).connections_per_process == share


def test_the_name_on_the_server_fits_and_is_plain() -> None:
    assert source(run="backfill-2026").application_name == "acervo:backfill-2026"
    assert len(source(run="é" * 100).application_name.encode()) == 63
