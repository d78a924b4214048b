"""Requests to one queue while a job runs: what a failure of them means is decided in one place."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from transforms.ingest.sqs.settings import QueueSource
from transforms.language import say, tr
from transforms.sqs.errors import INVALID_HANDLE, Kind, SqsError, explained, kind_of

_LOG = logging.getLogger(__name__)

_AT_ONCE = 10
"""Messages of a request, by SQS's own limit."""
_LEAST_DELAY, _MOST_DELAY = 0.1, 1.0


class Calls:
    """Requests to the queue of a source, for any thread. They wait and try again while SQS is away; ``failed`` is told
    of what somebody has to mend."""

    def __init__(self, source: QueueSource, stop: threading.Event, failed: Callable[[SqsError], None]) -> None:
        self._source = source
        self._stop = stop
        self._failed = failed
        self._client = source.connection.client(source.wait_seconds + 10.0)
        self._lock = threading.Lock()
        self._outages = 0
        self._silent_since: float | None = None
        self._refused_since: dict[str, float] = {}

    def outages(self) -> int:
        """Requests that got no answer, since this was last asked."""
        with self._lock:
            count, self._outages = self._outages, 0
            return count

    def receive(self) -> Sequence[dict[str, Any]] | None:
        """The next messages, at most ten, after waiting for one; None when SQS does not answer, or refuses."""
        source = self._source
        answer = self._ask(
            "receive",
            lambda: self._client.receive_message(
                QueueUrl=source.url,
                MaxNumberOfMessages=_AT_ONCE,
                WaitTimeSeconds=source.wait_seconds,
                VisibilityTimeout=source.lease_seconds,
                MessageSystemAttributeNames=["SentTimestamp"],
                MessageAttributeNames=["All"],
            ),
        )
        return None if answer is None else answer.get("Messages", [])

    def delete(self, handles: Sequence[str]) -> list[str]:
        """Deletes messages, at most ten; the handles of those that have to be tried again. One that is no longer
        valid is that of a message that came again since, or is gone."""
        entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
        answer = self._ask(
            "delete", lambda: self._client.delete_message_batch(QueueUrl=self._source.url, Entries=entries)
        )
        if answer is None:
            return list(handles)
        failed = [one for one in answer.get("Failed", []) if one.get("Code") != INVALID_HANDLE]
        return [handles[int(one["Id"])] for one in failed if not one.get("SenderFault")]

    def hide(self, handles: Sequence[str], seconds: int) -> None:
        """Hides messages from others for so long from now on; for 0 seconds, shows them at once."""
        for some in in_tens(handles):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for number, handle in enumerate(some)
            ]
            if self._hide(entries) is None:
                return

    def waiting(self) -> int | None:
        """About how many messages there are that nobody holds."""
        wanted = ["ApproximateNumberOfMessages"]
        answer = self._ask(
            "look", lambda: self._client.get_queue_attributes(QueueUrl=self._source.url, AttributeNames=wanted)
        )
        return None if answer is None else int(answer.get("Attributes", {}).get("ApproximateNumberOfMessages", 0))

    def close(self) -> None:
        self._client.close()

    def _hide(self, entries: list[dict[str, Any]]) -> dict[str, Any] | None:
        return self._ask(
            "hide", lambda: self._client.change_message_visibility_batch(QueueUrl=self._source.url, Entries=entries)
        )

    def _ask(self, which: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        try:
            answer = ask()
        except Exception as error:
            self._faced(which, error)
            return None
        self._answered(which)
        return answer

    def _answered(self, which: str) -> None:
        # Looked at without the lock: this is the way of every request.
        if self._silent_since is None and which not in self._refused_since:
            return
        with self._lock:
            since, self._silent_since = self._silent_since, None
            self._refused_since.pop(which, None)
        if since is not None:
            seconds = time.monotonic() - since
            _LOG.warning("%s", say("SQS answers again, after {seconds:.0f} s.", seconds=seconds))

    def _faced(self, which: str, error: Exception) -> None:
        """What a request raised: it passes, or is told to ``failed``. Refusals are kept by request: who may receive may
        not be allowed to delete."""
        if self._stop.is_set():
            return
        kind, now = kind_of(error), time.monotonic()
        told = explained(tr("cannot read"), self._source.name, error)
        if kind is Kind.AWAY:
            with self._lock:
                self._outages += 1
                is_news, self._silent_since = self._silent_since is None, self._silent_since or now
            if is_news:
                _LOG.warning("%s %s", told, tr("Waiting for it."))
            return
        if kind is Kind.OTHER:
            self._failed(told)
            return
        with self._lock:
            is_news = which not in self._refused_since
            since = self._refused_since.setdefault(which, now)
        if is_news:
            seconds = self._source.refused_seconds
            _LOG.warning("%s", say("{problem} Trying again for {seconds:.0f} s.", problem=told, seconds=seconds))
        elif now - since > self._source.refused_seconds:
            self._failed(told)


class Pause:
    """How long to wait before the next try: longer each time, a second at most, so that what comes back is noticed."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._seconds = 0.0

    def after(self, answered: bool) -> None:
        """Waits, if the last try had no answer."""
        self._seconds = 0.0 if answered else min(max(self._seconds * 2, _LEAST_DELAY), _MOST_DELAY)
        if self._seconds:
            self._stop.wait(self._seconds)


def in_tens(handles: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many as a request takes."""
    for start in range(0, len(handles), _AT_ONCE):
        yield handles[start : start + _AT_ONCE]
