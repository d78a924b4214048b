"""What is said in a message: changes of state, and dead letters. Pure."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from transforms import instants
from transforms.model import Change, DeadLetter, Fields

MAX_MESSAGE_BYTES = 10_000_000
"""Pub/Sub's limit of one request, which holds at least one message with all that belongs to it."""
MAX_ATTRIBUTE_BYTES = 1_024

_OVERHEAD_BYTES = 512


class Outgoing(NamedTuple):
    """A message to publish. Messages of one ordering key reach a subscription that asks for it in order.

    ``tombstone``: it has no value at all, by which a compacted topic of Kafka forgets its key.
    """

    data: bytes
    attributes: dict[str, str]
    ordering_key: str = ""
    tombstone: bool = False

    @property
    def size(self) -> int:
        """Bytes it takes of a request, rounded up."""
        attributes = sum(len(name) + len(value.encode()) + 16 for name, value in self.attributes.items())
        return len(self.data) + attributes + len(self.ordering_key) + _OVERHEAD_BYTES


def is_news(change: Change, first_sight: bool = False) -> bool:
    """Whether a change altered the state of its key. ``first_sight``: the first state of a key counts too."""
    if change.before is None:
        return first_sight
    return change.before != change.after


def change_message(change: Change, ordered: bool = False) -> Outgoing:
    """A change as JSON, always the same bytes, with its revision to drop repeats and to order by.

    ``ordered``: its access key is its ordering key too. Messages of different keys then never share a request.
    Attributes, for filters of a subscription: ``access_key``, ``revision``, ``record_id``, ``status`` and
    ``status_before`` (where there was one).
    """
    data = orjson.dumps(
        {
            "access_key": change.key,
            "revision": change.revision,
            "record_id": change.record_id,
            "before": change.before,
            "after": change.after,
            "received_at": instants.text_of(change.received_at),
            "applied_at": instants.text_of(change.applied_at),
            "run": change.run,
            "origin": change.origin,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    attributes = {
        "access_key": change.key,
        "revision": str(change.revision),
        "record_id": change.record_id,
        **_status(change.after, "status"),
        **_status(change.before, "status_before"),
    }
    return Outgoing(data, attributes, change.key if ordered else "")


def tombstone_message(key: str) -> Outgoing:
    """That a compacted topic of Kafka is to forget a key."""
    return Outgoing(b"", {"access_key": key}, tombstone=True)


def dead_letter_message(letter: DeadLetter) -> Outgoing:
    """A message with a dead letter's bytes, truncated if they do not fit, and the reason in its attributes."""
    attributes = {
        "dead_letter_id": letter.dead_letter_id,
        "code": letter.code,
        "message": clip(letter.message),
        "stage": letter.stage,
        "origin": clip(letter.origin, keep_end=True),
        "received_at": instants.text_of(letter.received_at),
        "size": str(letter.size),
        "truncated": str(letter.truncated).lower(),
    }
    whole = Outgoing(letter.payload, attributes)
    if whole.size <= MAX_MESSAGE_BYTES:
        return whole
    excess = whole.size - MAX_MESSAGE_BYTES
    return Outgoing(letter.payload[: len(letter.payload) - excess], {**attributes, "truncated": "true"})


def clip(text: str, keep_end: bool = False) -> str:
    """Text as an attribute can hold it: valid UTF-8, and only its beginning, or its end, if it is too long."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) > MAX_ATTRIBUTE_BYTES:
        kept = MAX_ATTRIBUTE_BYTES - 3
        data = b"..." + data[-kept:] if keep_end else data[:kept] + b"..."
    return data.decode("utf-8", "ignore")


def _status(state: Fields | None, name: str) -> dict[str, str]:
    status = (state or {}).get("status")
    return {name: str(status)} if status else {}
