"""A queue of SQS and what is sent to it, as to a topic. Free of Beam."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from concurrent.futures import Future
from typing import Any, NamedTuple

from transforms.language import mark, say, tr
from transforms.notify.messages import Outgoing
from transforms.sqs.body import BASE64, ENCODING, body_of
from transforms.sqs.connection import Connection
from transforms.sqs.errors import Kind, SqsError, explained, kind_of
from transforms.sqs.queues import FIFO

MAX_MESSAGE_BYTES = 1_048_576
"""SQS's limit of a message, and of a request."""
TOO_LARGE = mark("a message of {size:,} bytes is too large: SQS takes {most:,}. Compress it, or split the archive.")
_STRING = "String"
_AT_ONCE = 10
_THREADS = 4
_LINGER_SECONDS = 0.01
_PATIENCE_SECONDS = 120.0


class _Sent(NamedTuple):
    entry: dict[str, Any]
    size: int
    arrived: Future[str]


class SqsPublisher:
    """Messages to one queue, ten a request. At most ``outstanding`` are on their way; ``send`` waits for room. Safe for
    threads."""

    def __init__(self, connection: Connection, url: str, outstanding: int = 2_000) -> None:
        self._url = url
        self._name = url.rpartition("/")[2]
        self._client = connection.client()
        self._room = threading.Semaphore(outstanding)
        self._changed = threading.Condition()
        self._waiting: deque[_Sent] = deque()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"sqs-send-{number}", daemon=True) for number in range(_THREADS)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, message: Outgoing) -> Future[str]:
        """A future of the message's id. Raises SqsError for a message that SQS does not take."""
        body, is_base64 = body_of(message.data)
        named = {name: value for name, value in message.attributes.items() if value}
        named |= {ENCODING: BASE64} if is_base64 else {}
        size = len(body.encode()) + sum(len(name) + len(value.encode()) + len(_STRING) for name, value in named.items())
        if not body:
            raise SqsError(tr("it is empty: SQS takes no message without a body."))
        if size > MAX_MESSAGE_BYTES:
            told = mark(
                "a message of {size:,} bytes is too large: SQS takes {most:,}. Compress it, or split the archive."
            )
            raise SqsError(say(told, size=size, most=MAX_MESSAGE_BYTES))
        attributes = {name: {"DataType": _STRING, "StringValue": value} for name, value in named.items()}
        entry: dict[str, Any] = {"MessageBody": body, "MessageAttributes": attributes}
        if self._name.endswith(FIFO):
            unique = str(uuid.uuid4())
            entry |= {"MessageGroupId": message.ordering_key or unique, "MessageDeduplicationId": unique}
        sent = _Sent(entry, size, Future())
        self._room.acquire()
        sent.arrived.add_done_callback(lambda _: self._room.release())
        with self._changed:
            self._waiting.append(sent)
            self._changed.notify()
        return sent.arrived

    def close(self) -> None:
        """Sends what is left and ends the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def explained(self, error: BaseException) -> SqsError:
        """What to do about a message that was not sent."""
        return error if isinstance(error, SqsError) else explained(tr("cannot write to"), self._name, error)

    def _run(self) -> None:
        while some := self._next():
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while some := self._left_of(some, deadline):
                time.sleep(0.2)

    def _next(self) -> list[_Sent]:
        """What fits into a request, once it is full or a moment is over; empty when closed and nothing is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._closed:
                self._changed.wait_for(lambda: len(self._waiting) >= _AT_ONCE or self._closed, _LINGER_SECONDS)
            some: list[_Sent] = []
            size = 0
            while self._waiting and len(some) < _AT_ONCE:
                size += self._waiting[0].size
                if some and size > MAX_MESSAGE_BYTES:
                    break
                some.append(self._waiting.popleft())
            return some if some or self._closed else self._next()

    def _left_of(self, some: list[_Sent], deadline: float) -> list[_Sent]:
        """Sends messages; gives those to be sent again."""
        entries = [{"Id": str(number), **sent.entry} for number, sent in enumerate(some)]
        try:
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        except Exception as error:
            if kind_of(error) is Kind.AWAY and time.monotonic() < deadline:
                return some
            for sent in some:
                sent.arrived.set_exception(error)
            return []
        for one in answer.get("Successful", []):
            some[int(one["Id"])].arrived.set_result(one["MessageId"])
        left = []
        for one in answer.get("Failed", []):
            sent = some[int(one["Id"])]
            if one.get("SenderFault") or time.monotonic() >= deadline:
                sent.arrived.set_exception(SqsError(f"{self._name}: {one.get('Code')}: {one.get('Message', '')}"))
            else:
                left.append(sent)
        return left
