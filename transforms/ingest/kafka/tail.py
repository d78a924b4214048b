"""What a process holds of one partition: messages that came and were not asked for yet. Knows nothing of Kafka's
client.

Not safe for threads: the intake has the lock.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from transforms.ingest.queue.message import Message
from transforms.ingest.queue.watermark import Horizon

_BESIDE_SECONDS = 0.005, 0.05
"""How long a partition is waited for while another has messages: at first, and at most. Each time nothing comes the
next is twice as long: where every reader has a thread, the other's messages wait for their own."""


class Lease:
    """Messages taken together by one bundle: those of offsets from ``start`` on, before ``end``. Offsets between that
    no message has were removed (compaction), or are marks of transactions."""

    __slots__ = ("end", "messages", "partition", "start")

    def __init__(self, partition: int, start: int, end: int, messages: list[Message]) -> None:
        self.partition = partition
        self.start = start
        self.end = end
        self.messages = messages

    def __len__(self) -> int:
        return len(self.messages)


class Tail:
    """A partition from an offset on. ``start`` is what is taken next, ``end`` what is fetched next."""

    def __init__(self, partition: int, start: int, settle_seconds: float, clock: Callable[[], float] = time.monotonic):
        self.partition = partition
        self.start = start
        self.end = start
        self.size = 0
        self.paused = False
        self.asked_at = clock()
        self.beside_seconds = _BESIDE_SECONDS[0]
        self.high = start
        self.horizon = Horizon(settle_seconds, clock)
        self._waiting: deque[tuple[int, Message]] = deque()
        self._average = 1.0

    @property
    def waiting(self) -> int:
        """Messages that were not taken yet."""
        return len(self._waiting)

    def add(self, batch: list[tuple[int, Message]]) -> None:
        """The next messages, by offset. What is before the place is not wanted: it was fetched before the place was
        changed."""
        new = [one for one in batch if one[0] >= self.end]
        if not new:
            return
        self._waiting.extend(new)
        self.end = new[-1][0] + 1
        self.high = max(self.high, self.end)
        size = sum(len(message.data) for _, message in new)
        self.size += size
        self._average += (size / len(new) - self._average) * 0.1
        self.horizon.came(min(message.published_at for _, message in new))

    def at_end(self, offset: int) -> None:
        """There is nothing before this offset that did not come."""
        self.end = max(self.end, offset)
        self.high = max(self.high, offset)

    def stood_back(self) -> None:
        """Nothing came while another partition had messages."""
        self.beside_seconds = min(2 * self.beside_seconds, _BESIDE_SECONDS[1])

    def take(self, max_messages: int, max_bytes: int) -> Lease:
        """The next messages, at least one however large where there is one."""
        messages: list[Message] = []
        start, size = self.start, 0
        while self._waiting and len(messages) < max_messages:
            offset, message = self._waiting[0]
            size += len(message.data)
            if messages and size > max_bytes:
                break
            self._waiting.popleft()
            self.size -= len(message.data)
            messages.append(message)
            self.start = offset + 1
        if messages:
            self.beside_seconds = _BESIDE_SECONDS[0]
        if not self._waiting:
            self.start = self.end
        return Lease(self.partition, start, self.start, messages)

    def watermark(self) -> int | None:
        return self.horizon.watermark([self._waiting[0][1].published_at] if self._waiting else [])

    def backlog(self, start: int) -> int:
        """About how many bytes there are from an offset to the end of the partition."""
        return int(max(self.high - start, 0) * max(self._average, 1.0))
