"""Calls to Bigtable: the generated service's methods over grpc.aio, with bounded retries, and nothing more.

All calls of a process run on one event loop in one background thread (see ``loop``). The data client's own layers
cost more CPU than the call itself, and its retries of a conditional write do not tell a lost answer from a lost
request; the transaction does (see ``transaction``).
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

import grpc
import grpc.aio
from google.api_core import grpc_helpers_async

from transforms.language import say, tr
from transforms.truth import requests, row_keys, rows
from transforms.truth.config import TruthConfig, emulator_host
from transforms.truth.errors import TruthError
from transforms.truth.loop import wait_for
from transforms.truth.requests import Column
from transforms.truth.rows import Cell, Cells, Page, Row
from transforms.truth.status import Failure, NotWritten, given_up, may_help, refused

T = TypeVar("T")
SERVICE = "/google.bigtable.v2.Bigtable/"
_STREAMS = ("MutateRows", "ReadRows", "SampleRowKeys")
_ADDRESS = "bigtable.googleapis.com:443"
_SCOPE = "https://www.googleapis.com/auth/bigtable.data"
_UNAVAILABLE = grpc.StatusCode.UNAVAILABLE.value[0]
# What a page of rows holds at most: so many rows, and no further row once it has so many bytes of cells. One row may
# be larger (100 MB by this project's own limit), thousands of small ones are not worth a call each.
PAGE_ROWS = 256
PAGE_BYTES = 16_000_000
# A connection carries 100 calls at once.
_CALLS_PER_CHANNEL = 100
OPTIONS = (
    # A row may be larger than the 4 MiB that gRPC accepts by itself, and the emulator sends it as one message. What a
    # message can hold is bounded by what a row can (256 MB in the service), what is kept of a stream by PAGE_BYTES.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Retries are ours: gRPC's own would hide them, and cost CPU in every call.
    ("grpc.enable_retries", 0),
    # A lost connection is tried again as soon as a call may be: gRPC by itself waits for up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)


def _ignore() -> None:
    return None


def _rows() -> Callable[[bytes], Iterable[Row]]:
    return requests.RowReader().feed


def _sampled(response: bytes) -> Iterable[bytes]:
    key = requests.sampled_key(response)
    return (key,) if key else ()


class Client:
    """Data calls to the tables of one configuration. Its coroutines run on ``event_loop``.

    Calls are retried as long as the status says that this may help; otherwise TruthError names the table, the row,
    the attempts and the last status.
    """

    def __init__(self, config: TruthConfig) -> None:
        self.config = config
        self._emulator = emulator_host()
        self._channels: list[grpc.aio.Channel] = []
        self._turn = 0
        self._methods: dict[str, list[Callable[..., Any]]] = {}

    async def check(
        self,
        table: str,
        row: bytes,
        revision: int | None,
        cells: Sequence[Cell],
        retried: Callable[[], None] = _ignore,
        deleted: Sequence[Column] = (),
    ) -> bool:
        """If the row's revision is the given one (None: has none), deletes columns and writes cells; whether it was.

        After a retry the answer False may mean that the first try had written them: read the row.
        """
        request = requests.check_request(table, self.config.app_profile, row, revision, cells, deleted)
        response = await self._unary("CheckAndMutateRow", table, row, request, retried)
        return requests.check_answer(response, revision)

    async def write(self, table: str, row: bytes, cells: Sequence[Cell], retried: Callable[[], None] = _ignore) -> None:
        """Writes the cells."""
        request = requests.write_request(table, self.config.app_profile, row, cells)
        await self._unary("MutateRow", table, row, request, retried)

    async def write_rows(
        self, table: str, writes: Sequence[tuple[bytes, Sequence[Cell]]], retried: Callable[[], None] = _ignore
    ) -> None:
        """Writes the cells of each row, rows in no order; what was refused is sent again by itself."""
        if len(writes) == 1:
            # A call without a stream takes half the CPU.
            [(row, cells)] = writes
            await self.write(table, row, cells, retried)
            return
        metadata, deadline = routing(table, self.config.app_profile), self.config.deadline_seconds
        attempt = 1
        while True:
            request = requests.write_rows_request(table, self.config.app_profile, writes)
            statuses: dict[int, requests.RowStatus] = {}
            error: Failure = NotWritten(_UNAVAILABLE, tr("no answer for a row"))
            try:
                async for response in self._stub("MutateRows")(request, metadata=metadata, timeout=deadline):
                    statuses |= {status.entry: status for status in requests.entry_statuses(response)}
            except grpc.aio.AioRpcError as ended:
                error = ended
            left = [index for index in range(len(writes)) if index not in statuses or statuses[index].code]
            if not left:
                return
            row = writes[left[0]][0]
            for status in (statuses[index] for index in left if index in statuses):
                error, row = NotWritten(status.code, status.message), writes[status.entry][0]
                if not may_help(error):
                    break
            await self._wait_or_raise(error, attempt, _call("MutateRows", table, row))
            writes = [writes[index] for index in left]
            attempt += 1
            retried()

    async def read_row(
        self,
        table: str,
        row: bytes,
        families: Sequence[str] = (),
        qualifier: bytes | None = None,
        retried: Callable[[], None] = _ignore,
    ) -> Cells:
        """One row, newest cells of the given families (none: all); empty when there is no such row.

        ``qualifier``: that column alone of the one family given.
        """
        request = requests.read_row_request(table, self.config.app_profile, row, families, qualifier)
        found, _ = await self._stream("ReadRows", table, row, request, _rows, retried)
        return rows.by_column(found[0].cells) if found else {}

    async def page(
        self,
        table: str,
        start: bytes,
        end: bytes,
        families: Sequence[str] = (),
        after: bool = False,
        limit: int = PAGE_ROWS,
    ) -> Page:
        """Rows from ``start`` (``after``: behind it) up to ``end`` (empty: the table's end).

        At most ``limit`` of them, and none behind the one that brings the answer to PAGE_BYTES: Bigtable bounds an
        answer by rows only, so the stream is left there.
        """
        profile = self.config.app_profile
        request = requests.read_range_request(table, profile, start, end, limit, families, after)
        found, left = await self._stream("ReadRows", table, start, request, _rows, _ignore, PAGE_BYTES)
        return Page(found, left or len(found) == limit)

    def scan(
        self, table: str, start: bytes, end: bytes, families: Sequence[str] = (), limit: int = PAGE_ROWS
    ) -> Iterator[Row]:
        """All rows of a range, page by page, so that memory grows neither with their number nor with their sizes.

        For a thread that is not the event loop's.
        """
        after = False
        while True:
            found, more = wait_for(self.page(table, start, end, families, after, limit))
            yield from found
            if not more:
                return
            start, after = found[-1].key, True

    async def sample_row_keys(self, table: str) -> list[bytes]:
        """Row keys that divide the table into pieces of similar size, in order; none for a small table."""
        request = requests.sample_request(table, self.config.app_profile)
        found, _ = await self._stream("SampleRowKeys", table, b"", request, lambda: _sampled, _ignore)
        return found

    async def replace(self, table: str, row: bytes, deleted: Sequence[Column], cells: Sequence[Cell]) -> None:
        """Deletes columns and writes cells, all of it at once."""
        request = requests.replace_request(table, self.config.app_profile, row, deleted, cells)
        await self._unary("MutateRow", table, row, request, _ignore)

    async def _unary(self, method: str, table: str, row: bytes, request: bytes, retried: Callable[[], None]) -> bytes:
        metadata, deadline = routing(table, self.config.app_profile), self.config.deadline_seconds
        attempt = 1
        while True:
            try:
                answer: bytes = await self._stub(method)(request, metadata=metadata, timeout=deadline)
                return answer
            except grpc.aio.AioRpcError as error:
                await self._wait_or_raise(error, attempt, _call(method, table, row))
            attempt += 1
            retried()

    async def _stream(
        self,
        method: str,
        table: str,
        row: bytes,
        request: bytes,
        reader: Callable[[], Callable[[bytes], Iterable[T]]],
        retried: Callable[[], None],
        most: float = math.inf,
    ) -> tuple[list[T], bool]:
        """What a stream of responses says; each attempt starts over, with a reader of its own.

        Leaves the stream when it has found something and ``most`` bytes came, and says whether it did.
        """
        metadata, deadline = routing(table, self.config.app_profile), self.config.deadline_seconds
        attempt = 1
        while True:
            read = reader()
            try:
                responses = self._stub(method)(request, metadata=metadata, timeout=deadline)
                found: list[T] = []
                size = 0
                async for response in responses:
                    found += read(response)
                    size += len(response)
                    if found and size >= most:
                        responses.cancel()
                        return found, True
                return found, False
            except grpc.aio.AioRpcError as error:
                await self._wait_or_raise(error, attempt, _call(method, table, row))
            attempt += 1
            retried()

    async def _wait_or_raise(self, error: Failure, attempt: int, what: str) -> None:
        """Waits before the next attempt, if one is left and may help; otherwise raises TruthError."""
        if not may_help(error):
            raise TruthError(refused(what, error)) from error
        if attempt >= self.config.attempts:
            raise TruthError(given_up(what, attempt, error)) from error
        await asyncio.sleep(pause(self.config, attempt))

    def _stub(self, method: str) -> Callable[..., Any]:
        stubs = self._methods.get(method)
        if stubs is None:
            kind = "unary_stream" if method in _STREAMS else "unary_unary"
            stubs = [getattr(channel, kind)(SERVICE + method) for channel in self._open()]
            self._methods[method] = stubs
        self._turn += 1
        return stubs[self._turn % len(stubs)]

    def _open(self) -> list[grpc.aio.Channel]:
        if not self._channels:
            if self._emulator:
                self._channels = [grpc.aio.insecure_channel(self._emulator, options=OPTIONS)]
            else:
                count = max(2, math.ceil(self.config.max_in_flight / _CALLS_PER_CHANNEL))
                self._channels = [_secure_channel() for _ in range(count)]
        return self._channels

    async def close(self) -> None:
        """Closes the channels; calls still under way fail."""
        channels, self._channels, self._methods = self._channels, [], {}
        for channel in channels:
            await channel.close()


def _secure_channel() -> grpc.aio.Channel:
    # Channels with equal options would otherwise share one connection.
    options = (*OPTIONS, ("grpc.use_local_subchannel_pool", 1))
    return grpc_helpers_async.create_channel(_ADDRESS, scopes=[_SCOPE], options=options)


def pause(config: TruthConfig, attempt: int) -> float:
    """Seconds to wait after the given failed attempt: doubling, bounded, and at random, so that writers part."""
    longest: float = min(config.max_backoff_seconds, config.backoff_seconds * 2 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)


@lru_cache(maxsize=64)
def routing(table: str, profile: str) -> grpc.aio.Metadata:
    """The header by which the service routes a call, in the form that gRPC would make of it for every call."""
    names = f"table_name={quote(table, safe='')}&app_profile_id={quote(profile, safe='')}"
    return grpc.aio.Metadata(("x-goog-request-params", names))


def _call(method: str, table: str, row: bytes) -> str:
    shown = row if row_keys.is_reserved(row) else row[row_keys.SALT_LENGTH :]
    return say("{method} on {table}, key {key}", method=method, table=table, key=shown.decode(errors="replace"))
