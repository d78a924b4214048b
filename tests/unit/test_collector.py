"""The collector runs seldom, and runs. Each look at it is in a process of its own, where nobody else makes objects."""

from __future__ import annotations

import gc
import multiprocessing
import weakref
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from transforms.collector import collect_seldom

T = TypeVar("T")


def alone(look: Callable[[], T]) -> T:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(look).result()


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.itself = self


def made_until_freed() -> int:
    """How many rings are made before the first of them is freed."""
    gc.collect()
    first = weakref.ref(Ring())
    for made in range(1_000_000):
        Ring()
        if first() is None:
            return made
    raise AssertionError("cycles are never freed")


def before_and_after() -> tuple[int, int, bool]:
    before = made_until_freed()
    collect_seldom()
    return before, made_until_freed(), gc.isenabled()


def test_cycles_are_freed_less_often_but_they_are() -> None:
    before, after, enabled = alone(before_and_after)
    assert 10 * before < after < 100_000
    assert enabled


def looked_at_after_two_calls() -> tuple[bool, bool]:
    """Whether the collector still looks at what was there at the first call, and at what came before the second."""
    early = Ring()
    collect_seldom()
    late = Ring()
    collect_seldom()
    looked_at = {id(found) for found in gc.get_objects()}
    return id(early) in looked_at, id(late) in looked_at


def test_what_there_is_is_left_alone_once() -> None:
    assert alone(looked_at_after_two_calls) == (False, True)
