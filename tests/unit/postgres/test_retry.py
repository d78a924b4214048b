"""How often, and how long in between."""

from __future__ import annotations

import psycopg
import pytest

from transforms.ingest.postgres.errors import PostgresError, is_lost_connection, is_statement_timeout
from transforms.ingest.postgres.retry import Retry

LOST = psycopg.OperationalError("server closed the connection unexpectedly")


def test_it_gives_up_after_so_many_failures_in_a_row_and_keeps_the_reason() -> None:
    waits: list[float] = []
    retry = Retry(attempts=4, first_seconds=1, longest_seconds=3, sleep=waits.append)
    for _ in range(4):
        retry.wait(LOST, "Reading t")
    with pytest.raises(
        PostgresError, match="Reading t: gave up after 4 attempts without a row. server closed"
    ) as caught:
        retry.wait(LOST, "Reading t")
    assert caught.value.__cause__ is LOST
    assert len(waits) == 4
    assert all(0 <= wait <= longest for wait, longest in zip(waits, [1, 2, 3, 3], strict=True))


def test_a_row_in_between_starts_the_count_again() -> None:
    retry = Retry(attempts=1, sleep=lambda _: None)
    for _ in range(20):
        retry.wait(LOST, "Reading t")
        retry.progress()


def test_waits_are_not_all_the_same() -> None:
    waits: list[float] = []
    for _ in range(20):
        Retry(sleep=waits.append).wait(LOST, "Reading t")
    assert len(set(waits)) > 10


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (LOST, True),
        (psycopg.OperationalError("connection timeout expired"), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.CannotConnectNow(), True),
        (psycopg.errors.TooManyConnections(), True),
        (psycopg.errors.SerializationFailure(), True),
        (psycopg.errors.IdleSessionTimeout(), True),
        (psycopg.errors.ConnectionException(), True),
        (psycopg.errors.QueryCanceled(), False),
        (psycopg.errors.UndefinedTable(), False),
        (psycopg.errors.InsufficientPrivilege(), False),
        (psycopg.errors.DataCorrupted(), False),
        (psycopg.OperationalError('FATAL:  password authentication failed for user "x"'), False),
        (psycopg.OperationalError('FATAL:  database "x" does not exist'), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: psycopg.Error, lost: bool) -> None:
    assert is_lost_connection(error) is lost
    assert is_statement_timeout(error) is isinstance(error, psycopg.errors.QueryCanceled)
