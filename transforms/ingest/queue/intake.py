"""What a process holds of a queue, any queue's: threads that read it in the background, until it is closed.

One intake serves all DoFn instances of a process that read the same queue: each source keeps its own in a
``PerProcess``, by the settings it is read with.
"""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping


class BackgroundIntake(ABC):
    """The base of the intakes. ``name``: what its threads' names begin with."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    @abstractmethod
    def close(self) -> None:
        """Reads no more, and gives back all that is held. May be called again, and by any thread."""

    def _start(self, threads: Mapping[str, Callable[[], None]]) -> None:
        """Runs each in a thread of that name. From now on the end of the process closes the intake too."""
        _open.add(self)
        self._threads = [
            threading.Thread(target=target, name=f"{self._name}-{name}", daemon=True)
            for name, target in threads.items()
        ]
        for thread in self._threads:
            thread.start()

    def _join(self, seconds: float) -> None:
        """Waits that long for the threads to end, all together."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(deadline - time.monotonic(), 0.0))


_open: weakref.WeakSet[BackgroundIntake] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A cancelled job leaves its workers no time for teardown before the process ends."""
    for intake in list(_open):
        intake.close()
