"""The table of the benchmark of the extract: filled, and written to while it is read."""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
from collections.abc import Iterator

from local.generate import documents
from local.postgres import Server
from transforms.ingest.postgres.payload import as_declared

TABLE = "docs"
READERS = "bench-readers"
_DIFFERENT = 2000


def fill(server: Server, rows: int) -> int:
    """Makes and fills the table; its size in bytes as stored, TOAST included."""
    payloads = list(itertools.islice(_singles(), _DIFFERENT))
    with server.connect() as conn:
        with conn.transaction():
            conn.execute(f"CREATE TABLE {TABLE} (id bigint PRIMARY KEY, key text NOT NULL, xml text)")
            with conn.cursor() as cursor, cursor.copy(f"COPY {TABLE} FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["int8", "text", "text"])
                for number in range(1, rows + 1):
                    copy.write_row((number, f"{number:044d}", payloads[number % _DIFFERENT]))
        conn.execute(f"VACUUM (FREEZE, ANALYZE) {TABLE}")
        row = conn.execute(f"SELECT pg_table_size('{TABLE}')").fetchone()
        assert row is not None
        return int(row[0])


def _singles() -> Iterator[str]:
    """Single documents of 2 to 16 kB, in UTF-8."""
    for generated in documents(1):
        payload = generated.payload
        if not generated.entries and 2000 <= len(payload) <= 16000 and as_declared(payload) == payload:
            with contextlib.suppress(UnicodeDecodeError):
                yield payload.decode()


class Disturbance:
    """Sessions that write to the table, and one that ends the readers' connections ``kills`` times in mid-run."""

    def __init__(self, server: Server, rows: int, kills: int) -> None:
        self._server = server
        self._rows = rows
        self._kills = kills
        self._done = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._write, self._write, self._kill)]
        self.written = 0
        self.killed = 0
        self.times_killed = 0

    def __enter__(self) -> Disturbance:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        random_ = random.Random(threading.get_ident())
        with self._server.connect() as conn:
            while not self._done.wait(0.02):
                first = random_.randrange(self._rows)
                conn.execute(f"UPDATE {TABLE} SET xml = xml || ' ' WHERE id BETWEEN %s AND %s", [first, first + 20])
                late = self._rows + random_.randrange(10**9)
                conn.execute(f"INSERT INTO {TABLE} VALUES (%s, 'late', '<late/>') ON CONFLICT DO NOTHING", [late])
                conn.execute(f"DELETE FROM {TABLE} WHERE id = %s", [random_.randrange(self._rows)])
                self.written += 1

    def _kill(self) -> None:
        mine = "application_name = %s AND query LIKE 'COPY%%' AND state = 'active'"
        query = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {mine}"
        with self._server.connect() as conn:
            while self.times_killed < self._kills and not self._done.wait(0.5):
                ended = len(conn.execute(query, [f"acervo:{READERS}"]).fetchall())
                self.killed += ended
                self.times_killed += ended > 0
