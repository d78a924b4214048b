"""What a process holds of a partition: the order, gaps, and bounds of bundles."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from transforms.ingest.kafka.tail import Tail
from transforms.ingest.queue.message import Message


def message(offset: int, size: int = 10) -> Message:
    return Message(b"x" * size, f"0/{offset}", {}, offset)


def tail(start: int = 0) -> Tail:
    return Tail(0, start, settle_seconds=10)


def add(held: Tail, *offsets: int) -> None:
    held.add([(offset, message(offset)) for offset in offsets])


def test_a_bundle_ends_behind_its_last_message_and_the_next_begins_there() -> None:
    held = tail(5)
    add(held, 5, 6, 9, 10)
    first, second = held.take(3, 1_000), held.take(3, 1_000)
    assert [(lease.start, lease.end, len(lease)) for lease in (first, second)] == [(5, 10, 3), (10, 11, 1)]


def test_a_bundle_is_bounded_by_bytes_but_never_empty() -> None:
    held = tail()
    held.add([(offset, message(offset, size)) for offset, size in enumerate((900, 10, 95))])
    assert [len(held.take(10, 100)) for _ in range(4)] == [1, 1, 1, 0]
    assert held.size == 0


def test_offsets_without_messages_at_the_end_are_behind_the_next_bundle() -> None:
    held = tail()
    add(held, 0)
    held.at_end(6)
    assert (held.take(10, 100).end, held.start) == (6, 6)
    held.at_end(8)
    lease = held.take(10, 100)
    assert (lease.start, lease.end, len(lease)) == (6, 8, 0)


def test_what_was_fetched_before_the_place_was_changed_is_not_taken() -> None:
    held = tail(7)
    add(held, 3)
    add(held, 3, 7)
    add(held, 7)
    assert [one.message_id for one in held.take(10, 1_000).messages] == ["0/7"]


@given(st.lists(st.integers(1, 4), max_size=30), st.integers(1, 7), st.integers(1, 60))
def test_leases_cover_all_offsets_once_whatever_the_gaps_and_bounds(gaps: list[int], most: int, size: int) -> None:
    held, offsets, offset = tail(), [], -1
    for gap in gaps:
        offset += gap
        offsets.append(offset)
        add(held, offset)
    held.at_end(offset + 3)
    at, seen = 0, list[str]()
    while at < offset + 3:
        lease = held.take(most, size)
        assert lease.start == at and lease.end > at
        at = lease.end
        seen += [one.message_id for one in lease.messages]
    assert seen == [f"0/{number}" for number in offsets]


def test_the_backlog_is_what_is_left_in_bytes() -> None:
    held = tail()
    for start in range(0, 1_000, 10):
        held.add([(offset, message(offset, 500)) for offset in range(start, start + 10)])
    held.at_end(2_000)
    assert 900_000 < held.backlog(0) < 1_100_000
    assert held.backlog(2_000) == 0


def test_beside_a_busy_partition_one_without_messages_is_asked_less_and_less_often_until_it_has_some() -> None:
    held = tail()
    first = held.beside_seconds
    waits = []
    for _ in range(8):
        held.stood_back()
        waits.append(held.beside_seconds)
    assert waits[0] == 2 * first
    assert waits[-1] == waits[-2] <= 0.05
    add(held, 0)
    held.take(10, 1_000)
    assert held.beside_seconds == first
