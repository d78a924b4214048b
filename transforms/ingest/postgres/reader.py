"""Rows of a part of a table, each once, even if connections are lost. Does not import Beam."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from transforms.ingest.postgres.errors import PostgresError, is_lost_connection, is_statement_timeout
from transforms.ingest.postgres.frames import Row, parse_row, strip_header
from transforms.ingest.postgres.parts import TableColumns, TablePart
from transforms.ingest.postgres.pool import Pool
from transforms.ingest.postgres.retry import Retry
from transforms.ingest.postgres.session import Connection, begin_part
from transforms.ingest.postgres.source import PostgresSource
from transforms.ingest.postgres.statements import copy, select_block, select_pages
from transforms.language import mark, say, tr

Claim = Callable[[int], bool]
# A statement that cannot be made any smaller is given up after so many timeouts without a new row.
_TIMEOUTS = 3
_Identity = int | tuple[bytes | None, ...]


@dataclass
class TableReader:
    """Reads ranges of blocks. ``reconnects`` counts the connections that were lost while reading."""

    source: PostgresSource
    shape: TableColumns
    pool: Pool
    new_retry: Callable[[], Retry] = Retry
    reconnects: int = field(default=0, init=False)

    def read(self, part: TablePart, start: int, stop: int, claim: Claim) -> Generator[Row, None, None]:
        """The rows of blocks ``start`` to ``stop`` of ``part``, up to the first block that ``claim`` refuses.

        ``claim`` is called with each block before its rows, rising. Every row is given once, whatever becomes of the
        connection. Raises PostgresError when the server cannot be reached any more, or the table has changed.
        """
        if part.by_pages:
            yield from self._read_pages(part, start, stop, claim)
        else:
            for block in range(start, stop):
                if not claim(block):
                    return
                yield from self._read_block(part, block)

    def _read_pages(self, part: TablePart, start: int, stop: int, claim: Claim) -> Generator[Row, None, None]:
        """Several pages to a statement. A statement that breaks off is followed by one that starts right behind the
        last row given, by physical address."""
        step = part.blocks_in(self.source.statement_bytes)
        walk = _PageWalk(start, stop, claim)
        retry = self.new_retry()
        while walk.goes_on():
            try:
                with self._transaction(part) as conn:
                    while walk.goes_on():
                        end = min(walk.page + step, stop)
                        select = select_pages(self.source, self.shape, part, walk.page, walk.item, end)
                        with closing(self._rows(conn, select)) as rows:
                            for row in rows:
                                if not walk.take(row):
                                    break
                                retry.progress()
                                yield row
                        walk.finish(end)
            except psycopg.Error as error:
                if is_statement_timeout(error) and step > 1:
                    step = max(1, step // 4)
                    retry.progress()
                self._recover(retry, error, part, walk.page)

    def _read_block(self, part: TablePart, block: int) -> Generator[Row, None, None]:
        """One statement per block. After a lost connection the block is read again, without the rows already
        returned."""
        given: Counter[_Identity] = Counter()
        retry = self.new_retry()
        while True:
            again = given.copy()
            try:
                select = select_block(self.source, self.shape, part, block)
                with self._transaction(part) as conn, closing(self._rows(conn, select)) as rows:
                    for row in rows:
                        identity = self._identity(row)
                        if again[identity] > 0:
                            again[identity] -= 1
                            continue
                        given[identity] += 1
                        retry.progress()
                        yield row
                return
            except psycopg.Error as error:
                self._recover(retry, error, part, block)

    def _identity(self, row: Row) -> _Identity:
        """What identifies a row when its block is read again: its key if that is unique, else the whole row."""
        return row.key if self.shape.unique else hash((row.key, row.received_at, row.payload))

    def _recover(self, retry: Retry, error: psycopg.Error, part: TablePart, block: int) -> None:
        at = mark("reading {table} at page {block}") if part.by_pages else mark("reading {table} at range {block}")
        where = say(at, table=f"{part.schema}.{part.name}", block=block)
        self.reconnects += 1
        if is_statement_timeout(error):
            limit = self.source.statement_timeout_seconds
            late = say("statement timeout, {seconds} s: --postgres_statement_timeout", seconds=limit)
            retry.wait(error, f"{where} ({late})", at_most=_TIMEOUTS)
        elif is_lost_connection(error):
            retry.wait(error, where)
        else:
            raise PostgresError(f"{where}: {error}") from error

    @contextmanager
    def _transaction(self, part: TablePart) -> Iterator[Connection]:
        """A transaction per range; with a snapshot, one per connection, as long as the connection lasts."""
        with self.pool.connection() as conn:
            begin_part(conn, self.source, part)
            yield conn
            good = conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
            if not (self.source.snapshot and good):
                conn.rollback()

    def _rows(self, conn: Connection, select: sql.Composable) -> Generator[Row, None, None]:
        keys = len(self.shape.keys)
        with conn.cursor() as cursor, cursor.copy(copy(select)) as messages:
            read = messages.read
            row = parse_row(strip_header(memoryview(read())), keys)
            while row:
                yield row
                row = parse_row(memoryview(read()), keys)
            read()


class _PageWalk:
    """Where a range of pages is: (``page``, ``item``) is the first physical address not given yet.

    A refused claim ends the walk for good, also when the connection is lost right then.
    """

    def __init__(self, start: int, stop: int, claim: Claim) -> None:
        self.page, self.item = start, 0
        self._stop = stop
        self._claimed = start - 1
        self._claim = claim

    def goes_on(self) -> bool:
        return self.page < self._stop

    def take(self, row: Row) -> bool:
        """Moves behind ``row``. False: its page belongs to somebody else."""
        if (row.page, row.item) < (self.page, self.item):
            raise PostgresError(tr(_DISORDER))
        self.page, self.item = row.page, row.item + 1
        return self._may_read(row.page)

    def finish(self, end: int) -> None:
        """Moves to page ``end`` when there is no row left before it."""
        if self.goes_on() and self._may_read(end - 1):
            self.page, self.item = end, 0

    def _may_read(self, page: int) -> bool:
        if page <= self._claimed:
            return True
        self._claimed = page
        if self._claim(page):
            return True
        self._stop = 0
        return False


_DISORDER = mark(
    "the server gave rows of a range of pages out of their physical order, so its plan is not a TID range scan. A "
    "join in the where clause can do this: give --postgres_split_by a column, or write the condition without one."
)
