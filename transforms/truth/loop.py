"""The event loop of a process, on which all of its calls to Bigtable run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from transforms.per_process import PerProcess

T = TypeVar("T")


def _started(_: None) -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()

    threading.Thread(target=run, name="truth-loop", daemon=True).start()
    return loop


_LOOP: PerProcess[None, asyncio.AbstractEventLoop] = PerProcess(_started)


def event_loop() -> asyncio.AbstractEventLoop:
    """The loop on which all calls of this process run; started at first use, and again after a fork."""
    return _LOOP.acquire(None)


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Runs work on the process's loop and waits for its result; not to be called on the loop itself."""
    return asyncio.run_coroutine_threadsafe(work, event_loop()).result()
