"""What a process holds of a subscription: bounds, leases, and the watermark that follows from them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from google.pubsub_v1 import types

from transforms.ingest.pubsub import intake
from transforms.ingest.queue.backlog import Backlog, Delivery
from transforms.ingest.queue.message import Message

SECOND = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def delivery(number: int, published: int = 0, size: int = 10) -> Delivery:
    return Delivery(f"ack-{number}", Message(b"x" * size, str(number), {}, published))


def backlog(clock: Clock | None = None, max_messages: int = 100, max_bytes: int = 10_000) -> Backlog:
    clock = clock or Clock()
    return Backlog(max_messages, max_bytes, max_hold_seconds=60, settle_seconds=10, clock=clock, wall=clock)


def test_messages_are_taken_once_and_in_order() -> None:
    held = backlog()
    held.add([delivery(n) for n in range(5)])
    assert held.take(3, 1_000, 0).ack_ids == ["ack-0", "ack-1", "ack-2"]
    assert held.take(3, 1_000, 0).ack_ids == ["ack-3", "ack-4"]
    assert not held.take(3, 1_000, 0)


def test_a_bundle_is_bounded_by_bytes_but_never_empty() -> None:
    held = backlog()
    held.add([delivery(0, size=900), delivery(1, size=10), delivery(2, size=95)])
    assert held.take(10, 100, 0).ack_ids == ["ack-0"]
    assert held.take(10, 100, 0).ack_ids == ["ack-1"]
    assert held.take(10, 100, 0).ack_ids == ["ack-2"]


def test_a_waiting_reader_is_woken_by_the_first_message() -> None:
    held = backlog()
    timer = threading.Timer(0.05, held.add, ([delivery(7)],))
    timer.start()
    assert held.take(10, 1_000, 30).ack_ids == ["ack-7"]


def test_there_is_no_room_until_what_was_taken_is_settled() -> None:
    held = backlog(max_messages=2)
    held.add([delivery(0), delivery(1)])
    lease = held.take(10, 1_000, 0)
    assert not held.wait_for_room(0)
    held.settle(lease)
    assert held.wait_for_room(0)


def test_bytes_bound_what_is_held_too() -> None:
    held = backlog(max_bytes=100)
    held.add([delivery(0, size=100)])
    assert not held.wait_for_room(0)
    held.abandon(held.take(1, 1, 0))
    assert held.wait_for_room(0)


def test_settling_twice_frees_room_once() -> None:
    held = backlog(max_messages=2)
    held.add([delivery(0), delivery(1)])
    first, _ = held.take(1, 1_000, 0), held.take(1, 1_000, 0)
    held.settle(first)
    held.abandon(first)
    held.add([delivery(2)])
    assert not held.wait_for_room(0)


def test_a_redelivery_of_what_waits_is_read_once_and_acknowledged_by_its_last_id() -> None:
    held = backlog(max_messages=2)
    held.add([delivery(0), delivery(1)])
    assert held.add([Delivery("again-0", delivery(0).message)]) == []
    assert held.take(10, 1_000, 0).ack_ids == ["again-0", "ack-1"]


def test_a_redelivery_of_what_is_worked_on_is_not_read_again() -> None:
    held = backlog()
    held.add([delivery(0)])
    lease = held.take(1, 1_000, 0)
    held.add([Delivery("again-0", delivery(0).message)])
    assert not held.take(1, 1_000, 0)
    assert lease.ack_ids == ["again-0"]


def test_a_redelivery_of_what_was_committed_wants_only_its_acknowledgement() -> None:
    held = backlog()
    held.add([delivery(0)])
    held.settle(held.take(1, 1_000, 0))
    assert held.add([Delivery("again-0", delivery(0).message), delivery(1)]) == ["again-0"]
    assert held.take(10, 1_000, 0).ack_ids == ["ack-1"]
    assert (held.redelivered(), held.redelivered()) == (1, 0)


def test_what_was_given_back_is_read_when_it_comes_again() -> None:
    held = backlog()
    held.add([delivery(0)])
    held.abandon(held.take(1, 1_000, 0))
    assert held.add([Delivery("again-0", delivery(0).message)]) == []
    assert held.take(1, 1_000, 0).ack_ids == ["again-0"]


def test_only_the_last_messages_are_remembered() -> None:
    held = Backlog(100, 10_000, remembered=2)
    held.add([delivery(n) for n in range(3)])
    held.settle(held.take(3, 1_000, 0))
    assert held.add([delivery(0), delivery(1), delivery(2)]) == ["ack-1", "ack-2"]


def test_deadlines_are_moved_for_what_waits_and_what_is_worked_on() -> None:
    held = backlog()
    held.add([delivery(n) for n in range(3)])
    done, running = held.take(1, 1_000, 0), held.take(1, 1_000, 0)
    held.settle(done)
    assert sorted(held.ack_ids()) == ["ack-1", "ack-2"]
    assert running


def test_a_lease_that_nobody_settles_is_forgotten_in_the_end() -> None:
    clock = Clock()
    held = backlog(clock, max_messages=1)
    held.add([delivery(0)])
    assert held.take(1, 1_000, 0)
    clock.now += 59
    assert held.ack_ids() == ["ack-0"]
    clock.now += 2
    assert held.ack_ids() == []
    assert held.wait_for_room(0)


def test_closing_wakes_the_reader_and_keeps_what_is_held() -> None:
    held = backlog()
    held.add([delivery(0), delivery(1)])
    assert held.take(1, 1_000, 0)
    held.close()
    assert not held.take(1, 1_000, 30)
    assert sorted(held.ack_ids()) == ["ack-0", "ack-1"]


def test_the_watermark_is_unknown_before_anything_is() -> None:
    assert backlog().watermark() is None


def test_the_watermark_waits_for_the_oldest_message_held() -> None:
    clock = Clock()
    held = backlog(clock)
    held.connected(1)
    held.add([delivery(0, 500 * SECOND), delivery(1, 400 * SECOND), delivery(2, 600 * SECOND)])
    clock.now += 30
    assert held.watermark() == 400 * SECOND
    first = held.take(2, 1_000, 0)
    assert held.watermark() == 400 * SECOND
    held.settle(first)
    assert held.watermark() == 600 * SECOND


def test_the_watermark_allows_for_messages_that_come_out_of_order() -> None:
    clock = Clock()
    held = backlog(clock)
    held.connected(1)
    held.add([delivery(0, 500 * SECOND)])
    held.settle(held.take(1, 1_000, 0))
    clock.now += 5
    held.add([delivery(1, 700 * SECOND)])
    held.settle(held.take(1, 1_000, 0))
    assert held.watermark() == 500 * SECOND
    clock.now += 6
    assert held.watermark() == 700 * SECOND


def test_the_watermark_waits_for_messages_that_were_given_back() -> None:
    clock = Clock()
    held = backlog(clock)
    held.connected(1)
    held.add([delivery(0, 500 * SECOND)])
    lease = held.take(1, 1_000, 0)
    clock.now += 30
    held.abandon(lease)
    assert held.watermark() == 500 * SECOND


def test_a_quiet_subscription_lets_the_watermark_follow_the_clock() -> None:
    clock = Clock()
    held = backlog(clock)
    held.connected(1)
    assert held.watermark() is None
    clock.now += 11
    assert held.watermark() == int((clock.now - 10) * SECOND)


def test_the_silence_of_a_broken_stream_moves_nothing() -> None:
    clock = Clock()
    held = backlog(clock)
    held.connected(1)
    held.connected(-1)
    clock.now += 100
    assert held.watermark() is None
    held.connected(1)
    assert held.watermark() is None


def test_messages_without_an_id_are_each_taken_and_none_is_acknowledged_for_another() -> None:
    held = backlog()
    nameless = [Delivery(f"ack-{n}", Message(b"%d" % n, "", {}, 0)) for n in range(3)]
    assert held.add(nameless[:2]) == []
    lease = held.take(10, 1_000, 0)
    assert [delivery.message.data for delivery in lease.deliveries] == [b"0", b"1"]
    held.settle(lease)
    assert held.add(nameless[2:]) == [], "nobody has seen it"
    assert held.take(10, 1_000, 0).ack_ids == ["ack-2"]


def test_a_message_that_says_not_when_it_was_published_is_dated_when_it_comes() -> None:
    before = time.time_ns() // 1_000
    message = types.PubsubMessage(data=b"x", message_id="1")
    dated = types.PubsubMessage(data=b"x", message_id="2", publish_time=datetime(2026, 3, 1, 12, tzinfo=UTC))
    received = [types.ReceivedMessage(ack_id=f"a{n}", message=one) for n, one in enumerate((message, dated))]
    first, second = intake._deliveries(types.StreamingPullResponse(received_messages=received))
    assert before <= first.message.published_at <= time.time_ns() // 1_000
    assert second.message.published_at == 1_772_366_400_000_000
    held = backlog()
    held.add([first])
    assert held.watermark() == first.message.published_at, "it does not hold the watermark at the epoch"
