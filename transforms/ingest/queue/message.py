"""A message of a queue as a value, and the documents in it. Pure.

A message holds one XML, raw or gzip, or one archive. Its attributes (headers, on Kafka) are optional: ``origin`` (where
its publisher has it from: a path, another queue) and ``received_at`` (when it first came to the business: RFC 3339, or
microseconds since the epoch). A message without an id is a dead letter, and so is a tombstone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from transforms import instants
from transforms.ingest.limits import STAGE
from transforms.model import DeadLetter, RawDocument

MESSAGE_WITHOUT_ID = "message_without_id"
TOMBSTONE = "tombstone"
ORIGIN = "origin"
RECEIVED_AT = "received_at"

Expand = Callable[[bytes, str, int], Iterable[RawDocument | DeadLetter]]
"""From payload, origin and received at (micros) to the inputs within: the archive expander."""

LATEST = 253_402_300_799_999_999
"""The last microsecond of the year 9999: later ones fit no timestamp column."""


class Message(NamedTuple):
    """One delivery of a message. ``message_id``: what tells it from all others of its place, and is the same at every
    delivery. ``published_at``: micros, the same at every delivery; where nobody set it, when the message came.
    ``tombstone``: it has no value at all, which is not the same as an empty one."""

    data: bytes
    message_id: str
    attributes: Mapping[str, str]
    published_at: int
    tombstone: bool = False


def origin_of(message: Message, place: str) -> str:
    """``<place>/<message id>``, and ``/<attribute origin>`` where there is one.

    A redelivery has the same origin, and what is published again has another: the first is a retry, the second a
    duplicate, also where a publisher gives both the same name. ``place`` names the queue, as the job knows it:
    ``pubsub:<project>/<subscription>``, ``kafka:<topic>@<id of the topic>``.
    """
    origin = f"{place}/{message.message_id}"
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
        micros = int(text) if len(text) <= 18 else LATEST + 1
    else:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            return None
        if instant.tzinfo is None:
            return None
        micros = instants.micros_of(instant)
    return micros if 0 <= micros <= LATEST else None


def documents_of(message: Message, place: str, expand: Expand) -> Iterable[RawDocument | DeadLetter]:
    """The inputs in a message. What is no XML comes out as it is: the parser says why it is dead."""
    if not message.message_id:
        # Two of them cannot be told apart: taken in, one would be a retry of the other.
        text = "the message has no id, so nothing tells it from another. Publish it again, to a topic."
        return [_dead(message, place, MESSAGE_WITHOUT_ID, text)]
    if message.tombstone:
        text = "the message has no value: a tombstone, which marks its key as deleted. Nothing is deleted by it here."
        return [_dead(message, place, TOMBSTONE, text)]
    return expand(message.data, origin_of(message, place), received_at_of(message))


def _dead(message: Message, place: str, code: str, text: str) -> DeadLetter:
    origin, data = origin_of(message, place), message.data
    return DeadLetter(code, f"{origin}: {text}", STAGE, origin, data, received_at_of(message), len(data))
