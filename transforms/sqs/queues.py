"""What SQS says of a queue: where it is, its settings, and whether this account may use it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

import orjson

from transforms.language import say, tr
from transforms.sqs.connection import Connection, region_of
from transforms.sqs.errors import Kind, explained, kind_of

R = TypeVar("R")

FIFO = ".fifo"
ANSWER_SECONDS = 10.0
# No queue has handed it out, so nothing comes of it but the answer whether one may.
_NO_HANDLE = [{"Id": "0", "ReceiptHandle": "acervo-asks-whether-it-may"}]


class Queue(NamedTuple):
    """A queue, and its attributes as SQS names them."""

    url: str
    attributes: Mapping[str, str]

    @property
    def dead_letters(self) -> tuple[str, int] | None:
        """ARN of the queue to which SQS itself moves messages, and after how many deliveries."""
        policy = self.attributes.get("RedrivePolicy")
        if not policy:
            return None
        found = orjson.loads(policy)
        return str(found.get("deadLetterTargetArn", "")), int(found.get("maxReceiveCount", 0))


def connection_for(name: str, region: str, endpoint: str) -> Connection:
    """How to reach the queue ``name``, whose URL may say the region."""
    return Connection(region or region_of(name), endpoint)


def find(connection: Connection, name: str) -> Queue:
    """A queue by its name or URL. Raises SqsError, in a line."""
    client = connection.client(ANSWER_SECONDS)
    try:
        return _found(client, connection, name)
    finally:
        client.close()


def check_readable(connection: Connection, name: str) -> Queue:
    """The queue, where this account may hold and delete its messages. Raises SqsError, in a line."""
    client = connection.client(ANSWER_SECONDS)
    try:
        queue = _found(client, connection, name)
        hold = [entry | {"VisibilityTimeout": 0} for entry in _NO_HANDLE]
        what = tr("cannot read")
        _ask(what, name, lambda: client.change_message_visibility_batch(QueueUrl=queue.url, Entries=hold))
        _ask(what, name, lambda: client.delete_message_batch(QueueUrl=queue.url, Entries=_NO_HANDLE))
        return queue
    finally:
        client.close()


def create_queue(connection: Connection, name: str) -> None:
    """Creates a queue with SQS's usual settings where there is none of the name. Raises SqsError."""
    client = connection.client(ANSWER_SECONDS)
    attributes = {"FifoQueue": "true"} if name.endswith(FIFO) else {}
    try:
        _ask(tr("cannot create"), name, lambda: client.create_queue(QueueName=name, Attributes=attributes))
    finally:
        client.close()


def _found(client: Any, connection: Connection, name: str) -> Queue:
    what = tr("cannot use")
    url = name if "/" in name else ""
    if not url:
        url = str(_ask(what, name, lambda: client.get_queue_url(QueueName=name))["QueueUrl"])
    answer = _ask(what, name, lambda: client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))
    return Queue(url, answer.get("Attributes", {}))


def _ask(what: str, name: str, ask: Callable[[], R]) -> R:
    """The answer; asked for again while SQS is busy, for some seconds. Raises SqsError."""
    deadline = time.monotonic() + ANSWER_SECONDS / 2
    while True:
        try:
            return ask()
        except Exception as error:
            if kind_of(error) is not Kind.AWAY or time.monotonic() >= deadline:
                raise explained(what, name, error) from error
            time.sleep(0.2)


def notes_of(queue: Queue) -> list[str]:
    """What whoever reads a queue should know of its settings."""
    found = []
    if queue.url.endswith(FIFO):
        found.append(
            tr(
                "it is a FIFO queue, which is not needed and is slow: while a message is worked on, no other of its "
                "group comes."
            )
        )
    if queue.dead_letters:
        arn, deliveries = queue.dead_letters
        found.append(
            say(
                "after {attempts} deliveries without deletion a message goes to {queue}: restarts of the job count as "
                "deliveries.",
                attempts=deliveries,
                queue=arn,
            )
        )
    return [f"{queue.url}: {text}" for text in found]
