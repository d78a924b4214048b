"""When messages become visible: in their row of Bigtable, and in the BigQuery table of documents. Two threads look."""

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
# Looks take the emulators' CPU from the stream that is measured: between two of them it has so many times as long.
_RESTS = 3
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


class Watch:
    """Seconds from publishing to the first look at one store that shows the message, by record id."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.gaps: list[float] = []
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

    def saw(self, record_ids: Iterator[str]) -> None:
        """A look at the store ends now."""
        now = time.time()
        with self._lock:
            for record_id in record_ids:
                if (message := self._waiting.pop(record_id, None)) is not None:
                    self.seconds[record_id] = now - message.at

    def look_until(self, done: threading.Event, look: Look) -> None:
        """Looks again and again, as long as there is something to wait for."""
        pause = PAUSE_SECONDS
        while not done.wait(pause):
            if waiting := self.waiting():
                started = time.monotonic()
                self.saw(look(waiting))
                took = time.monotonic() - started
                pause = max(PAUSE_SECONDS, _RESTS * took)
                self.gaps.append(took + pause)


class Look:
    """Record ids that a store shows, of those that are waited for."""

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

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __call__(self, waiting: list[Sent]) -> Iterator[str]:
        oldest = datetime.fromtimestamp(waiting[0].at, UTC) - _CLOCK_SLACK
        found = self._tables.rows(
            f"SELECT record_id FROM documents WHERE received_at >= TIMESTAMP '{oldest.isoformat()}'"
        )
        return (row["record_id"] for row in found)


class Watches:
    """Both stores, watched in threads of their own during a ``with`` block of ``watching``."""

    def __init__(self, config: TruthConfig, tables: Tables) -> None:
        self.bigtable, self.bigquery = Watch(), Watch()
        self._looks = ((self.bigtable, LookIntoBigtable(config)), (self.bigquery, LookIntoBigQuery(tables)))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Looks at both while the block runs."""
        done = threading.Event()
        threads = [threading.Thread(target=w.look_until, args=(done, look), daemon=True) for w, look in self._looks]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join(10)

    def expect(self, message: Sent) -> None:
        """In both."""
        self.bigtable.expect(message)
        self.bigquery.expect(message)

    def seen(self) -> bool:
        """Whether both have shown all."""
        return not self.bigtable.waiting() and not self.bigquery.waiting()
