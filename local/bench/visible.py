"""When messages become visible: in their row of Bigtable, or in the BigQuery table of documents.

One store is looked into at a time: a query takes the emulators' CPU for as long as some hundred messages, and would be
measured as the lag of the other store.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import grpc
from google.cloud.bigtable_v2.types import ReadRowsRequest, ReadRowsResponse

from local.stores import Tables
from transforms.truth import row_keys, rows
from transforms.truth.config import TruthConfig, emulator_host

PAUSE_SECONDS = 0.05
_ROWS_A_LOOK = 1_000
_CLOCK_SLACK = timedelta(seconds=1)


class Sent(NamedTuple):
    """A message on its way: its record's id (hex) and row, and when it was handed to the publisher (Unix seconds)."""

    record_id: str
    row: bytes
    at: float


def sent(key: str, payload: bytes) -> Sent:
    """Of a message that is handed over now."""
    return Sent(hashlib.sha256(payload).hexdigest(), row_keys.row_key(key), time.time())


class Look:
    """Record ids that a store shows, of those that are waited for.

    Looks take the emulators' CPU from the stream that is measured: between two of them it has ``rests`` times as long.
    """

    rests = 1

    def __call__(self, waiting: list[Sent]) -> Iterator[str]:
        raise NotImplementedError


class LookIntoBigtable(Look):
    """Over the bare stub: a client that makes an object of each row would slow down what is measured."""

    def __init__(self, config: TruthConfig) -> None:
        self._table = config.records_table
        self._channel = grpc.insecure_channel(emulator_host() or "")
        self._read = self._channel.unary_stream(
            "/google.bigtable.v2.Bigtable/ReadRows",
            request_serializer=ReadRowsRequest.pb().SerializeToString,
            response_deserializer=ReadRowsResponse.pb().FromString,
        )

    def __call__(self, waiting: list[Sent]) -> Iterator[str]:
        request = ReadRowsRequest.pb()(table_name=self._table)
        request.rows.row_keys.extend(message.row for message in waiting[:_ROWS_A_LOOK])
        chain = request.filter.chain.filters
        chain.add().family_name_regex_filter = rows.FIELDS
        chain.add().strip_value_transformer = True
        found = [chunk.qualifier.value.hex() for answer in self._read(request) for chunk in answer.chunks]
        return iter(found)


class LookIntoBigQuery(Look):
    """A query of the table itself, from the oldest message that is waited for."""

    rests = 3

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __call__(self, waiting: list[Sent]) -> Iterator[str]:
        oldest = datetime.fromtimestamp(waiting[0].at, UTC) - _CLOCK_SLACK
        found = self._tables.rows(
            f"SELECT record_id FROM documents WHERE received_at >= TIMESTAMP '{oldest.isoformat()}'"
        )
        return (row["record_id"] for row in found)


class Watch:
    """Seconds from publishing to the first look at a store that shows the message, by record id."""

    def __init__(self, look: Look) -> None:
        self.seconds: dict[str, float] = {}
        self.gaps: list[float] = []
        self._look = look
        self._waiting: dict[str, Sent] = {}
        self._lock = threading.Lock()

    def expect(self, message: Sent) -> None:
        """Before it is published."""
        with self._lock:
            self._waiting[message.record_id] = message

    def waiting(self) -> list[Sent]:
        """Those not seen yet, the oldest first."""
        with self._lock:
            return list(self._waiting.values())

    def seen(self) -> bool:
        """Whether the store has shown all."""
        return not self.waiting()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """A thread looks while the block runs."""
        done = threading.Event()
        thread = threading.Thread(target=self._look_until, args=(done,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(10)

    def _look_until(self, done: threading.Event) -> None:
        """Looks again and again, as long as there is something to wait for."""
        pause = PAUSE_SECONDS
        while not done.wait(pause):
            if waiting := self.waiting():
                started = time.monotonic()
                self._saw(self._look(waiting))
                took = time.monotonic() - started
                pause = max(PAUSE_SECONDS, self._look.rests * took)
                self.gaps.append(took + pause)

    def _saw(self, record_ids: Iterator[str]) -> None:
        """A look at the store ends now."""
        now = time.time()
        with self._lock:
            for record_id in record_ids:
                if (message := self._waiting.pop(record_id, None)) is not None:
                    self.seconds[record_id] = now - message.at


def looks(config: TruthConfig, tables: Tables) -> dict[str, Look]:
    """How each store is looked into, by its name in results."""
    return {"bigtable": LookIntoBigtable(config), "bigquery": LookIntoBigQuery(tables)}
