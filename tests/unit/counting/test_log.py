"""The change log as a fold: whatever comes again, late, stale or half done, the counts are those of the changes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.histories import histories
from tests.unit.counting.changes import changes_of, counted
from transforms.counting import cells, log
from transforms.counting.cells import Rewrite
from transforms.counting.contributions import UF, Amount, CountKey
from transforms.counting.log import Sum
from transforms.counting.replace import replacement
from transforms.model import Change, Entry
from transforms.truth.codec import packaged_codec
from transforms.truth.rows import STATE, Cell, by_column, unpack_int

SECOND = 1_000_000
AT = 1_795_900_000 * SECOND
CODEC = packaged_codec()


class Table:
    """Rows of cells, with what Bigtable does to them: the newest timestamp counts, conditions hold for a row."""

    def __init__(self) -> None:
        self.rows: dict[bytes, dict[tuple[str, bytes], Cell]] = {}

    def write(self, row: bytes, cell: Cell) -> None:
        place = self.rows.setdefault(row, {})
        there = place.get((cell.family, cell.qualifier))
        if there is None or cell.timestamp >= there.timestamp:
            place[cell.family, cell.qualifier] = cell

    def read(self, row: bytes) -> list[Cell]:
        return list(self.rows.get(row, {}).values())

    def rewrite(self, row: bytes, change: Rewrite) -> bool:
        if cells.revision_of(self.read(row)) != change.revision:
            return False
        for family, qualifier, before in change.deleted:
            there = self.rows.get(row, {}).get((family, qualifier))
            if there and (not before or there.timestamp < before):
                del self.rows[row][family, qualifier]
        for cell in change.cells:
            self.write(row, cell)
        return True

    def counts(self) -> dict[CountKey, Amount]:
        found: dict[CountKey, Amount] = {}
        for row in self.rows:
            found |= cells.sums(CODEC, row, by_column(self.read(row)))
        return {key: amount for key, amount in found.items() if amount != (0, 0)}


class Store:
    """The log, the counts and BigQuery's rows, driven step by step as processes would."""

    def __init__(self) -> None:
        self.log, self.counts_table = Table(), Table()
        self.served: dict[tuple[str, CountKey], Sum] = {}
        self.marked: set[str] = set()

    def write(self, change: Change) -> None:
        row, cell = log.cell_of(change)
        self.log.write(row, cell)

    def read(self, slot: str) -> log.Sums:
        return log.sums_of(self.log.read(log.row_of(slot)))

    def store(self, slot: str, sums: log.Sums) -> None:
        for row, cell in cells.cells_of_slot(slot, sums):
            self.counts_table.write(row, cell)

    def serve(self, slot: str, sums: log.Sums) -> None:
        """As the view takes rows: the one with the highest version."""
        for key, found in sums.items():
            there = self.served.get((slot, key))
            if there is None or found.version >= there.version:
                self.served[slot, key] = found

    def served_counts(self) -> dict[CountKey, Amount]:
        found: dict[CountKey, list[int]] = {}
        for (_, key), one in self.served.items():
            total = found.setdefault(key, [0, 0])
            total[0] += one.documents
            total[1] += one.billionths
        return {
            key: Amount(documents, Decimal(billionths) / 10**9)
            for key, (documents, billionths) in found.items()
            if documents or billionths
        }


def comparable(counts: Mapping[CountKey, Amount]) -> dict[CountKey, tuple[int, Decimal]]:
    """The month of a count is told by its row's day."""
    found: dict[CountKey, tuple[int, Decimal]] = {}
    for key, (documents, total) in counts.items():
        day = key.day or key.month
        place = key._replace(month=day[:7] + "-01" if day else "")
        known = found.get(place, (0, Decimal(0)))
        found[place] = (known[0] + documents, known[1] + total)
    return {key: amount for key, amount in found.items() if amount != (0, 0)}


@st.composite
def applied(draw: st.DrawFn) -> list[Change]:
    """Changes of a few keys, applied within some slots of two hours."""
    changes = []
    for number in range(draw(st.integers(1, 4))):
        history: list[Entry] = draw(histories())
        for change in changes_of(history):
            at = AT + draw(st.sampled_from([0, 1, 5, 9, 3_000, 3_601])) * SECOND
            changes.append(change._replace(key=f"{number}", applied_at=at, logged=True))
    return changes


