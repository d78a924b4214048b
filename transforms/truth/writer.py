"""Many transactions at once: what a process has in flight, in which order, and how much of it.

A ``Writer`` serves all bundles of a process. Callers' threads prepare the first request (compression, the fold), the
event loop sends it and follows the transaction to its end; results wait in the caller's ``Bundle``. Records of one key
are applied one after another, so a process does not conflict with itself, and the next is told what the one before it
left in the row. That may be out of date, as what was read may be: rows only grow, what was there is there, and a write
is on the condition that the revision is still the one that was known.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from transforms.per_process import PerProcess
from transforms.truth import row_keys, rows
from transforms.truth.bulk import BulkWrites
from transforms.truth.client import Client
from transforms.truth.codec import Codec, UnknownDictionary, packaged_codec
from transforms.truth.config import TruthConfig, emulator_host
from transforms.truth.loop import event_loop, wait_for
from transforms.truth.rows import Cells
from transforms.truth.transaction import Answer, Check, Completed, Keep, Read, Step, Transaction

# Records are prepared together, then sent while their caller waits, at most this many at a time. Two threads that work
# at once take the interpreter's lock from each other, and what the processor has in its caches.
_HAND_OVER = 256
# A caller goes on when so few of its records are left, so that no slow row holds it up.
_LEFT = 16
# Certificates that a process remembers having written, at most.
_MOST_KEPT = 200_000


class Done(NamedTuple):
    """One finished transaction: the caller's ``tag``, what became of it, its retries, and the seconds since it was
    sent, 0 where nothing had to be."""

    tag: Any
    completed: Completed
    retries: int
    seconds: float


class _Item:
    """A transaction under way."""

    __slots__ = ("bundle", "begin", "known", "retries", "row", "sent_at", "size", "step", "table", "tag", "transaction")

    def __init__(
        self, bundle: Bundle, table: str, row: bytes, size: int, tag: Any, begin: Callable[[], Transaction]
    ) -> None:
        self.bundle = bundle
        self.table = table
        self.row = row
        self.size = size
        self.tag = tag
        self.begin = begin
        # The row as it was known last, if it has a revision.
        self.known: Cells | None = None
        self.retries = 0
        self.sent_at: float | None = None
        self.transaction = begin()
        self.step: Step | None = None

    def retried(self) -> None:
        self.retries += 1

    def done(self, completed: Completed) -> Done:
        seconds = 0.0 if self.sent_at is None else time.monotonic() - self.sent_at
        return Done(self.tag, completed, self.retries, seconds)


class Bundle:
    """What one caller handed in, and its results as they come. Used by one thread."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._batch: list[_Item] = []
        self._batch_bytes = 0
        self._done: deque[Done] = deque()
        self.pending = 0
        self.error: BaseException | None = None

    def add(self, table: str, row: bytes, size: int, tag: Any, begin: Callable[[], Transaction]) -> None:
        """Hands in a transaction on a row. It begins with the others of its batch; whoever fills one waits until the
        process has room for it, and then until few of it are left.

        ``size``: bytes it holds in memory. Raises what made an earlier transaction
        of this bundle fail, or one of its batch at its first step.
        """
        self._batch.append(_Item(self, table, row, size, tag, begin))
        self._batch_bytes += size
        if len(self._batch) >= self._writer.hand_over or self._batch_bytes >= self._writer.hand_over_bytes:
            self._hand_over()

    def ready(self) -> Iterator[Done]:
        """Results that are there, each once."""
        self._raise()
        while self._done:
            yield self._done.popleft()

    def finish(self) -> Iterator[Done]:
        """Waits for the rest and gives it. Raises what made any of it fail."""
        self._hand_over()
        self._writer.wait_for_bundle(self)
        yield from self.ready()

    def _hand_over(self) -> None:
        self._raise()
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        begun = [item for item in batch if self._begin(item)]
        if begun:
            self._writer.submit(self, begun)
            self._writer.wait_for_bundle(self, _LEFT)

    def _begin(self, item: _Item) -> bool:
        """Goes to the first step that has to be sent; False where there is none, and the transaction is done."""
        try:
            item.step = next(item.transaction)
            while isinstance(item.step, Keep) and item.step.row in self._writer.kept:
                item.step = item.transaction.send(None)
        except StopIteration as stop:
            self._done.append(item.done(stop.value))
            return False
        return True

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error

    def put(self, done: Done) -> None:
        """Called on the loop."""
        self._done.append(done)


