"""The connections of a process: counted on the server, shared by its threads, closed when nobody reads."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from transforms.ingest.postgres.errors import is_full
from transforms.ingest.postgres.session import Connection, connect
from transforms.ingest.postgres.source import PostgresSource
from transforms.per_process import PerProcess

_LOGGER = logging.getLogger(__name__)

# An idle connection is closed by its owner soon, and by the server if its owner is gone (``session``), so that the
# places it takes among max_connections come free for other workers.
_IDLE_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 10.0
_TELL_SECONDS = 60.0


class Pool:
    """The connections of one process. ``connection()`` may be called from any thread."""

    def __init__(self, source: PostgresSource, sleep: Callable[[float], None] = time.sleep) -> None:
        self._source = source
        self._sleep = sleep
        self._places = threading.BoundedSemaphore(source.connections_per_process)
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Connection]] = []
        self._sweeper: threading.Timer | None = None
        self._waited = 0.0

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for the caller alone; kept for the next caller, unless the block ends in an exception."""
        with self._places:
            conn = self._reuse() or self._open()
            try:
                yield conn
            except BaseException:
                conn.close()
                raise
            with self._lock:
                self._idle.append((time.monotonic(), conn))
                self._sweep_later()

    def waited(self) -> float:
        """Seconds that this process waited for a place on the server, since this was last asked."""
        with self._lock:
            seconds, self._waited = self._waited, 0.0
            return seconds

    def close(self) -> None:
        """Closes what is idle."""
        with self._lock:
            idle, self._idle = self._idle, []
            if self._sweeper is not None:
                self._sweeper.cancel()
        for _, conn in idle:
            conn.close()

    def _reuse(self) -> Connection | None:
        with self._lock:
            kept = self._idle.pop()[1] if self._idle else None
        return kept if kept and not kept.closed else None

    def _sweep_later(self) -> None:
        """With the lock held. A worker without work must not occupy a connection that another one needs."""
        if self._sweeper is None or not self._sweeper.is_alive():
            self._sweeper = threading.Timer(_IDLE_SECONDS, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        fresh_since = time.monotonic() - _IDLE_SECONDS
        with self._lock:
            stale = [conn for since, conn in self._idle if since <= fresh_since]
            self._idle = [(since, conn) for since, conn in self._idle if since > fresh_since]
            self._sweeper = None
            if self._idle:
                self._sweep_later()
        for conn in stale:
            conn.close()

    def _open(self) -> Connection:
        """Opens a connection and counts it on the server: it stays only if it is among the first max_connections.

        Connections that are counted in this order cannot all find each other one too many, whatever the timing. Waits
        for a place for as long as it takes: a bundle that gave up would come again, and wait again, until the job
        has failed.
        """
        conn, reason = self._try_to_open()
        began = told = time.monotonic()
        pause = 0.5
        while conn is None:
            self._sleep(random.uniform(0.5, 1.0) * pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            if time.monotonic() - told >= _TELL_SECONDS:
                told = time.monotonic()
                _LOGGER.warning("Waiting for a connection to PostgreSQL for %.0f s: %s", told - began, reason)
            conn, reason = self._try_to_open()
        with self._lock:
            self._waited += time.monotonic() - began
        return conn

    def _try_to_open(self) -> tuple[Connection | None, str]:
        """A connection within the limit, or the reason why there is none now."""
        try:
            conn = connect(self._source)
        except psycopg.Error as error:
            if not is_full(error):
                raise
            return None, f"the server has no slot free. {str(error).strip()}"
        try:
            place = _place(conn)
        except BaseException:
            conn.close()
            raise
        most = self._source.max_connections
        if place <= most:
            return conn, ""
        conn.close()
        return None, f"--postgres_max_connections is {most}, and all are in use by {self._source.application_name}."


def _place(conn: Connection) -> int:
    """Which of this run's sessions this one is, by age."""
    row = conn.execute(
        "SELECT count(*) FROM pg_stat_activity AS other JOIN pg_stat_activity AS mine ON mine.pid = pg_backend_pid()"
        " WHERE other.application_name = mine.application_name AND other.datname = mine.datname"
        " AND (other.backend_start, other.pid) <= (mine.backend_start, mine.pid)"
    ).fetchone()
    return int(row[0]) if row else 1


_POOLS: PerProcess[PostgresSource, Pool] = PerProcess(Pool)


def acquire_pool(source: PostgresSource) -> Pool:
    """This process's pool for ``source``, shared by all who acquire it; ``release_pool`` closes it after the last."""
    return _POOLS.acquire(source)


def release_pool(source: PostgresSource) -> None:
    """Ends one use of the pool."""
    if pool := _POOLS.release(source):
        pool.close()
