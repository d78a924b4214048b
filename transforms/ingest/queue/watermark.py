"""The watermark of a queue, from what came of it and when. Knows nothing of Beam."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable


class Horizon:
    """Before which instant nothing is expected of a queue any more.

    Within ``settle_seconds`` it is taken to deliver in any order. Not safe for threads.
    """

    def __init__(
        self,
        settle_seconds: float = 10,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._settle = settle_seconds
        self._clock = clock
        self._wall = wall
        self._recent: deque[tuple[float, int]] = deque()
        self._quiet_since: float | None = None

    def came(self, oldest: int) -> None:
        """Messages came, the oldest published then (micros)."""
        self._quiet_since = self._clock()
        self.expect(oldest)

    def expect(self, oldest: int) -> None:
        """Messages of that time (micros) will come again: the watermark waits a while for them."""
        self._recent.append((self._clock(), oldest))

    def connected(self, connected: bool) -> None:
        """The silence of a connection that is broken says nothing."""
        self._quiet_since = self._clock() if connected else None

    def watermark(self, held: Iterable[int]) -> int | None:
        """Micros: no message published before this is expected any more; None while that cannot be said.

        ``held``: when messages were published that are here and not done with. While there are any, or some came within
        ``settle_seconds``, it is the oldest of them: a backlog comes roughly in the order of publishing. On a quiet
        queue it follows the clock at that distance.
        """
        horizon = self._clock() - self._settle
        while self._recent and self._recent[0][0] < horizon:
            self._recent.popleft()
        candidates = [published for _, published in self._recent]
        candidates.extend(held)
        if candidates:
            return min(candidates)
        if self._quiet_since is not None and self._quiet_since <= horizon:
            return int((self._wall() - self._settle) * 1_000_000)
        return None
