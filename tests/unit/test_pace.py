from __future__ import annotations

import time

from transforms.pace import Pace


def test_a_look_comes_no_sooner_than_it_should_and_no_later() -> None:
    pace, began = Pace(0.2), time.monotonic()
    pace.wait()
    assert time.monotonic() - began < 0.1, "the first is not waited for"
    pace.wait()
    assert 0.2 <= time.monotonic() - began < 0.35
    time.sleep(0.25)
    began = time.monotonic()
    pace.wait()
    assert time.monotonic() - began < 0.1, "the runner has kept the delay"