@settings(max_examples=60, deadline=None)
@given(applied(), st.data())
def test_any_interleaving_of_writers_sweepers_and_packers_ends_with_the_counts_of_the_changes(
    changes: list[Change], data: st.DataObject
) -> None:
    """Steps are drawn: changes come once or again, sums are read now and stored later or never, rows are packed from
    what was read earlier. A mark goes only when both stores have the sums; in the end what is marked is added up."""
    store = Store()
    pending = [change for change in changes for _ in range(data.draw(st.integers(1, 2)))]
    pending = data.draw(st.permutations(pending))
    read: list[tuple[str, log.Sums]] = []
    packings: list[tuple[bytes, Rewrite | None]] = []
    while pending:
        step = data.draw(st.sampled_from(["write", "read", "store", "crash", "plan", "pack"]))
        if step == "write":
            change = pending.pop()
            if log.counts_something(change):
                store.write(change)
                store.marked.add(log.slot_of(change.applied_at))
        elif step == "read" and store.marked:
            slot = data.draw(st.sampled_from(sorted(store.marked)))
            read.append((slot, store.read(slot)))
        elif step == "store" and read:
            slot, sums = read.pop(data.draw(st.integers(0, len(read) - 1)))
            store.store(slot, sums)
            if data.draw(st.booleans()):  # otherwise the process dies between the stores
                store.serve(slot, sums)
        elif step == "crash" and read:
            read.pop(data.draw(st.integers(0, len(read) - 1)))
        elif step == "plan" and store.counts_table.rows:
            row = data.draw(st.sampled_from(sorted(store.counts_table.rows)))
            packings.append((row, cells.packing(store.counts_table.read(row))))
        elif step == "pack" and packings:
            row, plan = packings.pop(data.draw(st.integers(0, len(packings) - 1)))
            if plan is not None:
                store.counts_table.rewrite(row, plan)
    for slot in store.marked:
        sums = store.read(slot)
        store.store(slot, sums)
        store.serve(slot, sums)
    for slot, sums in read:  # those that were held up write last, what they read long ago
        store.store(slot, sums)
        store.serve(slot, sums)
    for row, plan in packings:
        if plan is not None:
            store.counts_table.rewrite(row, plan)
    expected = comparable(counted(changes))
    assert comparable(store.counts_table.counts()) == expected
    assert comparable(store.served_counts()) == expected
    for row in list(store.counts_table.rows):
        plan = cells.packing(store.counts_table.read(row))
        assert plan is None or store.counts_table.rewrite(row, plan)
        assert cells.packing(store.counts_table.read(row)) is None
    assert comparable(store.counts_table.counts()) == expected


def change(number: int, at: int = AT, total: str = "10.10", uf: str = "SP") -> Change:
    dimensions = {"status": "authorised", "uf": uf, "model": "55", "day": "2026-11-28", "total": total}
    return Change(f"k{number}", 1, "r", "run", "o", "job", 0, at, None, {}, None, dimensions, True)


def sp(counts: Mapping[CountKey, Amount]) -> tuple[int, Decimal]:
    return next(tuple(amount) for key, amount in counts.items() if key.dimension == UF and key.value == "SP")  # type: ignore[return-value]


def test_a_slot_whose_log_has_expired_hides_nothing_when_one_of_its_changes_comes_again() -> None:
    store = Store()
    for number in range(3):
        store.write(change(number))
    slot = log.slot_of(AT)
    store.store(slot, store.read(slot))
    store.log = Table()
    store.write(change(1))
    store.store(slot, store.read(slot))
    assert sp(store.counts_table.counts()) == (3, Decimal("30.30"))


def test_a_row_is_bounded_by_time_and_not_by_traffic() -> None:
    """An hour of a state: a cell for each kind of count, and some bytes a slot, however many documents came."""
    sizes = []
    for documents in (1, 1_000):
        store = Store()
        for second in range(0, 3_600, log.SLOT_SECONDS):
            at = AT // (3_600 * SECOND) * 3_600 * SECOND + second * SECOND
            found = Sum(documents, documents, documents * (10**10 + second * 10**7))
            key = CountKey(UF, "SP", "55", "1", "authorised", "2026-11-28", "2026-11-01")
            store.store(log.slot_of(at), {key: found})
        [row] = store.counts_table.rows
        plan = cells.packing(store.counts_table.read(row))
        assert plan is not None and store.counts_table.rewrite(row, plan)
        stored = store.counts_table.read(row)
        assert [cell.family for cell in stored].count(STATE) == 1 and len(stored) == 2
        sizes.append(sum(len(cell.value) for cell in stored))
    assert max(sizes) < 20 * 900


