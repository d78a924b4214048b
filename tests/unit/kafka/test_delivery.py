"""What is told of a message to whoever asked, before it arrived or after."""

from __future__ import annotations

import pytest

from transforms.notify.kafka import Delivery


@pytest.mark.parametrize("asked", [("before", "before"), ("after", "after"), ("before", "after"), ()])
def test_each_who_asked_is_called_once(asked: tuple[str, ...]) -> None:
    delivery, told = Delivery(), list[tuple[int, bool]]()
    for moment in ("before", "after"):
        for number, when in enumerate(asked):
            if when == moment:
                delivery.add_done_callback(lambda one, number=number: told.append((number, one.done())))
        if moment == "before":
            assert told == []
            delivery.settle(None, object())
    assert sorted(told) == [(number, True) for number in range(len(asked))]
    assert delivery.exception() is None
