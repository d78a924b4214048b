"""Appends to the default streams of tables through the Storage Write API: requests, retries, refused rows.

Knows nothing of Beam. Appending is at least once: a request whose answer was lost is sent again.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any, NamedTuple

import grpc
from google.cloud.bigquery_storage_v1 import types
from google.protobuf import descriptor_pb2

from transforms.errors import AcervoError
from transforms.language import say
from transforms.views.connections import Connections

_LOG = logging.getLogger(__name__)
_Request = type(types.AppendRowsRequest.pb(types.AppendRowsRequest()))
_StorageError = type(types.StorageError.pb(types.StorageError()))


def _codes(*statuses: grpc.StatusCode) -> frozenset[int]:
    return frozenset(status.value[0] for status in statuses)


_Code = grpc.StatusCode
_INVALID_ARGUMENT = _Code.INVALID_ARGUMENT.value[0]
# Throttling: quotas of throughput and of connections.
_EXHAUSTED = _Code.RESOURCE_EXHAUSTED.value[0]
# What ends a connection whatever was sent over it. ABORTED: it was idle too long.
_OF_CONNECTIONS = _codes(
    _Code.ABORTED, _Code.CANCELLED, _Code.DEADLINE_EXCEEDED, _Code.INTERNAL, _Code.RESOURCE_EXHAUSTED,
    _Code.UNAVAILABLE, _Code.UNKNOWN,
)  # fmt: skip
# NOT_FOUND because the default stream of a table made a moment ago may take some time to appear.
_TRANSIENT = _OF_CONNECTIONS | _codes(_Code.NOT_FOUND)


class AppendError(AcervoError):
    """The service refused a request, though its rows are not at fault. Fails the bundle, which is retried."""


class Status(NamedTuple):
    """An unsuccessful answer: gRPC code and message, rows refused by index, whether it ended the connection."""

    code: int
    message: str
    rows: dict[int, str]
    ended: bool
    schema_mismatch: bool = False


@dataclass(frozen=True)
class RetryPolicy:
    """How long to retry after transient errors: waits double from ``first`` to ``longest``, with full jitter.

    Throttling is waited out, however long it takes.
    """

    first: float = 0.2
    longest: float = 30.0
    total: float = 600.0
    answer: float = 180.0
    """Seconds to wait for the answer to one request before its connection is given up."""


class Appender:
    """Appends batches of encoded rows to one table. Threads may share it."""

    def __init__(
        self,
        connections: Connections,
        table: str,
        descriptor: descriptor_pb2.DescriptorProto,
        policy: RetryPolicy | None = None,
    ) -> None:
        """``table``: ``projects/p/datasets/d/tables/t``."""
        self._connections = connections
        self._table = table
        self._descriptor = descriptor
        self._policy = policy or RetryPolicy()

    def append(self, rows: Sequence[bytes]) -> dict[int, str]:
        """Appends every row that the service takes; index -> reason of each that it refuses.

        A batch with a bad row is not appended at all. Where the answer names its bad rows, the others are sent again
        without them; where it only says that something is invalid, the batch is halved until the bad rows are alone.
        Raises ``AppendError`` when the service takes nothing for other reasons, after the retries.
        """
        refused: dict[int, str] = {}
        groups = [list(range(len(rows)))]
        with _Lane(self._connections, self._table, self._policy) as lane:
            while groups:
                group = groups.pop()
                status = lane.append(self._request([rows[index] for index in group]))
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

    def _request(self, rows: Sequence[bytes]) -> Any:
        # Name and schema go with every request, not only when the stream switches: a server that refused a request
        # may not remember them, and would then blame the rows of those that follow it.
        request = _Request(write_stream=f"{self._table}/streams/_default", trace_id="acervo:views")
        request.proto_rows.writer_schema.proto_descriptor.CopyFrom(self._descriptor)
        request.proto_rows.rows.serialized_rows.extend(rows)
        return request


class _Lane:
    """The requests of one batch, one after the other.

    They share connections with all others until one ends with an error that some request must be guilty of. That error
    hits every request in flight, so this batch goes on alone: the next error there is about its own rows or table.
    """

    def __init__(self, shared: Connections, table: str, policy: RetryPolicy) -> None:
        self._shared = shared
        self._own: Connections | None = None
        self._table = table
        self._policy = policy

    def __enter__(self) -> _Lane:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own is not None:
            self._own.close()

    def append(self, request: Any) -> Status | None:
        """None when the rows were appended, else what is invalid about them. Raises ``AppendError``."""
        deadline = time.monotonic() + self._policy.total
        for wait in self._waits():
            alone = self._own is not None
            status = self._once(request)
            if status is None or status.rows:
                return status
            certain = alone or not status.ended
            if certain and status.code == _INVALID_ARGUMENT and not status.schema_mismatch:
                return status
            if certain and status.code not in _TRANSIENT:
                raise AppendError(say("{table} takes no rows: {status}", table=self._table, status=_text(status)))
            if status.ended and status.code not in _OF_CONNECTIONS and self._own is None:
                self._own = self._shared.alone()
            now = time.monotonic()
            if status.code == _EXHAUSTED:
                deadline = now + self._policy.total  # a quota is there again sooner or later: no reason to give up
            elif now + wait > deadline:
                raise AppendError(
                    say(
                        "{table} took no rows for {seconds:.0f} s; the last answer: {status}",
                        table=self._table,
                        seconds=self._policy.total,
                        status=_text(status),
                    )
                )
            _LOG.warning("%s: %s; trying again in %.1f s", self._table, _text(status), wait)
            time.sleep(wait)
        raise AssertionError("waits never end")

    def _waits(self) -> Iterator[float]:
        longest = self._policy.first
        while True:
            yield random.uniform(0, longest)
            longest = min(longest * 2, self._policy.longest)

    def _once(self, request: Any) -> Status | None:
        connections = self._own or self._shared
        future = connections.send(request)
        try:
            return _status_of(future.result(self._policy.answer))
        except FutureTimeout:
            connections.give_up(future)
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