def test_packed_sums_are_read_back_whatever_their_size() -> None:
    slots = {
        f"2026-11-28T10:00:0{number}": Sum(number + 1, -number, amount)
        for number, amount in enumerate([0, 10**7, -(10**7), 1, 10**40, -(10**40) - 1])
    }
    assert dict(cells.unpack("2026-11-28T10", cells.pack(slots))) == slots


def test_cells_from_before_direction_and_purpose_were_counted_are_read_as_they_are() -> None:
    plain = CountKey(UF, "SP", "55", "1", "authorised", "2026-11-28", "2026-11-01")
    told = plain._replace(operation_type="0", purpose="4")
    slot = "2026-11-28T10:00:00"
    found = {key: dict(cells.cells_of_slot(slot, {key: Sum(1, 1, 5)})) for key in (plain, told)}
    [(row, cell), (_, other)] = [item for one in found.values() for item in one.items()]
    assert cell.qualifier == b"55/1/authorised/2026-11-28/log/2026-11-28T10:00:00"
    assert other.qualifier.startswith(b"55.0.4/")
    assert cells.slot_sums(row, by_column([cell, other])) == {key: {slot: Sum(1, 1, 5)} for key in (plain, told)}
    dimensions = {"status": "authorised", "uf": "SP", "total": "1.00", "operation_type": 0, "purpose": 4}
    changed = Change("k", 1, "r", "run", "o", "job", 0, 0, None, {}, None, dimensions, True)
    stored = log.cell_of(changed)[1]
    before, after = orjson.loads(stored.value)
    older = stored._replace(value=orjson.dumps([before, after[:-2]]))
    assert {(key.operation_type, key.purpose) for key in log.sums_of([stored])} == {("0", "4")}
    assert {(key.operation_type, key.purpose) for key in log.sums_of([older])} == {("", "")}


def test_slots_rows_and_marks_are_told_from_one_another_and_sort_as_time_does() -> None:
    slot = log.slot_of(AT + 123_456)
    assert log.begin_of(slot) <= AT + 123_456 < log.begin_of(slot) + log.SLOT_SECONDS * SECOND
    assert log.slot_in(log.row_of(slot)) == slot and log.hour_of(slot) == slot[:13]
    assert sorted([log.slot_of(AT + s * SECOND) for s in range(0, 90_000, 977)]) == [
        log.slot_of(AT + s * SECOND) for s in range(0, 90_000, 977)
    ]
    row, cell = log.mark(slot, "n", AT)
    assert log.Mark(row, cell.qualifier).slot == slot
    assert log.mark_row("") <= log.mark_row(log.low_minute(AT)) < row < log.MARKS_END
    assert log.mark_row("") > log.LOW_ROW and log.row_of(slot) < log.LOW_ROW


@pytest.mark.parametrize("late", [False, True])
def test_a_replacement_takes_what_it_knows_and_leaves_what_is_newer(late: bool) -> None:
    """Of slots that are settled what is made again is right, also where it has less; of others the newest is."""
    store, settled = Store(), log.slot_of(AT)
    at = AT + (8 if late else -8) * SECOND
    for number in range(3):
        store.write(change(number, at))
    slot = log.slot_of(at)
    store.store(slot, store.read(slot))
    [row] = [row for row in store.counts_table.rows if b"uf#SP" in row]
    made = log.sums_of([log.cell_of(change(0, at))[1]])
    new = [cells.partial_of(slot, key, found, 0) for key, found in made.items() if key.dimension == UF]
    run = {**new[0], "partial": "bounded/all/0", "job_started_at": 0}
    store.counts_table.write(*cells.cell_of(CODEC, {**run, "job_started_at": 5 * SECOND, "documents": 70}))
    plan = replacement(CODEC, row, store.counts_table.read(row), [*new, run], [], settled)
    store.store(slot, store.read(slot))  # meanwhile: the same again
    assert store.counts_table.rewrite(row, plan)
    assert sp(store.counts_table.counts())[0] == (4 if late else 2)
    assert unpack_int(next(cell.value for cell in store.counts_table.read(row) if cell.family == STATE)) == 1
