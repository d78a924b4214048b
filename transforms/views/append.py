"""Appends to one table's default stream through the Storage Write API: requests, retries, refused rows.

Knows nothing of Beam. Appending is at least once: a request whose answer was lost is sent again.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, NamedTuple

import grpc
from google.cloud.bigquery_storage_v1 import types
from google.protobuf import descriptor_pb2

from transforms.errors import AcervoError

_LOG = logging.getLogger(__name__)
_METHOD = "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows"
_Request = type(types.AppendRowsRequest.pb(types.AppendRowsRequest()))
_Response = type(types.AppendRowsResponse.pb(types.AppendRowsResponse()))
_StorageError = type(types.StorageError.pb(types.StorageError()))

_INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT.value[0]
# NOT_FOUND because the default stream of a table made a moment ago may take some time to appear.
_TRANSIENT = {
    status.value[0]
    for status in (
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNKNOWN,
    )
}


class AppendError(AcervoError):
    """The service would not take a request, for no fault of its rows. Fails the bundle, which is tried again."""


class Status(NamedTuple):
    """An answer that is no success: gRPC code and message, rows refused by index, and whether it ended the stream."""

    code: int
    message: str
    rows: dict[int, str]
    ended_stream: bool
    schema_mismatch: bool = False


@dataclass(frozen=True)
class RetryPolicy:
    """How long to go on after transient errors: waits double from ``first`` to ``longest``, with full jitter."""

    first: float = 0.2
    longest: float = 30.0
    total: float = 600.0
    answer: float = 180.0
    """Seconds to wait for the answer to one request before its connection is given up."""


class AppendStream:
    """One connection to the default stream of one table: opened when first used, and again after it broke.

    Threads may share it. Answers come in the order of the requests, so each is matched to the oldest request waiting.
    """

    def __init__(self, channel: grpc.Channel, table: str, descriptor: descriptor_pb2.DescriptorProto) -> None:
        """``table``: ``projects/p/datasets/d/tables/t``."""
        self._stub = channel.stream_stream(
            _METHOD, request_serializer=_Request.SerializeToString, response_deserializer=_Response.FromString
        )
        self._name = f"{table}/streams/_default"
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._connection: _Connection | None = None

    def send(self, rows: Sequence[bytes]) -> Future[Any]:
        """Sends one request; the future has its response, or the ``grpc.RpcError`` that ended the stream."""
        # Name and schema go with every request. The service needs them in the first alone, but a server that refused
        # the first may not remember them, and would then blame the rows of all that follow.
        request = _Request(write_stream=self._name, trace_id="acervo:views")
        request.proto_rows.writer_schema.proto_descriptor.CopyFrom(self._descriptor)
        request.proto_rows.rows.serialized_rows.extend(rows)
        with self._lock:
            if self._connection is None or self._connection.broken:
                self._connection = _Connection(self._stub, self._name)
            return self._connection.send(request)

    def close(self) -> None:
        """Ends the connection; the next ``send`` opens another."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Connection:
    def __init__(self, stub: Callable[..., Any], name: str) -> None:
        self.broken = False
        self._lock = threading.Lock()
        self._waiting: deque[Future[Any]] = deque()
        self._requests: SimpleQueue[Any] = SimpleQueue()
        metadata = (("x-goog-request-params", f"write_stream={name}"),)
        self._call = stub(iter(self._requests.get, None), metadata=metadata)
        threading.Thread(target=self._receive, name="append-rows", daemon=True).start()

    def send(self, request: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            if self.broken:
                future.set_exception(ConnectionError("the connection has just ended"))
            else:
                self._waiting.append(future)
                self._requests.put(request)
        return future

    def close(self) -> None:
        self._requests.put(None)
        self._call.cancel()

    def _receive(self) -> None:
        error: Exception = ConnectionError("the service ended the connection")
        try:
            for response in self._call:
                with self._lock:
                    future = self._waiting.popleft()
                future.set_result(response)
        except Exception as ended:
            error = ended
        with self._lock:
            self.broken = True
            waiting = list(self._waiting)
            self._waiting.clear()
        self._requests.put(None)
        for future in waiting:
            future.set_exception(error)


class Appender:
    """Appends batches of encoded rows to one table. Threads may share it."""

    def __init__(
        self,
        channel: grpc.Channel,
        table: str,
        descriptor: descriptor_pb2.DescriptorProto,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._open = lambda: AppendStream(channel, table, descriptor)
        self._shared = self._open()
        self._table = table
        self._policy = policy or RetryPolicy()

    def append(self, rows: Sequence[bytes]) -> dict[int, str]:
        """Appends every row that the service takes; index -> reason of each that it refuses.

        A batch with a bad row is not appended at all. Where the answer names its bad rows, the others are sent again
        without them; where it only says that something is invalid, the batch is halved until the bad rows are alone.
        Raises ``AppendError`` when the service takes nothing for other reasons, after the retries.
        """
        refused: dict[int, str] = {}
        groups = [list(range(len(rows)))]
        with _Lane(self._shared, self._open, self._table, self._policy) as lane:
            while groups:
                group = groups.pop()
                status = lane.request([rows[index] for index in group])
                if status is None:
                    continue
                if status.rows:
                    refused |= {group[index]: reason for index, reason in status.rows.items()}
                    rest = [index for index in group if index not in refused]
                    groups += [rest] if rest else []
                elif len(group) == 1:
                    refused[group[0]] = status.message
                else:
                    middle = len(group) // 2
                    groups += [group[middle:], group[:middle]]
        return refused

    def close(self) -> None:
        """Ends the connection that batches share."""
        self._shared.close()


class _Lane:
    """The requests of one batch, one after the other.

    They share the table's connection until an error ends it. Such an error hits every batch in flight, so this one
    goes on alone, on a connection of its own: the next error there is about its own rows.
    """

    def __init__(
        self, shared: AppendStream, open_own: Callable[[], AppendStream], table: str, policy: RetryPolicy
    ) -> None:
        self._shared = shared
        self._open_own = open_own
        self._own: AppendStream | None = None
        self._table = table
        self._policy = policy

    def __enter__(self) -> _Lane:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.close()

    def request(self, rows: Sequence[bytes]) -> Status | None:
        """None when the rows were appended, else what is invalid about them. Raises ``AppendError``."""
        deadline = time.monotonic() + self._policy.total
        for wait in self._waits():
            alone = self._own is not None
            status = self._once(rows)
            if status is None or status.rows:
                return status
            if status.ended_stream and self._own is None:
                self._own = self._open_own()
            if status.schema_mismatch or status.code not in {_INVALID_ARGUMENT, *_TRANSIENT}:
                raise AppendError(f"{self._table} takes no rows: {_text(status)}")
            if status.code == _INVALID_ARGUMENT and (alone or not status.ended_stream):
                return status
            if time.monotonic() + wait > deadline:
                raise AppendError(f"{self._table} took no rows in {self._policy.total:.0f} s, at last: {_text(status)}")
            _LOG.warning("%s: %s; trying again in %.1f s", self._table, _text(status), wait)
            time.sleep(wait)
        raise AssertionError("waits never end")

    def _waits(self) -> Iterator[float]:
        longest = self._policy.first
        while True:
            yield random.uniform(0, longest)
            longest = min(longest * 2, self._policy.longest)

    def _once(self, rows: Sequence[bytes]) -> Status | None:
        stream = self._own or self._shared
        try:
            return _status_of(stream.send(rows).result(self._policy.answer))
        except FutureTimeout:
            stream.close()
            return Status(grpc.StatusCode.DEADLINE_EXCEEDED.value[0], "no answer", {}, True)
        except ConnectionError as error:
            return Status(grpc.StatusCode.UNAVAILABLE.value[0], str(error), {}, True)
        except grpc.RpcError as error:
            return Status(error.code().value[0], error.details() or "", {}, True)


def _status_of(response: Any) -> Status | None:
    if not response.HasField("error") and not response.row_errors:
        return None
    rows = {error.index: error.message or "refused by the service" for error in response.row_errors}
    error = response.error
    mismatch = any(_is_schema_mismatch(detail) for detail in error.details)
    return Status(error.code or _INVALID_ARGUMENT, error.message, rows, False, mismatch)


def _is_schema_mismatch(detail: Any) -> bool:
    storage_error = _StorageError()
    return bool(
        detail.Unpack(storage_error)
        and storage_error.code == types.StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS
    )


def _text(status: Status) -> str:
    names = {code.value[0]: code.name for code in grpc.StatusCode}
    return f"{names.get(status.code, status.code)}: {status.message}"
