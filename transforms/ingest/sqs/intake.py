"""A process's hold of a queue: messages received in the background, kept from others while they are worked on, deleted
when they are done with.

One intake serves all DoFn instances of a process that read the same queue.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref

from transforms.ingest.queue.backlog import Backlog, Delivery, Lease
from transforms.ingest.sqs.calls import Calls, Pause
from transforms.ingest.sqs.deletion import Deletions
from transforms.ingest.sqs.messages import message_of
from transforms.ingest.sqs.settings import QueueSource
from transforms.per_process import PerProcess
from transforms.sqs.errors import SqsError

_LOG = logging.getLogger(__name__)

_MANY = 5
"""Messages of one answer from which on there are taken to be more: then further requests are made at the same time."""
_LOOK_SECONDS = 10.0
_DELETING_SECONDS = 10.0
"""How long closing waits for deletions."""


class Intake:
    """Messages of one queue, for this process. Its threads start with it and end with ``close``."""

    def __init__(self, source: QueueSource) -> None:
        self._source = source
        self._stop = threading.Event()
        self._calls = Calls(source, self._stop, self._fail)
        self._backlog = Backlog(source.max_messages, source.max_bytes, source.max_hold_seconds, source.settle_seconds)
        self._deletions = Deletions(self._calls, source.lease_seconds)
        self._many = threading.Event()
        self._failure: SqsError | None = None
        self._closing = threading.Lock()
        self._closed = False
        self._waiting = 0
        self._average = 1.0
        _open.add(self)
        self._threads = [
            threading.Thread(target=self._receive, args=(number,), name=f"sqs-receive-{number}", daemon=True)
            for number in range(source.streams)
        ]
        self._threads += [
            threading.Thread(target=target, name=f"sqs-{target.__name__.strip('_')}", daemon=True)
            for target in (self._extend, self._look)
        ]
        for thread in self._threads:
            thread.start()

    def take(self, max_messages: int, max_bytes: int, timeout: float) -> Lease:
        """The next messages; empty when none comes within ``timeout`` seconds, or after ``close``.

        Raises SqsError when the queue cannot be read.
        """
        lease = self._backlog.take(max_messages, max_bytes, timeout)
        if not lease and self._failure:
            raise self._failure
        return lease

    def acknowledge(self, lease: Lease) -> None:
        """What came of the messages is committed: they are deleted, soon."""
        if self._closed:
            return
        self._backlog.settle(lease)
        self._deletions.add(lease.ack_ids)

    def give_back(self, lease: Lease) -> None:
        """Shows the messages of a lease to every reader again, at once."""
        self._backlog.abandon(lease)
        self._calls.hide(lease.ack_ids, 0)

    def watermark(self) -> int | None:
        """Micros: no message sent before this is expected; None while that cannot be said."""
        return self._backlog.watermark()

    def redelivered(self) -> int:
        """Deliveries that were dropped as repeated, since this was last asked."""
        return self._backlog.redelivered()

    def outages(self) -> int:
        """Requests that got no answer, since this was last asked."""
        return self._calls.outages()

    def backlog(self) -> int:
        """Bytes, about, of the messages that nobody holds."""
        return int(self._waiting * self._average)

    def close(self) -> None:
        """Stops reading, gives back all that is not done with, and deletes the rest."""
        with self._closing:
            if self._closed:
                return
            self._stop.set()
            self._backlog.close()
            self._many.set()
            deadline = time.monotonic() + self._source.wait_seconds + 5.0
            for thread in self._threads:
                thread.join(max(deadline - time.monotonic(), 0.0))
            self._calls.hide(self._backlog.ack_ids(), 0)
            self._deletions.close(_DELETING_SECONDS)
            self._closed = True
            self._calls.close()

    def _receive(self, number: int) -> None:
        """One request after the other; all but the first thread wait while few messages come."""
        pause, connected = Pause(self._stop), False
        while not self._stop.is_set() and not self._failure:
            if number and not self._many.wait(1.0) or not self._backlog.wait_for_room(1.0) or self._stop.is_set():
                continue
            received = self._calls.receive()
            if connected != (received is not None):
                connected = received is not None
                self._backlog.connected(1 if connected else -1)
            if received is not None:
                (self._many.set if len(received) >= _MANY else self._many.clear)()
                self._add([Delivery(raw["ReceiptHandle"], message_of(raw)) for raw in received])
            pause.after(answered=received is not None)
        if connected:
            self._backlog.connected(-1)

    def _add(self, deliveries: list[Delivery]) -> None:
        if deliveries:
            size = sum(len(delivery.message.data) for delivery in deliveries)
            self._average += (size / len(deliveries) - self._average) * 0.1
        if done := self._backlog.add(deliveries):
            self._deletions.add(done)

    def _extend(self) -> None:
        """Hides all that is held for longer, three times before it would be shown again."""
        interval = self._source.lease_seconds / 3
        while not self._stop.wait(interval):
            started = time.monotonic()
            self._calls.hide(self._backlog.ack_ids(), self._source.lease_seconds)
            if time.monotonic() - started > interval:
                _LOG.warning("Extending leases takes longer than a third of a lease: hold fewer messages")

    def _look(self) -> None:
        """Asks how much there is to read, for runners that add workers by it."""
        while True:
            waiting = self._calls.waiting()
            if waiting is not None:
                self._waiting = waiting
            if self._stop.wait(_LOOK_SECONDS):
                return

    def _fail(self, error: SqsError) -> None:
        self._failure = self._failure or error
        self._backlog.close()


_open: weakref.WeakSet[Intake] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A cancelled job leaves its workers no time for teardown before the process ends."""
    for intake in list(_open):
        intake.close()


INTAKES: PerProcess[QueueSource, Intake] = PerProcess(Intake)
