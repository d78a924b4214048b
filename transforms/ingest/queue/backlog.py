"""What one process holds of a queue that leases its messages: those waiting to be read, those being worked on, and
their time. For Pub/Sub and SQS.

Knows nothing of clients or Beam. A message is *held* from its delivery until its lease is settled (committed and
acknowledged) or abandoned (given back). All methods may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from transforms.ingest.queue.message import Message
from transforms.ingest.queue.watermark import Horizon


class Delivery:
    """A message and what acknowledges it, which is its last delivery's: an ack id, or a receipt handle."""

    __slots__ = ("ack_id", "identity", "message")

    def __init__(self, ack_id: str, message: Message) -> None:
        self.ack_id = ack_id
        self.message = message
        # Of a message without an id, nobody can tell that it came again.
        self.identity = message.message_id or ack_id


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

    @property
    def messages(self) -> list[Message]:
        return [delivery.message for delivery in self.deliveries]


class Backlog:
    """The messages that this process holds, bounded, each once.

    ``max_messages`` and ``max_bytes`` bound what is held, waiting or taken. A lease older than ``max_hold_seconds``
    (its bundle was lost, or the runner never finalised it) is forgotten: its messages come again. Within
    ``settle_seconds`` the service is taken to deliver in any order. The ids of the last ``remembered`` messages that
    were settled are kept, so that a delivery of what was committed already is known for what it is.
    """

    def __init__(
        self,
        max_messages: int,
        max_bytes: int,
        max_hold_seconds: float = 3_600,
        settle_seconds: float = 10,
        remembered: int = 50_000,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._max_hold = max_hold_seconds
        self._clock = clock
        self._horizon = Horizon(settle_seconds, clock, wall)
        self._changed = threading.Condition()
        self._waiting: deque[Delivery] = deque()
        self._leases: set[Lease] = set()
        self._held: dict[str, Delivery] = {}
        self._bytes = 0
        self._done: set[str] = set()
        self._done_in_order: deque[str] = deque()
        self._remembered = remembered
        self._redelivered = 0
        self._streams = 0
        self._closed = False

    def connected(self, streams: int) -> None:
        """One stream more (1) or less (-1) brings deliveries: the silence of a broken stream says nothing."""
        with self._changed:
            self._streams += streams
            self._horizon.connected(self._streams > 0)

    def add(self, deliveries: list[Delivery]) -> list[str]:
        """Takes in what the service has delivered, even beyond the bounds: it is here already.

        A message that is held keeps its place. Returns the ack ids of messages that were settled before: the service
        has not heard, or not in time, that they are done with.
        """
        if not deliveries:
            return []
        with self._changed:
            settled = []
            for delivery in deliveries:
                identity = delivery.identity
                if identity in self._done:
                    settled.append(delivery.ack_id)
                    self._redelivered += 1
                elif held := self._held.get(identity):
                    held.ack_id = delivery.ack_id
                    self._redelivered += 1
                else:
                    self._held[identity] = delivery
                    self._waiting.append(delivery)
                    self._bytes += _size(delivery)
            self._horizon.came(min(delivery.message.published_at for delivery in deliveries))
            self._changed.notify_all()
            return settled

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
        """What came of the messages of a lease is committed."""
        with self._changed:
            if not self._drop(lease):
                return
            for delivery in lease.deliveries:
                self._done.add(delivery.identity)
                self._done_in_order.append(delivery.identity)
            while len(self._done_in_order) > self._remembered:
                self._done.discard(self._done_in_order.popleft())

    def abandon(self, lease: Lease) -> None:
        """The messages of a lease go back to the service and will come again: the watermark waits a while for them."""
        with self._changed:
            if self._drop(lease):
                self._horizon.expect(lease.oldest)

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
            return [delivery.ack_id for delivery in self._held.values()]

    def held(self) -> int:
        """Messages that are here, waiting or taken."""
        with self._changed:
            return len(self._held)

    def redelivered(self) -> int:
        """Deliveries of messages that were here already, since this was last asked."""
        with self._changed:
            count, self._redelivered = self._redelivered, 0
            return count

    def watermark(self) -> int | None:
        """Micros: no message published before this is expected any more; None while that cannot be said."""
        with self._changed:
            held = [delivery.message.published_at for delivery in self._waiting]
            held.extend(lease.oldest for lease in self._leases)
            return self._horizon.watermark(held)

    def _has_room(self) -> bool:
        return len(self._held) < self._max_messages and self._bytes < self._max_bytes

    def _drop(self, lease: Lease) -> bool:
        if lease not in self._leases:
            return False
        self._leases.remove(lease)
        for delivery in lease.deliveries:
            del self._held[delivery.identity]
        self._bytes -= lease.size
        self._changed.notify_all()
        return True


def _size(delivery: Delivery) -> int:
    return len(delivery.message.data)
