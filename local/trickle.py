"""Generated documents, published to a topic at a steady rate by a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from local.generate import Generated, documents, leaves
from local.queues import Queue
from pipelines.publish import Pace, Tally
from transforms.notify.messages import Outgoing

BROKEN, DUPLICATES = 0.03, 0.08


class Trickle:
    """Publishes from the start of a ``with`` block until ``stop``, or its end. ``rate``: messages a second."""

    def __init__(self, queue: Queue, seed: int, rate: float) -> None:
        self._queue = queue
        self._seed = seed
        self._rate = rate
        self._tally = Tally()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trickle", daemon=True)

    @property
    def published(self) -> int:
        """Messages that the service has."""
        return self._tally.published

    def __enter__(self) -> Trickle:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Publishes no more, and waits until what was sent is published. Safe to call again."""
        self._stop.set()
        self._thread.join(10.0)

    def check(self) -> None:
        """Raises AcervoError when a message was not published."""
        if self._tally.failure is not None:
            raise self._queue.explained(self._tally.failure)

    def _run(self) -> None:
        publisher, pace = self._queue.open(), Pace(self._rate)
        for one in _endless(self._seed):
            pace.wait(self._tally.sent)
            if self._stop.is_set() or self._tally.failure:
                break
            # A message needs data or an attribute, and an empty document is one of the broken ones.
            future = publisher.send(Outgoing(one.payload, {"origin": one.name}))
            self._tally.sent += 1
            future.add_done_callback(self._tally.report)
        publisher.close()
        self._tally.wait()


def _endless(seed: int) -> Iterator[Generated]:
    for generated in documents(seed, broken=BROKEN, duplicates=DUPLICATES):
        yield from leaves(generated)
