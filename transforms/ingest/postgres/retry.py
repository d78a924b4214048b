"""How often a lost connection is tried again."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

from transforms.ingest.postgres.errors import PostgresError
from transforms.language import say

_LOGGER = logging.getLogger(__name__)


class Retry:
    """Counts failures in a row; rows that arrive between them end the row. Waits are full-jitter exponential.

    The defaults span about two minutes on average, which a restart or a failover takes.
    """

    def __init__(
        self,
        attempts: int = 12,
        first_seconds: float = 0.25,
        longest_seconds: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._attempts = attempts
        self._first = first_seconds
        self._longest = longest_seconds
        self._sleep = sleep
        self._failed = 0

    def progress(self) -> None:
        self._failed = 0

    def wait(self, error: Exception, what: str, at_most: int | None = None) -> None:
        """Sleeps before the next attempt. Raises PostgresError when there were enough (``at_most``, if fewer)."""
        self._failed += 1
        attempts = self._attempts if at_most is None else min(at_most, self._attempts)
        if self._failed > attempts:
            raise PostgresError(
                say(
                    "{what}: gave up after {attempts} attempts without a row. {error}",
                    what=what,
                    attempts=attempts,
                    error=error,
                )
            ) from error
        longest = min(self._longest, self._first * 2 ** (self._failed - 1))
        _LOGGER.warning("%s: %s Trying again.", what, str(error).strip())
        self._sleep(random.uniform(0, longest))
