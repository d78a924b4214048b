"""The sink of a process: a connection or two for all tables, several appends in flight, shared by all its threads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from transforms.per_process import PerProcess
from transforms.views import catalog, connect, schema
from transforms.views.append import Appender, RetryPolicy
from transforms.views.connections import Connections
from transforms.views.encode import RowEncoder

APPENDS_IN_FLIGHT = 8


class Destination(NamedTuple):
    """A dataset, at the service or at the emulator that listens on ``endpoint``."""

    project: str
    dataset: str
    endpoint: str | None
    retry_seconds: float


class Appended(NamedTuple):
    """What became of one batch: index -> reason of its refused rows, and how long it took."""

    refused: dict[int, str]
    millis: int


class Sink:
    """Appends batches of encoded rows, each on a thread of a small pool."""

    def __init__(self, destination: Destination) -> None:
        catalog.preflight(destination.project, destination.dataset)
        self.encoders = {name: RowEncoder(schema.load(name)) for name in schema.TABLES}
        self._channel = connect.storage_channel(destination.endpoint)
        parent = f"projects/{destination.project}/datasets/{destination.dataset}/tables"
        policy = RetryPolicy(total=destination.retry_seconds)
        self._connections = Connections(self._channel)
        self._appenders = {
            name: Appender(self._connections, f"{parent}/{name}", encoder.descriptor, policy)
            for name, encoder in self.encoders.items()
        }
        self._pool = ThreadPoolExecutor(APPENDS_IN_FLIGHT, thread_name_prefix="append")

    def append(self, table: str, rows: Sequence[bytes]) -> Future[Appended]:
        """Starts appending; the future raises ``AppendError`` when the rows could not be written."""
        return self._pool.submit(self._append, table, rows)

    def _append(self, table: str, rows: Sequence[bytes]) -> Appended:
        started = time.monotonic()
        refused = self._appenders[table].append(rows)
        return Appended(refused, int((time.monotonic() - started) * 1000))

    def close(self) -> None:
        """Ends its connections; nothing may be in flight."""
        self._pool.shutdown()
        self._connections.close()
        self._channel.close()


_SINKS: PerProcess[Destination, Sink] = PerProcess(Sink)


def acquire(destination: Destination) -> Sink:
    """The process's sink for a destination; the first to ask makes it. Each caller releases it once."""
    return _SINKS.acquire(destination)


def release(destination: Destination) -> None:
    """Releases a sink; the last user closes it, since the service counts open streams."""
    if sink := _SINKS.release(destination):
        sink.close()
