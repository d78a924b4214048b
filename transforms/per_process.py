"""What the workers' threads of one process share: connections, pools, loops. Made once, closed by whoever is last."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class PerProcess(Generic[K, V]):
    """One object for each key, for all threads of a process. A process that was forked makes its own.

    Each ``acquire`` may be followed by one ``release``; without any, the object lives as long as the process.
    """

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._shared: dict[tuple[int, K], tuple[V, int]] = {}

    def acquire(self, key: K) -> V:
        """The object of a key; the first to ask makes it, the others wait meanwhile."""
        place = os.getpid(), key
        with self._lock:
            found = self._shared.get(place)
            shared, users = found if found is not None else (self._make(key), 0)
            self._shared[place] = shared, users + 1
            return shared

    def peek(self, key: K) -> V | None:
        """The object of a key where there is one; no use of it."""
        with self._lock:
            found = self._shared.get((os.getpid(), key))
            return found[0] if found else None

    def release(self, key: K) -> V | None:
        """Ends one use. Gives the object to its last user, who closes it; None to the others."""
        place = os.getpid(), key
        with self._lock:
            shared, users = self._shared.pop(place)
            if users == 1:
                return shared
            self._shared[place] = shared, users - 1
            return None
