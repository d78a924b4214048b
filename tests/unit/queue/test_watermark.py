"""Before which instant nothing is expected of a queue."""

from __future__ import annotations

from transforms.ingest.queue.watermark import Horizon

SECOND = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_held_and_what_came_lately_hold_it_back_and_a_quiet_queue_follows_the_clock() -> None:
    clock = Clock()
    horizon = Horizon(10, clock, clock)
    assert horizon.watermark([]) is None, "nothing is known of a queue that was not heard of"
    horizon.came(900 * SECOND)
    assert horizon.watermark([]) == 900 * SECOND
    assert horizon.watermark([800 * SECOND]) == 800 * SECOND
    clock.now += 11
    assert horizon.watermark([]) == 1_001 * SECOND
    assert horizon.watermark([800 * SECOND]) == 800 * SECOND
    horizon.expect(700 * SECOND)
    assert horizon.watermark([]) == 700 * SECOND
    horizon.connected(False)
    clock.now += 11
    assert horizon.watermark([]) is None, "the silence of a broken connection says nothing"
