"""Several writers on one key, in every order, dying anywhere: always the same row."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.truth.drive import CODEC, answer, applied, apply_all, content, outcomes
from tests.unit.truth.samples import expected_cells, fresh_key, from_origin, record, records
from transforms.model import DUPLICATE, NEW, RESUMED, Applied, Record
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.read import HistoryReader
from transforms.truth.transaction import Attempt, Transaction, transact
from transforms.truth.writer import Writer

# The tables stay from one example to the next: each has a key of its own.
on_the_emulator = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class SteppingWriter:
    """A process that takes one step of a transaction at a time, and may die before it hears the answer."""

    def __init__(self, config: TruthConfig, run: str, found: list[Record]) -> None:
        self.client = Client(config)
        self.run = run
        self.left = list(found)
        self.emitted: list[Applied] = []
        self._attempts = 0
        self._transaction: Transaction | None = None

    def step(self, dies: bool) -> None:
        """One request reaches Bigtable."""
        if not self.left:
            return
        if self._transaction is None:
            self._attempts += 1
            attempt = Attempt(self.run, f"{self.run}-{self._attempts}", self._attempts)
            self._transaction = transact(CODEC, self.left[0], attempt)
            self._next = next(self._transaction)
        heard = answer(self.client, self.client.config, self._next)
        if dies:
            self._transaction = None
            return
        try:
            self._next = self._transaction.send(heard)
        except StopIteration as stop:
            assert isinstance(stop.value.result, Applied)
            self.emitted.append(stop.value.result)
            self.left.pop(0)
            self._transaction = None

    def finish(self) -> None:
        """Lives to the end."""
        while self.left:
            self.step(dies=False)


@on_the_emulator
@given(data=st.data())
def test_any_interleaving_ends_in_the_same_row(config: TruthConfig, reader: HistoryReader, data: st.DataObject) -> None:
    history = data.draw(records(max_size=4))
    key = history[0].entry.key
    writers = [
        SteppingWriter(config, "backfill", data.draw(st.permutations(history))),
        SteppingWriter(config, "stream", data.draw(st.permutations(history))),
        SteppingWriter(config, "redrive", data.draw(st.lists(st.sampled_from(history), max_size=3))),
    ]
    for number, dies in data.draw(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=30)):
        writers[number].step(dies)
    for writer in writers:
        writer.finish()
    assert content(writers[0].client, config, key) == expected_cells(CODEC, history)
    found = reader.history(key)
    assert found and found.revision == len(history)
    assert all(
        later.before == earlier.after and later.dimensions_before == earlier.dimensions_after
        for earlier, later in zip(found.changes, found.changes[1:], strict=False)
    )
    # Each change is handed on by the run that made it, the same every time, and by nobody else.
    changes = {c.revision: c for c in found.changes}
    handed_on = [(w.run, a.change) for w in writers for a in w.emitted if a.change]
    assert {(run, change.revision) for run, change in handed_on} == {(c.run, c.revision) for c in found.changes}
    assert all(change == changes[change.revision] for _, change in handed_on)
    for writer in writers:
        wait_for(writer.client.close())


def meet(writers: list[Writer], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first writes of all are under way before one of them reaches Bigtable: all but one conflict."""
    there: set[int] = set()
    all_there = asyncio.Event()

    def meeting(number: int, check: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
        async def checked(*arguments: Any) -> bool:
            there.add(number)
            if len(there) == len(writers):
                all_there.set()
            await asyncio.wait_for(all_there.wait(), 60)
            return await check(*arguments)

        return checked

    for number, writer in enumerate(writers):
        monkeypatch.setattr(writer.client, "check", meeting(number, writer.client.check))


def test_threads_and_processes_on_one_key_conflict_and_lose_nothing(
    config: TruthConfig, reader: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each writer stands for a process with connections of its own; two bundles share each of them."""
    key = fresh_key()
    history = [record(key, str(number), origin=f"o{number}") for number in range(24)]
    writers = [Writer(config, CODEC) for _ in range(3)]
    meet(writers, monkeypatch)

    def bring(number: int) -> list[Applied]:
        order = random.Random(number).sample(history, len(history))
        done = apply_all(writers[number % 3], order, Attempt("run", f"job-{number}", number))
        conflicts.append(sum(d.completed.conflicts for d in done))
        return [applied(d) for d in done]

    conflicts: list[int] = []
    with ThreadPoolExecutor(6) as pool:
        results = [a for found in pool.map(bring, range(6)) for a in found]
    # All bring the same origins in the same run: one of each is new, the others resume it.
    assert Counter(a.arrival.outcome for a in results) == {NEW: 24, RESUMED: 120}
    assert sum(conflicts) >= 2
    assert content(writers[0].client, config, key) == expected_cells(CODEC, history)
    found = reader.history(key)
    assert found and [c.revision for c in found.changes] == list(range(1, 25))
    changes = {c.revision: c for c in found.changes}
    assert all(a.change == changes[a.change.revision] for a in results if a.change)
    assert len(found.arrivals) == 2 * 24, "the one that wrote it, and its later attempts"
    for writer in writers:
        writer.close()


def test_a_process_does_not_conflict_with_itself(config: TruthConfig) -> None:
    key = fresh_key()
    writer = Writer(config, CODEC)
    done = apply_all(writer, [record(key, str(n), origin=f"o{n}") for n in range(50)], Attempt("run", "job", 1))
    assert outcomes(done) == [NEW] * 50
    assert [d.completed.conflicts for d in done] == [0] * 50
    # They were applied in the order in which they were handed in.
    assert [applied(d).change.revision for d in done if applied(d).change] == list(range(1, 51))  # type: ignore[union-attr]
    writer.close()


def test_what_one_record_leaves_in_a_row_need_not_be_read_for_the_next(
    config: TruthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = fresh_key()
    brought = [record(key, str(n), origin=f"o{n % 10}") for n in range(10)]
    writer = Writer(config, CODEC)
    calls: Counter[str] = Counter()
    for name in ("check", "read_row"):
        monkeypatch.setattr(writer.client, name, _counted(calls, name, getattr(writer.client, name)))
    attempt = Attempt("run", "job", 1)
    done = apply_all(writer, [*brought, *(from_origin(each, "copy") for each in brought)], attempt)
    assert outcomes(done) == [NEW] * 10 + [DUPLICATE] * 10
    assert calls == {"check": 10}
    assert content(writer.client, config, key) == expected_cells(CODEC, brought)
    writer.close()


def _counted(calls: Counter[str], name: str, call: Any) -> Any:
    def counted(*arguments: Any, **named: Any) -> Any:
        calls[name] += 1
        return call(*arguments, **named)

    return counted


def test_what_was_known_of_a_row_may_be_out_of_date(
    config: TruthConfig, reader: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process is first each time that a record of this one is about to be written."""
    key = fresh_key()
    mine = [record(key, f"mine {n}", origin=f"m{n}") for n in range(8)]
    theirs = [record(key, f"theirs {n}", origin=f"t{n}") for n in range(8)]
    writer, other = Writer(config, CODEC), SteppingWriter(config, "other", [])
    check, tries = writer.client.check, 0

    async def overtaken(*arguments: Any) -> bool:
        nonlocal tries
        if tries % 2 == 0:
            other.left = [theirs[tries // 2]]
            await asyncio.to_thread(other.finish)
        tries += 1
        return await check(*arguments)

    monkeypatch.setattr(writer.client, "check", overtaken)
    done = apply_all(writer, mine, Attempt("run", "job", 1))
    assert outcomes(done) == [NEW] * 8 and tries == 16
    assert content(other.client, config, key) == expected_cells(CODEC, [*mine, *theirs])
    found = reader.history(key)
    assert found and found.revision == 16
    assert all(later.before == earlier.after for earlier, later in zip(found.changes, found.changes[1:], strict=False))
    writer.close()
    wait_for(other.client.close())


def test_a_backfill_beside_the_stream_leaves_each_record_to_one_of_them(
    config: TruthConfig, reader: HistoryReader
) -> None:
    keys = [fresh_key() for _ in range(40)]
    brought = [record(key, text, origin="") for key in keys for text in ("", "event")]
    writers = [Writer(config, CODEC), Writer(config, CODEC)]

    def bring(number: int) -> list[Applied]:
        order = random.Random(number).sample(brought, len(brought))
        named = [from_origin(each, f"{number}:{each.entry.record_id}") for each in order]
        return [applied(d) for d in apply_all(writers[number], named, Attempt(f"run-{number}", "job", number))]

    with ThreadPoolExecutor(2) as pool:
        results = [a for found in pool.map(bring, range(2)) for a in found]
    assert Counter(a.arrival.outcome for a in results) == {NEW: 80, DUPLICATE: 80}
    assert Counter(a.entry.record_id for a in results if a.arrival.outcome == NEW) == Counter(
        r.entry.record_id for r in brought
    )
    histories = list(reader.scan())
    assert {h.key: h.revision for h in histories} == dict.fromkeys(keys, 2)
    assert all(len(h.arrivals) == 4 for h in histories)
    for writer in writers:
        writer.close()


@pytest.mark.parametrize(("records_at_once", "bytes_at_once"), [(4, 64_000_000), (128, 2_000)])
def test_what_is_in_flight_is_bounded_and_all_of_it_arrives(
    config: TruthConfig, reader: HistoryReader, records_at_once: int, bytes_at_once: int
) -> None:
    small = TruthConfig(
        config.project,
        config.instance,
        config.table,
        max_in_flight=records_at_once,
        max_bytes_in_flight=bytes_at_once,
    )
    writer = Writer(small, CODEC)
    many = [record(fresh_key()) for _ in range(200)]
    with ThreadPoolExecutor(4) as pool:
        parts = [many[number::4] for number in range(4)]
        done = list(pool.map(lambda part: apply_all(writer, part, Attempt("run", "job", 1)), parts))
    assert [outcomes(part) for part in done] == [[NEW] * 50] * 4
    assert sum(1 for _ in reader.scan()) == 200
    writer.close()
