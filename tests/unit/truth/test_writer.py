"""The writer of a process without Bigtable: nothing is lost, nobody waits for ever, few are woken, what is timed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from transforms.truth.codec import packaged_codec
from transforms.truth.config import TruthConfig
from transforms.truth.transaction import Check, Completed, Transaction
from transforms.truth.writer import Bundle, Done, Writer

BYTES = 4_000


class Store:
    """In the place of the client: answers after ``seconds``, and fails at one row."""

    def __init__(self, seconds: float = 0.0, broken: bytes = b"") -> None:
        self.seconds = seconds
        self.broken = broken
        self.busy: set[bytes] = set()

    async def check(self, table: str, row: bytes, *_: Any) -> bool:
        assert row not in self.busy, "records of one key, one after another"
        self.busy.add(row)
        await asyncio.sleep(self.seconds)
        self.busy.remove(row)
        if row == self.broken:
            raise RuntimeError("no answer")
        return True


def writer(store: Store, **limits: int) -> Writer:
    made = Writer(TruthConfig("p", "i", **limits), packaged_codec())  # type: ignore[arg-type]
    made.client = store  # type: ignore[assignment]
    return made


def writes(number: int) -> Callable[[], Transaction]:
    def begin() -> Transaction:
        yield Check(b"", None, ())
        return Completed(number, 0, 0)

    return begin


def never_begins() -> Transaction:
    raise ValueError("cannot be prepared")
    yield


def write_all(bundle: Bundle, rows: list[bytes], slow: float = 0.0) -> list[Done]:
    done: list[Done] = []
    for number, row in enumerate(rows):
        bundle.add("records", row, BYTES, number, writes(number))
        time.sleep(slow)
        done += bundle.ready()
    return done + list(bundle.finish())


def each_once(done: list[Done], count: int) -> bool:
    return sorted((one.tag, one.completed.result) for one in done) == [(number, number) for number in range(count)]


def in_threads(made: Writer, rows: list[bytes], threads: int = 4) -> list[list[Done]]:
    found: list[list[Done]] = []
    callers = [
        threading.Thread(target=lambda: found.append(write_all(made.bundle(), rows)), daemon=True)
        for _ in range(threads)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    return found


@pytest.mark.parametrize(
    "limits",
    [{"max_in_flight": most} for most in (1, 2, 3, 16, 17, 33)]
    + [{"max_bytes_in_flight": most} for most in (1, BYTES, 5 * BYTES, 100 * BYTES)],
    ids=str,
)
def test_threads_that_share_little_room_all_come_to_their_end(limits: dict[str, int]) -> None:
    rows = [b"%d" % (number % 50) for number in range(150)]
    found = in_threads(writer(Store(), **limits), rows)
    assert len(found) == 4 and all(each_once(done, len(rows)) for done in found)


def test_thousands_of_records_of_one_key_follow_each_other() -> None:
    found = in_threads(writer(Store()), [b"hot"] * 2_000, threads=2)
    assert len(found) == 2 and all(each_once(done, 2_000) for done in found)


def test_an_error_is_told_to_its_caller_alone() -> None:
    made = writer(Store(broken=b"700"))
    with pytest.raises(RuntimeError, match="no answer"):
        write_all(made.bundle(), [b"%d" % number for number in range(1_500)])
    bundle = made.bundle()
    for number in range(10):
        bundle.add("records", b"%d" % number, BYTES, number, writes(number))
    bundle.add("records", b"x", BYTES, 10, never_begins)
    with pytest.raises(ValueError, match="cannot be prepared"):
        list(bundle.finish())
    assert all(each_once(done, 600) for done in in_threads(made, [b"%d" % number for number in range(600)]))


def test_a_caller_is_not_woken_for_every_record(monkeypatch: pytest.MonkeyPatch) -> None:
    made, woken = writer(Store()), []
    notify_all = made._changed.notify_all

    def counted() -> None:
        woken.append(made._records)
        notify_all()

    monkeypatch.setattr(made._changed, "notify_all", counted)
    write_all(made.bundle(), [b"%d" % number for number in range(4 * made.hand_over)])
    assert len(woken) <= 2 * 4


def test_what_a_record_waits_for_others_is_not_timed() -> None:
    """The time is that of its row: it says whether Bigtable is slow."""
    slow, count = 0.1, 10
    done = write_all(writer(Store(0.05)).bundle(), [b"%d" % number for number in range(count)], slow)
    assert min(one.seconds for one in done) >= 0.05
    assert max(one.seconds for one in done) < slow * count
