"""A message of the queue as a value, and the documents in it. Pure.

A message holds one XML, raw or gzip, or one archive. Its attributes are optional: ``origin`` (where its publisher has
it from: a path, another queue) and ``received_at`` (when it first came to the business: RFC 3339, or microseconds since
the epoch). A message without an id is a dead letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from transforms import instants
from transforms.ingest.limits import STAGE
from transforms.model import DeadLetter, RawDocument

MESSAGE_WITHOUT_ID = "message_without_id"
ORIGIN = "origin"
RECEIVED_AT = "received_at"

Expand = Callable[[bytes, str, int], Iterable[RawDocument | DeadLetter]]
"""From payload, origin and received at (micros) to the inputs within: the archive expander."""

_LATEST = 253_402_300_799_999_999
"""The last microsecond of the year 9999: later ones fit no timestamp column."""


class Message(NamedTuple):
    """One delivery of a message. ``published_at``: micros, set by the service and the same at every redelivery; where
    it is not set, when the message came."""

    data: bytes
    message_id: str
    attributes: Mapping[str, str]
    published_at: int


def origin_of(message: Message, subscription: str) -> str:
    """``pubsub:<project>/<subscription>/<message id>``, and ``/<attribute origin>`` where there is one.

    A redelivery has the same origin, and what is published again has another: the first is a retry, the second a
    duplicate, also where a publisher gives both the same name. The subscription stands there rather than its topic
    because a job always knows it. ``subscription`` is the full resource name.
    """
    origin = f"pubsub:{short_name(subscription)}/{message.message_id}"
    name = message.attributes.get(ORIGIN)
    return f"{origin}/{name}" if name else origin


def received_at_of(message: Message) -> int:
    """Micros since the epoch: the attribute ``received_at``, else when the message was published."""
    text = message.attributes.get(RECEIVED_AT)
    instant = parse_instant(text) if text else None
    return message.published_at if instant is None else instant


def parse_instant(text: str) -> int | None:
    """RFC 3339 text with its offset, or digits that are micros, as micros since the epoch; None for anything else."""
    if text.isascii() and text.isdigit():
        micros = int(text) if len(text) <= 18 else _LATEST + 1
    else:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            return None
        if instant.tzinfo is None:
            return None
        micros = instants.micros_of(instant)
    return micros if 0 <= micros <= _LATEST else None


def documents_of(message: Message, subscription: str, expand: Expand) -> Iterable[RawDocument | DeadLetter]:
    """The inputs in a message. What is no XML comes out as it is: the parser says why it is dead."""
    if not message.message_id:
        return [_nameless(message, subscription)]
    return expand(message.data, origin_of(message, subscription), received_at_of(message))


def _nameless(message: Message, subscription: str) -> DeadLetter:
    """Two messages without an id cannot be told apart: taken in, one would be a retry of the other."""
    origin = origin_of(message, subscription)
    text = f"{origin}: the message has no id, so nothing tells it from another. Publish it again, to a topic."
    data = message.data
    return DeadLetter(MESSAGE_WITHOUT_ID, text, STAGE, origin, data, received_at_of(message), len(data))


def short_name(resource: str) -> str:
    """``projects/p/subscriptions/s`` as ``p/s``."""
    parts = resource.split("/")
    return f"{parts[1]}/{parts[3]}" if len(parts) == 4 else resource
