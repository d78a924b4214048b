"""Messages that are done with: deleted in the background, ten a request."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from transforms.ingest.sqs.calls import Calls, Pause

_LOG = logging.getLogger(__name__)

_AT_ONCE = 10
_THREADS = 2


class Deletions:
    """Receipt handles of messages that are done with. What cannot be deleted within ``patience_seconds`` is shown to
    readers again by then, and is deleted when it comes. Safe for threads."""

    def __init__(self, calls: Calls, patience_seconds: float) -> None:
        self._calls = calls
        self._patience = patience_seconds
        self._changed = threading.Condition()
        self._waiting: deque[tuple[float, str]] = deque()
        self._under_way = 0
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"sqs-delete-{number}", daemon=True) for number in range(_THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, handles: Sequence[str]) -> None:
        """These are done with now."""
        deadline = time.monotonic() + self._patience
        with self._changed:
            self._waiting.extend((deadline, handle) for handle in handles)
            self._changed.notify_all()

    def close(self, seconds: float) -> None:
        """Deletes what is left, waiting for that so long, and ends the threads."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._under_way, seconds)
            self._closed.set()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(5.0)

    def _run(self) -> None:
        pause = Pause(self._closed)
        while some := self._next():
            left = set(self._calls.delete([handle for _, handle in some]))
            again = [one for one in some if one[1] in left]
            kept = [one for one in again if one[0] > time.monotonic()]
            if len(kept) < len(again):
                _LOG.warning("%d messages that are done with will be delivered again", len(again) - len(kept))
            with self._changed:
                self._under_way -= len(some)
                self._waiting.extendleft(reversed(kept))
                self._changed.notify_all()
            pause.after(answered=not again)

    def _next(self) -> list[tuple[float, str]]:
        """What a request takes, as soon as there is something; empty when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed.is_set())
            if self._closed.is_set():
                return []
            some = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            self._under_way += len(some)
            return some
