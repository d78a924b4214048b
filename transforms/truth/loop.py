"""The event loop of a process, on which all of its calls to Bigtable run."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Loop(threading.Thread):
    """The event loop of this process, in a thread of its own."""

    def __init__(self) -> None:
        super().__init__(name="truth-loop", daemon=True)
        self.loop = asyncio.new_event_loop()
        self.pid = os.getpid()

    def run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


_loop: _Loop | None = None
_loop_lock = threading.Lock()


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop on which all calls of this process run; started at first use, and again after a fork."""
    global _loop
    with _loop_lock:
        if _loop is None or _loop.pid != os.getpid():
            _loop = _Loop()
            _loop.start()
        return _loop.loop


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Runs work on the process's loop and waits for its result; not to be called on the loop itself."""
    return asyncio.run_coroutine_threadsafe(work, event_loop()).result()
