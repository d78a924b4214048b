"""What one process holds of a subscription: messages waiting to be read, messages being worked on, and their time.

Knows nothing of gRPC or Beam. A message is *held* from its delivery until its lease is settled (acknowledged) or
abandoned (given back). All methods may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from transforms.ingest.pubsub.message import Message


class Delivery(NamedTuple):
    """A message and the id that acknowledges this delivery of it."""

    ack_id: str
    message: Message


class Lease:
    """Messages taken together by one bundle."""

    __slots__ = ("deliveries", "oldest", "size", "taken_at")

    def __init__(self, deliveries: list[Delivery], taken_at: float) -> None:
        self.deliveries = deliveries
        self.taken_at = taken_at
        self.size = sum(_size(delivery) for delivery in deliveries)
        self.oldest = min((delivery.message.published_at for delivery in deliveries), default=0)

    def __len__(self) -> int:
        return len(self.deliveries)

    @property
    def ack_ids(self) -> list[str]:
        return [delivery.ack_id for delivery in self.deliveries]


class Backlog:
    """The messages that this process holds, bounded.

    ``max_messages`` and ``max_bytes`` bound what is held, waiting or taken. A lease older than ``max_hold_seconds``
    (its bundle was lost, or the runner never finalised it) is forgotten: its messages come again. Within
    ``settle_seconds`` the service is taken to deliver in any order.
    """

    def __init__(
        self,
        max_messages: int,
        max_bytes: int,
        max_hold_seconds: float = 3_600,
        settle_seconds: float = 10,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._max_hold = max_hold_seconds
        self._settle = settle_seconds
        self._clock = clock
        self._wall = wall
        self._changed = threading.Condition()
        self._waiting: deque[Delivery] = deque()
        self._leases: set[Lease] = set()
        self._bytes = 0
        self._messages = 0
        self._recent: deque[tuple[float, int]] = deque()
        self._streams = 0
        self._quiet_since: float | None = None
        self._closed = False

    def connected(self, streams: int) -> None:
        """One stream more (1) or less (-1) brings deliveries: the silence of a broken stream says nothing."""
        with self._changed:
            self._streams += streams
            self._quiet_since = self._clock() if self._streams else None

    def add(self, deliveries: list[Delivery]) -> None:
        """Takes in what the service has delivered, even beyond the bounds: it is here already."""
        if not deliveries:
            return
        with self._changed:
            self._waiting.extend(deliveries)
            self._messages += len(deliveries)
            self._bytes += sum(_size(delivery) for delivery in deliveries)
            self._quiet_since = self._clock()
            self._remember(min(delivery.message.published_at for delivery in deliveries))
            self._changed.notify_all()

    def take(self, max_messages: int, max_bytes: int, timeout: float) -> Lease:
        """The next messages, at least one however large; empty when none comes within ``timeout`` seconds, or it is
        closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout)
            taken: list[Delivery] = []
            size = 0
            while self._waiting and len(taken) < max_messages and not self._closed:
                size += _size(self._waiting[0])
                if taken and size > max_bytes:
                    break
                taken.append(self._waiting.popleft())
            lease = Lease(taken, self._clock())
            if taken:
                self._leases.add(lease)
            return lease

    def settle(self, lease: Lease) -> None:
        """The messages of a lease are done with."""
        with self._changed:
            self._drop(lease)

    def abandon(self, lease: Lease) -> None:
        """The messages of a lease go back to the service and will come again: the watermark waits a while for them."""
        with self._changed:
            if self._drop(lease):
                self._remember(lease.oldest)

    def close(self) -> None:
        """Ends all waiting, for messages and for room. What is held stays so."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_for_room(self, timeout: float) -> bool:
        """Whether more may be read from the service, waiting for it up to ``timeout`` seconds."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: self._closed or self._has_room(), timeout))

    def ack_ids(self) -> list[str]:
        """Of every message held: these want their deadline moved. Leases held for too long are forgotten here."""
        with self._changed:
            oldest = self._clock() - self._max_hold
            for lease in [lease for lease in self._leases if lease.taken_at < oldest]:
                self._drop(lease)
            return [delivery.ack_id for delivery in self._held()]

    def watermark(self) -> int | None:
        """Micros: no message published before this is expected any more; None while that cannot be said.

        While messages are held, or came within ``settle_seconds``, it is the oldest of them: a backlog is delivered
        roughly in the order of publishing. On a quiet subscription it follows the clock at that distance.
        """
        with self._changed:
            horizon = self._clock() - self._settle
            while self._recent and self._recent[0][0] < horizon:
                self._recent.popleft()
            candidates = [published for _, published in self._recent]
            candidates.extend(delivery.message.published_at for delivery in self._waiting)
            candidates.extend(lease.oldest for lease in self._leases)
            if candidates:
                return min(candidates)
            if self._quiet_since is not None and self._quiet_since <= horizon:
                return int((self._wall() - self._settle) * 1_000_000)
            return None

    def _has_room(self) -> bool:
        return self._messages < self._max_messages and self._bytes < self._max_bytes

    def _held(self) -> Iterator[Delivery]:
        yield from self._waiting
        for lease in self._leases:
            yield from lease.deliveries

    def _drop(self, lease: Lease) -> bool:
        if lease not in self._leases:
            return False
        self._leases.remove(lease)
        self._messages -= len(lease)
        self._bytes -= lease.size
        self._changed.notify_all()
        return True

    def _remember(self, published: int) -> None:
        self._recent.append((self._clock(), published))


def _size(delivery: Delivery) -> int:
    return len(delivery.message.data)
