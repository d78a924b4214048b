"""The intake of a queue that leases its messages and has no positions: Pub/Sub, SQS.

A source says how messages are received, how long their leases last, and how it is told that they are done with.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence

from transforms.errors import AcervoError
from transforms.ingest.queue.backlog import Backlog, Lease
from transforms.ingest.queue.intake import BackgroundIntake

_LOG = logging.getLogger(__name__)


class LeasingIntake(BackgroundIntake):
    """Messages of one queue, for this process, kept from others while they are here.

    Its threads receive into ``backlog``; one moves the leases on, each for ``lease_seconds``. Any thread may call it.
    """

    def __init__(self, name: str, backlog: Backlog, lease_seconds: int) -> None:
        super().__init__(name)
        self._backlog = backlog
        self._lease_seconds = lease_seconds
        self._failure: AcervoError | None = None
        self._closing = threading.Lock()
        self._closed = False

    def take(self, max_messages: int, max_bytes: int, timeout: float) -> Lease:
        """The next messages; empty when none comes within ``timeout`` seconds, or after ``close``.

        Raises the AcervoError of a queue that cannot be read.
        """
        lease = self._backlog.take(max_messages, max_bytes, timeout)
        if not lease and self._failure:
            raise self._failure
        return lease

    @abstractmethod
    def acknowledge(self, lease: Lease) -> None:
        """What came of the messages of a lease is committed: the queue is told."""

    def give_back(self, lease: Lease) -> None:
        """Returns the messages of a lease to the queue, which gives them out again at once, to anyone."""
        self._backlog.abandon(lease)
        self._set_leases(lease.ack_ids, 0)

    def watermark(self) -> int | None:
        """Micros: no message published before this is expected; None while that cannot be said."""
        return self._backlog.watermark()

    def redelivered(self) -> int:
        """Deliveries that were dropped as repeated, since this was last asked."""
        return self._backlog.redelivered()

    def held(self) -> int:
        """Messages that are here, waiting or being worked on."""
        return self._backlog.held()

    def close(self) -> None:
        """Stops reading, and then gives back all that is held: what is given back while this side still receives comes
        here again."""
        with self._closing:
            if self._closed:
                return
            self._stop.set()
            self._backlog.close()
            self._end_receiving()
            self._set_leases(self._backlog.ack_ids(), 0)
            self._disconnect()
            self._closed = True

    @abstractmethod
    def _set_leases(self, ack_ids: Sequence[str], seconds: int) -> None:
        """Keeps messages from others for so long from now on; for 0 seconds, shows them at once."""

    @abstractmethod
    def _end_receiving(self) -> None:
        """Waits until the threads have ended; they were told."""

    @abstractmethod
    def _disconnect(self) -> None:
        """Nothing more is asked of the queue."""

    def _start(self, threads: Mapping[str, Callable[[], None]]) -> None:
        super()._start({**threads, "extend": self._extend})

    def _extend(self) -> None:
        """Moves the leases of all that is held on, three times before they would end."""
        interval = self._lease_seconds / 3
        while not self._stop.wait(interval):
            started = time.monotonic()
            self._set_leases(self._backlog.ack_ids(), self._lease_seconds)
            if time.monotonic() - started > interval:
                _LOG.warning("Extending leases takes longer than a third of a lease: hold fewer messages")

    def _fail(self, error: AcervoError) -> None:
        """The queue cannot be read: whoever takes messages is told, once there are none."""
        self._failure = self._failure or error
        self._backlog.close()
