"""Seeded chance that gives the same draws on every machine and Python version.

Only ``random()`` and ``getrandbits()`` of the Mersenne Twister are used: ``choice``, ``randrange`` and ``sample``
have changed between Python versions, these two are kept stable.
"""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


class Rng(random.Random):
    """A seeded source of draws; seed it with text, so that parts of one seed are independent."""

    def below(self, n: int) -> int:
        """An integer from 0 to n - 1."""
        return int(self.random() * n)

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, p: float) -> bool:
        """True with probability p."""
        return self.random() < p

    def pick(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[int(self.random() * len(values))]

    def digits(self, n: int) -> str:
        """Decimal text of exactly n digits, n up to 15."""
        return f"{int(self.random() * 10**n):0{n}d}"

    def octets(self, n: int) -> bytes:
        """n random bytes."""
        return self.getrandbits(8 * n).to_bytes(n, "little")

    def base64(self, n: int) -> str:
        """Base64 text of n random bytes."""
        return b64encode(self.octets(n)).decode("ascii")


class Weighted:
    """A draw among names by weight: ``Weighted({"a": 3, "b": 1}).draw(rng)``."""

    def __init__(self, weights: dict[str, float]) -> None:
        chosen = {name: weight for name, weight in weights.items() if weight > 0}
        if not chosen:
            raise ValueError("at least one weight must be above zero")
        self.names = tuple(chosen)
        total = sum(chosen.values())
        self._bounds = tuple(bound / total for bound in accumulate(chosen.values()))

    def draw(self, rng: Rng) -> str:
        """One name."""
        at = rng.random()
        for name, bound in zip(self.names, self._bounds, strict=True):
            if at < bound:
                return name
        return self.names[-1]
