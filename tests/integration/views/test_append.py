"""What the sink does with each answer that the Storage Write API is documented to give."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import grpc
import pytest
from google.cloud.bigquery_storage_v1 import types
from google.protobuf import descriptor_pb2

from tests.integration.views.write_service import EndStream, Refuse, Silence, WriteService
from transforms.views.append import Appender, AppendError, RetryPolicy
from transforms.views.connections import MOST_CONNECTIONS, Connections

Code = grpc.StatusCode
POLICY = RetryPolicy(first=0.01, longest=0.05, total=60.0, answer=60.0)
EXTRA_FIELDS = types.StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS
TRANSIENT = [
    Code.UNAVAILABLE, Code.ABORTED, Code.INTERNAL, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED, Code.CANCELLED,
    Code.UNKNOWN, Code.NOT_FOUND,
]  # fmt: skip

Start = Callable[..., tuple[WriteService, Appender]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a scripted service and gives it with an appender to it."""
    opened: list[tuple[grpc.Server, grpc.Channel]] = []

    def make(
        *script: EndStream | Refuse | Silence | None, names_rows: bool = True, policy: RetryPolicy = POLICY
    ) -> tuple[WriteService, Appender]:
        service = WriteService(names_rows, list(script))
        server = service.serve()
        channel = grpc.insecure_channel(service.address)
        opened.append((server, channel))
        descriptor = descriptor_pb2.DescriptorProto(name="Row")
        return service, Appender(Connections(channel), "projects/p/datasets/d/tables/t", descriptor, policy)

    yield make
    for server, channel in opened:
        channel.close()
        server.stop(0)


def texts(count: int, *bad: int) -> list[bytes]:
    return [f"{'bad' if i in bad else 'row'}{i}".encode() for i in range(count)]


def good(count: int, *bad: int) -> list[str]:
    return [row.decode() for row in texts(count, *bad) if not row.startswith(b"bad")]


def test_all_rows_are_kept_over_one_connection_and_every_request_says_what_they_are(start: Start) -> None:
    service, appender = start()
    assert [appender.append(texts(3)) for _ in range(4)] == [{}] * 4
    assert service.kept == good(3) * 4
    assert (service.connections, service.without_schema) == (1, 0)


def test_rows_that_the_service_names_are_refused_and_all_others_are_kept(start: Start) -> None:
    service, appender = start()
    refused = appender.append(texts(9, 0, 4, 8))
    assert refused == {i: f"value bad{i} is invalid" for i in (0, 4, 8)}
    assert service.kept == good(9, 0, 4, 8)
    assert len(service.requests) == 2


@pytest.mark.parametrize("bad", [(0,), (7,), (3, 4), (0, 1, 2, 3, 4, 5, 6, 7), ()])
def test_rows_that_a_server_does_not_name_are_found_by_halving(start: Start, bad: tuple[int, ...]) -> None:
    service, appender = start(names_rows=False)
    assert set(appender.append(texts(8, *bad))) == set(bad)
    assert sorted(service.kept) == good(8, *bad)


@pytest.mark.parametrize("code", TRANSIENT)
def test_an_answer_that_may_pass_is_tried_again(start: Start, code: Code) -> None:
    service, appender = start(Refuse(code), Refuse(code))
    assert appender.append(texts(2)) == {}
    assert service.kept == good(2)


@pytest.mark.parametrize("code", TRANSIENT)
def test_a_connection_that_ends_is_opened_again(start: Start, code: Code) -> None:
    service, appender = start(EndStream(code), EndStream(code))
    assert appender.append(texts(2)) == {}
    assert appender.append(texts(3)) == {}
    assert service.kept == good(2) + good(3)
    assert service.without_schema == 0


def test_rows_whose_answer_was_lost_are_sent_again_so_they_are_there_twice(start: Start) -> None:
    service, appender = start(EndStream(Code.UNAVAILABLE, after_keeping=True))
    assert appender.append(texts(2)) == {}
    assert service.kept == good(2) * 2


def test_a_connection_that_falls_silent_is_given_up(start: Start) -> None:
    service, appender = start(None, Silence(), policy=replace(POLICY, answer=4.0))
    assert appender.append(texts(1)) == {}
    assert appender.append(texts(2)) == {}
    assert service.kept == good(1) + good(2)
    assert service.connections == 2


def test_a_row_is_not_blamed_for_another_batch_that_ended_the_connection(start: Start) -> None:
    service, appender = start(EndStream(Code.INVALID_ARGUMENT))
    assert appender.append([b"row"]) == {}
    assert service.kept == ["row"]


def test_a_row_that_ends_even_a_connection_of_its_own_is_refused(start: Start) -> None:
    service, appender = start(*[EndStream(Code.INVALID_ARGUMENT)] * 2)
    assert set(appender.append([b"row"])) == {0}
    assert appender.append([b"next"]) == {}
    assert service.kept == ["next"]


