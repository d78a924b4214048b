"""The pace of a splittable DoFn that looks for something again and again."""

from __future__ import annotations

import time


class Pace:
    """Waits, where a look would come too soon after the one before.

    A DoFn asks its runner for a delay. Flink's portable runner (2.70) does not keep to it, and resumes at once.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = float("-inf")

    def wait(self) -> None:
        """Returns at once, unless the last return was less than ``seconds`` ago."""
        left = self._last + self._seconds - time.monotonic()
        if left > 0:
            time.sleep(left)
        self._last = time.monotonic()
