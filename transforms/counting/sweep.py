"""Keeping the counts of a stream: what was written to the change log is added up, and stored.

Knows nothing of Beam. Everything here may be done twice, by several at once, late, or in part: sums carry versions, and
a mark stays until the sums of its slot are in Bigtable and in BigQuery.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from transforms import instants
from transforms.counting import cells, log
from transforms.counting.cells import Partial
from transforms.counting.log import Mark, Sums
from transforms.counting.log_writer import CALLS_AT_ONCE, Writes, counts_table, log_table, write_cells
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.requests import Column
from transforms.truth.rows import Cell
from transforms.truth.writer import shared_writer
from transforms.views import closing, schema, sink
from transforms.views.encode import RefusedRow
from transforms.views.rows import row_of_count
from transforms.views.sink import Destination

T = TypeVar("T")
Refusal = tuple[str, Partial, str]

# A slot is added up once it is over for this long (seconds), nothing was written to it for as long, or at the latest
# after so long: bundles that hold its changes may still be on their way, and each that comes after costs another sum.
SETTLED, LATEST = 1.0, 8.0
_PAGE_ROWS = 64
# Slots added up together: where it is several, the sweeper is behind.
_SLOTS_AT_ONCE = 32
# Nobody waits for a sweep, and what it takes of the stores and of this process at once, messages do without. Unless it
# is behind, it makes so few calls at once, and lets other threads go on after so many cells, for so long (seconds): a
# thread that computes gives the interpreter's lock away only every 5 ms, and a message needs it dozens of times.
_CALLS_UNHURRIED = 2
_CELLS_BETWEEN_RESTS, _REST = 50, 0.001
# Rows of one append: those of messages wait behind it on their connection.
_MOST_APPENDED = 1_000
# A row is packed when a process has written so many sums to it, of rows that it remembers.
PACKED_AFTER = 64
_MOST_REMEMBERED = 30_000


@dataclass
class _Waiting:
    """A slot that was written to: marks seen, and when the first and the last of them were (seconds, monotonic)."""

    first: float
    last: float
    marks: set[Mark] = field(default_factory=set)


class Sweeper:
    """Finds slots that were written to and adds them up. It has no state that a successor would need."""

    def __init__(self, config: TruthConfig, destination: Destination) -> None:
        self._config = config
        self._destination = destination
        self._client = shared_writer(config).client
        self._sink = sink.acquire(destination)
        self._waiting: dict[str, _Waiting] = {}
        self._low: str | None = None
        self._written: Counter[bytes] = Counter()
        self.slots = self.partials = self.packed = 0
        self.refused: list[Refusal] = []

    def close(self) -> None:
        """Releases what it shares with others."""
        sink.release(self._destination)

    def sweep(self, seconds: float = 5.0) -> int:
        """Looks for marks and adds up the slots that are due, for some time; how many slots that were.

        Raises TruthError, AppendError and ClosingError when a store does not take the sums: their marks stay.
        """
        self._look()
        ended, done = time.monotonic() + seconds, 0
        due = self._due()
        while due and time.monotonic() < ended:
            some, due = due[:_SLOTS_AT_ONCE], due[_SLOTS_AT_ONCE:]
            self._add_up(some)
            done += len(some)
        self._raise_low()
        return done

    def sweep_all(self) -> int:
        """Adds up all that is marked, open slots too; how many slots that were."""
        self._look()
        slots = sorted(self._waiting)
        for begin in range(0, len(slots), _SLOTS_AT_ONCE):
            self._add_up(slots[begin : begin + _SLOTS_AT_ONCE])
        return len(slots)

    def _look(self) -> None:
        """Reads the marks that are there."""
        if self._low is None:
            found = wait_for(self._client.read_row(log_table(self._config), log.LOW_ROW, (log.MARKS,)))
            self._low = found.get(log.MARKS, {}).get(log.LOW, b"").decode()
        start, now = log.mark_row(self._low), time.monotonic()
        for row in self._client.scan(log_table(self._config), start, log.MARKS_END, (log.MARKS,), _PAGE_ROWS):
            for cell in row.cells:
                self._see(Mark(row.key, cell.qualifier), now)

    def _see(self, mark: Mark, now: float) -> None:
        waiting = self._waiting.setdefault(mark.slot, _Waiting(now, now))
        if mark not in waiting.marks:
            waiting.marks.add(mark)
            waiting.last = now

    def _due(self) -> list[str]:
        """Slots to add up now, in order of time."""
        now, wall = time.monotonic(), time.time()
        due = []
        for slot, waiting in self._waiting.items():
            over = wall - log.begin_of(slot) / instants.SECOND - log.SLOT_SECONDS
            quiet = over >= SETTLED and now - waiting.last >= SETTLED
            if quiet or now - waiting.first >= log.SLOT_SECONDS + LATEST:
                due.append(slot)
        return sorted(due)

    def _add_up(self, slots: Sequence[str]) -> None:
        """Sums of slots into both stores; then their marks go."""
        done = {slot: self._waiting.pop(slot) for slot in slots}
        pages = wait_for(self._read(slots))
        # On this thread: the loop's is for the calls of messages too.
        sums = {slot: log.sums_of(_resting(found, len(slots))) for slot, found in zip(slots, pages, strict=True)}
        self._store(sums)
        self._serve(sums)
        wait_for(self._unmark([mark for waiting in done.values() for mark in waiting.marks]))
        self.slots += len(slots)

    async def _read(self, slots: Sequence[str]) -> list[Sequence[Cell]]:
        return await asyncio.gather(*(self._read_slot(log.row_of(slot)) for slot in slots))

    async def _read_slot(self, row: bytes) -> Sequence[Cell]:
        page = await self._client.page(log_table(self._config), row, row + b"\0", (log.CONTRIBUTIONS,), limit=1)
        return page.rows[0].cells if page.rows else ()

    def _store(self, sums: dict[str, Sums]) -> None:
        writes: Writes = {}
        for slot, found in sums.items():
            for row, cell in _resting(cells.cells_of_slot(slot, found), len(sums)):
                writes.setdefault(row, []).append(cell)
        at_once = _CALLS_UNHURRIED if len(sums) == 1 else CALLS_AT_ONCE
        wait_for(write_cells(self._client, counts_table(self._config), writes, at_once))
        full = []
        for row, written in writes.items():
            self._written[row] += len(written)
            if self._written[row] >= PACKED_AFTER:
                full.append(row)
                del self._written[row]
        if len(self._written) > _MOST_REMEMBERED:
            self._written = Counter(dict(self._written.most_common(_MOST_REMEMBERED // 2)))
        for row in full:
            self.packed += wait_for(pack_row(self._client, counts_table(self._config), row))

    def _serve(self, sums: dict[str, Sums]) -> None:
        """Appends the sums to BigQuery and waits until they are there, in days that are not closed."""
        now = instants.now()
        partials, encoded = [], []
        for slot, found in sums.items():
            for key, one in _resting(found.items(), len(sums)):
                table, row = row_of_count(cells.partial_of(slot, key, one, now))
                try:
                    encoded.append(self._sink.encoders[table].encode(row))
                    partials.append(row)
                except RefusedRow as refused:
                    self.refused.append((table, row, str(refused)))
        if not encoded:
            return
        project, dataset = self._destination.project, self._destination.dataset
        days = [log.day_of(slot) for slot in sums]
        closing.open_late(project, dataset, days)  # so that they are seen at once
        for begin in range(0, len(encoded), _MOST_APPENDED):
            end = begin + _MOST_APPENDED
            self._append(encoded[begin:end], partials[begin:end])
        closing.open_late(project, dataset, days)  # and where somebody closed their day meanwhile

    def _append(self, encoded: Sequence[bytes], partials: Sequence[Partial]) -> None:
        appended = self._sink.append(schema.COUNTS, encoded).result()
        self.refused += [(schema.COUNTS, partials[index], why) for index, why in appended.refused.items()]
        self.partials += len(encoded) - len(appended.refused)

    async def _unmark(self, marks: Sequence[Mark]) -> None:
        by_row: dict[bytes, list[Column]] = {}
        for mark in marks:
            by_row.setdefault(mark.row, []).append(Column(log.MARKS, mark.qualifier))
        for row, columns in by_row.items():
            await self._client.replace(log_table(self._config), row, columns, ())

    def _raise_low(self) -> None:
        """Spares later sweeps, also those of other sweepers, the minutes that are empty and will stay so."""
        low = log.low_minute(instants.now())
        low = min([low, *(log.minute_in(mark.row) for one in self._waiting.values() for mark in one.marks)])
        if not self._low or low > self._low:
            self._low = low
            cell = Cell(log.MARKS, log.LOW, log.begin_of(f"{low}:00"), low.encode())
            wait_for(self._client.write(log_table(self._config), log.LOW_ROW, [cell]))


def _resting(many: Iterable[T], slots: int) -> Iterator[T]:
    """The same, with rests for what else the process does; without them where several slots wait."""
    for number, one in enumerate(many, 1):
        yield one
        if slots == 1 and number % _CELLS_BETWEEN_RESTS == 0:
            time.sleep(_REST)


async def pack_row(client: Client, table: str, row: bytes) -> bool:
    """Packs a row of counts, unless another process does so at the same time; returns whether it did."""
    page = await client.page(table, row, row + b"\0", cells.FAMILIES, limit=1)
    rewrite = cells.packing(page.rows[0].cells) if page.rows else None
    if rewrite is None:
        return False
    return await client.check(table, row, rewrite.revision, rewrite.cells, deleted=rewrite.deleted)


def drain(config: TruthConfig, destination: Destination) -> dict[str, Any]:
    """Adds up everything that is marked, once: for jobs that run without a stream. Returns what was done."""
    sweeper = Sweeper(config, destination)
    try:
        slots = sweeper.sweep_all()
        return {"slots": slots, "partials": sweeper.partials, "refused": sweeper.refused}
    finally:
        sweeper.close()
