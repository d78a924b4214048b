"""A message of Kafka's client as one of any queue. Pure: the client's is read, and nothing asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from transforms import instants
from transforms.ingest.kafka.settings import TopicSource
from transforms.ingest.queue.message import LATEST, ORIGIN, Message

_ENVELOPE_BYTES = 5
_SHOWN = 200
"""Characters of a header that an origin has room for."""


def message_of(raw: Any, source: TopicSource) -> Message:
    """Its id is ``<partition>/<offset>``, its attributes are its headers. A time that nobody set, or that is none, is
    now."""
    value, (kind, millis) = raw.value(), raw.timestamp()
    published = millis * 1_000 if kind and 0 <= millis <= LATEST // 1_000 else instants.now()
    headers = raw.headers()
    message_id = f"{raw.partition()}/{raw.offset()}"
    attributes = attributes_of(headers, source.headers) if headers else {}
    if value is None:
        return Message(b"", message_id, attributes, published, tombstone=True)
    if source.envelope and value[:1] == b"\0":
        value = value[_ENVELOPE_BYTES:]
    return Message(value, message_id, attributes, published)


def attributes_of(headers: list[tuple[str, bytes | None]], kept: tuple[str, ...] = ()) -> dict[str, str]:
    """Headers as text; of several of one name the last. Those that are ``kept`` stand behind the origin too, as in an
    address: ``a.xml?traceparent=00-1f``."""
    found = {name: (value or b"").decode("utf-8", "backslashreplace") for name, value in headers}
    if not kept:
        return found
    shown = "&".join(f"{name}={quote(found[name][:_SHOWN], safe='/:')}" for name in kept if name in found)
    return found | {ORIGIN: f"{found.get(ORIGIN, '')}?{shown}"} if shown else found
