"""A process's hold of a queue: messages received in the background, kept from others while they are worked on, deleted
when they are done with."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from transforms.ingest.queue.backlog import Backlog, Delivery, Lease
from transforms.ingest.queue.leasing import LeasingIntake
from transforms.ingest.sqs.calls import Calls, Pause
from transforms.ingest.sqs.deletion import Deletions
from transforms.ingest.sqs.messages import message_of
from transforms.ingest.sqs.settings import QueueSource
from transforms.per_process import PerProcess

_MANY = 5
"""Messages of one answer from which on there are taken to be more: then further requests are made at the same time."""
_LOOK_SECONDS = 10.0
_DELETING_SECONDS = 10.0
"""How long closing waits for deletions."""


class Intake(LeasingIntake):
    """Messages of one queue, for this process. Its threads start with it and end with ``close``."""

    def __init__(self, source: QueueSource) -> None:
        held = Backlog(source.max_messages, source.max_bytes, source.max_hold_seconds, source.settle_seconds)
        super().__init__("sqs", held, source.lease_seconds)
        self._source = source
        self._calls = Calls(source, self._stop, self._fail)
        self._deletions = Deletions(self._calls, source.lease_seconds)
        self._many = threading.Event()
        self._waiting = 0
        self._average = 1.0
        receiving = {f"receive-{number}": partial(self._receive, number) for number in range(source.streams)}
        self._start({**receiving, "look": self._look})

    def acknowledge(self, lease: Lease) -> None:
        """What came of the messages is committed: they are deleted, soon."""
        if self._closed:
            return
        self._backlog.settle(lease)
        self._deletions.add(lease.ack_ids)

    def outages(self) -> int:
        """Requests that got no answer, since this was last asked."""
        return self._calls.outages()

    def backlog(self) -> int:
        """Bytes, about, of the messages that nobody holds."""
        return int(self._waiting * self._average)

    def _set_leases(self, ack_ids: Sequence[str], seconds: int) -> None:
        self._calls.hide(ack_ids, seconds)

    def _end_receiving(self) -> None:
        self._many.set()
        self._join(self._source.wait_seconds + 5.0)

    def _disconnect(self) -> None:
        self._deletions.close(_DELETING_SECONDS)
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

    def _look(self) -> None:
        """Asks how much there is to read, for runners that add workers by it."""
        while True:
            waiting = self._calls.waiting()
            if waiting is not None:
                self._waiting = waiting
            if self._stop.wait(_LOOK_SECONDS):
                return


INTAKES: PerProcess[QueueSource, Intake] = PerProcess(Intake)