class Writer:
    """All transactions that a process has in flight for one configuration."""

    def __init__(self, config: TruthConfig, codec: Codec) -> None:
        self.config = config
        self.client = Client(config)
        self._writes = BulkWrites(self.client)
        self.codec = codec
        self.kept: set[bytes] = set()
        self.hand_over = min(_HAND_OVER, max(1, config.max_in_flight // 2))
        self.hand_over_bytes = config.max_bytes_in_flight // 8
        self._changed = threading.Condition()
        self._records = 0
        self._bytes = 0
        self._wanting_room = 0
        # Only the loop touches these.
        self._queue: deque[_Item] = deque()
        self._behind: dict[tuple[str, bytes], deque[_Item]] = {}

    def bundle(self) -> Bundle:
        """A place for one caller to hand work in."""
        return Bundle(self)

    def submit(self, bundle: Bundle, batch: list[_Item]) -> None:
        """Takes a batch in once there is room for it."""
        size = sum(item.size for item in batch)
        with self._changed:
            self._wanting_room += 1
            while self._records and not self._room(len(batch), size):
                self._changed.wait()
            self._wanting_room -= 1
            self._records += len(batch)
            self._bytes += size
            bundle.pending += len(batch)
        event_loop().call_soon_threadsafe(self._accept, batch)

    def wait_for_bundle(self, bundle: Bundle, left: int = 0) -> None:
        """Waits until no more than ``left`` of the bundle are in flight."""
        with self._changed:
            while bundle.pending > left:
                self._changed.wait()

    def _room(self, records: int, size: int) -> bool:
        return (
            self._records + records <= self.config.max_in_flight
            and self._bytes + size <= self.config.max_bytes_in_flight
        )

    def _accept(self, batch: list[_Item]) -> None:
        for item in batch:
            place = (item.table, item.row)
            behind = self._behind.get(place)
            if behind is None:
                self._behind[place] = deque()
                self._queue.append(item)
            else:
                behind.append(item)
        for _ in range(len(self._queue)):
            event_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._queue:
            item = self._queue.popleft()
            # Before, it waited for others of its batch and of its key, which says nothing of Bigtable.
            item.sent_at = time.monotonic()
            try:
                item.bundle.put(item.done(await self._drive(item)))
            except BaseException as error:
                item.bundle.error = item.bundle.error or error
                item.known = None
            behind = self._behind[(item.table, item.row)]
            if behind:
                behind[0].known = item.known
                self._queue.appendleft(behind.popleft())
            else:
                del self._behind[(item.table, item.row)]
            self._left(item)

    def _left(self, item: _Item) -> None:
        with self._changed:
            self._records -= 1
            self._bytes -= item.size
            item.bundle.pending -= 1
            # Waking a caller for every record would cost more than the record.
            is_half_empty = self._records <= self.config.max_in_flight // 2
            if item.bundle.pending in (0, _LEFT) or (self._wanting_room and is_half_empty):
                self._changed.notify_all()

    async def _drive(self, item: _Item) -> Completed:
        while True:
            try:
                return await self._follow(item)
            except UnknownDictionary as missing:
                await self._fetch_dictionary(missing)
                item.transaction = item.begin()
                item.step = None

    async def _follow(self, item: _Item) -> Completed:
        table, row = item.table, item.row
        try:
            step = item.step or next(item.transaction)
            while True:
                answer: Answer = None
                if isinstance(step, Check):
                    answer = await self._check(step, item)
                elif isinstance(step, Read):
                    answer = await self._read(item)
                elif isinstance(step, Keep):
                    await self._keep(step, item)
                else:
                    await self._writes.write(table, row, step.cells, item.retried)
                step = item.transaction.send(answer)
        except StopIteration as stop:
            completed: Completed = stop.value
            return completed

    async def _check(self, step: Check, item: _Item) -> bool:
        if step.revision is None and item.known is not None:
            return False
        written = await self.client.check(item.table, item.row, step.revision, step.cells, item.retried, step.deleted)
        wanted = written and self._behind[(item.table, item.row)]
        known = rows.after(item.known or {}, step.cells) if wanted else {}
        item.known = known if rows.head_of(known) else None
        return written

    async def _read(self, item: _Item) -> Cells:
        if item.known is not None:
            return item.known
        found = await self.client.read_row(item.table, item.row, rows.TRANSACTION_FAMILIES, retried=item.retried)
        item.known = found if rows.head_of(found) else None
        return found

    async def _keep(self, step: Keep, item: _Item) -> None:
        if step.row in self.kept:
            return
        cell = rows.certificate_cell(self.codec, step.certificate)
        await self._writes.write(item.table, step.row, (cell,), item.retried)
        if len(self.kept) >= _MOST_KEPT:
            self.kept.clear()
        self.kept.add(step.row)

    async def _fetch_dictionary(self, missing: UnknownDictionary) -> None:
        row = row_keys.dictionary_row(missing.dictionary_id)
        cells = await self.client.read_row(self.config.records_table, row)
        data = cells.get(rows.STATE, {}).get(rows.DICTIONARY)
        if data is None:
            raise missing
        self.codec.learn(data)

    def close(self) -> None:
        """Closes the connections; for tests and short-lived programs."""
        wait_for(self.client.close())


_WRITERS: PerProcess[tuple[TruthConfig, str | None], Writer] = PerProcess(
    lambda place: Writer(place[0], packaged_codec())
)


def shared_writer(config: TruthConfig) -> Writer:
    """The writer of this process for a configuration."""
    return _WRITERS.acquire((config, emulator_host()))
