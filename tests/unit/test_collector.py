"""The collector runs seldom, and runs."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from transforms.collector import collect_seldom


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """As Python sets it, whatever jobs ran before in this process."""
    threshold = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.itself = self


def _made_until_freed() -> int:
    """How many rings are made before the first of them is freed."""
    gc.collect()
    first = weakref.ref(Ring())
    for made in range(1_000_000):
        Ring()
        if first() is None:
            return made
    raise AssertionError("cycles are never freed")


def test_cycles_are_freed_less_often_but_they_are() -> None:
    before = _made_until_freed()
    collect_seldom.__wrapped__()
    assert 10 * before < _made_until_freed() < 100_000
    assert gc.isenabled()


def test_what_there_is_is_left_alone_once() -> None:
    collect_seldom.cache_clear()
    collect_seldom()
    frozen = gc.get_freeze_count()
    assert frozen > 0
    kept = [Ring() for _ in range(100)]
    collect_seldom()
    assert gc.get_freeze_count() == frozen, kept