@pytest.mark.parametrize("code", [Code.PERMISSION_DENIED, Code.UNAUTHENTICATED, Code.FAILED_PRECONDITION])
def test_an_answer_that_no_retry_changes_fails_at_once_and_says_why(start: Start, code: Code) -> None:
    service, appender = start(Refuse(code))
    with pytest.raises(AppendError, match=f"projects/p/datasets/d/tables/t takes no rows: {code.name}"):
        appender.append(texts(2))
    assert len(service.requests) == 1


@pytest.mark.parametrize("code", [Code.PERMISSION_DENIED, Code.UNAUTHENTICATED, Code.FAILED_PRECONDITION])
def test_the_end_of_a_connection_may_be_of_another_table_and_fails_only_what_meets_it_alone(
    start: Start, code: Code
) -> None:
    service, appender = start(EndStream(code), None, *[EndStream(code)] * 2)
    assert appender.append(texts(1)) == {}
    with pytest.raises(AppendError, match=f"projects/p/datasets/d/tables/t takes no rows: {code.name}"):
        appender.append(texts(2))
    assert len(service.requests) == 4


def test_rows_are_not_refused_for_a_table_that_has_other_columns(start: Start) -> None:
    service, appender = start(Refuse(Code.INVALID_ARGUMENT, EXTRA_FIELDS))
    with pytest.raises(AppendError, match="takes no rows: INVALID_ARGUMENT"):
        appender.append(texts(4))
    assert len(service.requests) == 1


def test_a_service_that_stays_away_fails_the_batch_after_the_retries(start: Start) -> None:
    service, appender = start(*[Refuse(Code.UNAVAILABLE)] * 1000, policy=replace(POLICY, total=3.0))
    with pytest.raises(AppendError, match="took no rows for 3 s; the last answer: UNAVAILABLE: the request is refused"):
        appender.append(texts(2))
    assert len(service.requests) > 3
    assert service.kept == []


def test_batches_of_many_threads_over_one_breaking_connection_lose_nothing(start: Start) -> None:
    script = [EndStream(Code.UNAVAILABLE) if n % 5 == 0 else None for n in range(60)]
    service, appender = start(*script)
    batches = [[f"{thread}-{row}".encode() for row in range(5)] for thread in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(appender.append, batches)) == [{}] * 40
    assert set(service.kept) == {row.decode() for batch in batches for row in batch}


def table_of(appender: Appender, name: str, policy: RetryPolicy = POLICY) -> Appender:
    """An appender to another table over the same connections."""
    return Appender(appender._connections, f"projects/p/datasets/d/tables/{name}", appender._descriptor, policy)


def test_all_tables_share_one_connection_and_each_request_names_its_stream_and_schema(start: Start) -> None:
    service, appender = start()
    tables = [table_of(appender, name) for name in "abcdefg"]
    for one in (*tables, *tables):
        assert one.append(texts(1)) == {}
    assert service.streams == [f"projects/p/datasets/d/tables/{name}/streams/_default" for name in "abcdefg" * 2]
    assert (service.connections, service.without_schema) == (1, 0)


def test_a_second_connection_opens_when_requests_pile_up_and_no_third(start: Start) -> None:
    service, appender = start()
    service.waits = True
    with ThreadPoolExecutor(40) as pool:
        appending = [pool.submit(table_of(appender, f"t{n % 7}").append, [b"row%d" % n]) for n in range(40)]
        while sum(connection.waiting for connection in appender._connections._open) < 40:
            time.sleep(0.01)
        service.waits = False
        assert [future.result() for future in appending] == [{}] * 40
    assert sorted(service.kept) == sorted(f"row{n}" for n in range(40))
    assert service.connections == MOST_CONNECTIONS


def test_a_table_that_is_not_there_does_not_keep_the_others_from_being_written(start: Start) -> None:
    service, appender = start()
    service.absent = {"gone"}
    gone = table_of(appender, "gone", replace(POLICY, total=2.0))
    with ThreadPoolExecutor(5) as pool:
        failing = pool.submit(gone.append, texts(1))
        batches = [[f"{thread}-{row}".encode() for row in range(3)] for thread in range(40)]
        assert list(pool.map(appender.append, batches)) == [{}] * 40
        with pytest.raises(AppendError, match="tables/gone took no rows for 2 s; the last answer: NOT_FOUND"):
            failing.result()
    assert set(service.kept) == {row.decode() for batch in batches for row in batch}


@pytest.mark.parametrize("step", [Refuse(Code.RESOURCE_EXHAUSTED), EndStream(Code.RESOURCE_EXHAUSTED)])
def test_a_quota_is_waited_for_longer_than_an_outage(start: Start, step: Refuse | EndStream) -> None:
    service, appender = start(*[step] * 12, policy=replace(POLICY, first=0.05, total=0.1))
    assert appender.append(texts(2)) == {}
    assert service.kept == good(2)
    assert service.connections <= 13


def test_an_answer_for_another_stream_ends_the_connection_and_is_no_success(start: Start) -> None:
    service, appender = start()
    service.mixes_up = 1
    assert appender.append(texts(2)) == {}
    assert (service.connections, len(service.requests)) == (2, 2)
