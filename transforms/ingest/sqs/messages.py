"""A message of SQS as one of any queue. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transforms import instants
from transforms.ingest.queue.message import LATEST, Message
from transforms.ingest.sniff import SNIFFED, Kind, kind_of
from transforms.sqs.body import BASE64, ENCODING, bytes_of, decoded


def message_of(raw: Mapping[str, Any]) -> Message:
    """A message as boto3 gives it: the time at which it was sent, and its attributes as text."""
    sent = raw.get("Attributes", {}).get("SentTimestamp", "")
    millis = int(sent) if sent.isascii() and sent.isdigit() and len(sent) <= 15 else -1
    published = millis * 1_000 if 0 <= millis <= LATEST // 1_000 else instants.now()
    attributes = {name: _text(value) for name, value in raw.get("MessageAttributes", {}).items()}
    payload = payload_of(raw.get("Body", ""), attributes.get(ENCODING, "").lower() == BASE64)
    return Message(payload, raw.get("MessageId", ""), attributes, published)


def payload_of(body: str, is_base64: bool = False) -> bytes:
    """The bytes of what a body holds. Base64 is decoded where the message says that it is base64, and else where a
    document or an archive comes out of it."""
    data = decoded(body)
    return data if data is not None and (is_base64 or _is_known(data)) else bytes_of(body)


def _is_known(data: bytes) -> bool:
    head = data[:SNIFFED]
    begins_as_xml = head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"<")
    return begins_as_xml or kind_of(head, "") not in (Kind.DOCUMENTS, Kind.LITTER, Kind.FOREIGN)


def _text(value: Mapping[str, Any]) -> str:
    """An attribute's value; bytes that are no UTF-8 are shown as ``\\xe9``."""
    if "StringValue" in value:
        return str(value["StringValue"])
    return bytes(value.get("BinaryValue", b"")).decode("utf-8", "backslashreplace")
