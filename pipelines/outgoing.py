"""What files and archives hold as messages to be published, and what of it can be none."""

from __future__ import annotations

import argparse
import gzip
import random
from collections.abc import Iterator
from typing import NamedTuple

from transforms import instants
from transforms.ingest.archives import expand
from transforms.ingest.files import FileRef, open_file
from transforms.ingest.limits import Limits
from transforms.ingest.listing import list_files
from transforms.language import mark, say
from transforms.model import DeadLetter, RawDocument, Record
from transforms.notify.messages import MAX_MESSAGE_BYTES, Outgoing, clip
from transforms.parse.parser import ParseOptions, parse

ACCESS_KEY = "access_key"
_KEYS_ONLY = ParseOptions(max_bytes=MAX_MESSAGE_BYTES, items=False)


class LeftOut(NamedTuple):
    """An input that is not published, and why."""

    origin: str
    reason: str


def messages(args: argparse.Namespace) -> Iterator[Outgoing | LeftOut]:
    """What the inputs hold, in the order and as often as asked for."""
    if args.shuffle is None:
        for _ in range(args.repeat):
            yield from _read(args)
        return
    everything = [message for message in _read(args) for _ in range(args.repeat)]
    random.Random(args.shuffle).shuffle(everything)
    yield from everything


def _read(args: argparse.Namespace) -> Iterator[Outgoing | LeftOut]:
    for file in list_files(args.inputs):
        if isinstance(file, DeadLetter):
            yield LeftOut(file.origin, file.message)
            continue
        try:
            for found in _whole(file) if args.whole else _documents(file):
                yield found if isinstance(found, LeftOut) else _outgoing(found, args)
        except OSError as error:
            yield LeftOut(file.origin, say("it cannot be read: {error}", error=error.strerror or error))


def _whole(file: FileRef) -> Iterator[RawDocument | LeftOut]:
    if file.size > MAX_MESSAGE_BYTES:
        told = mark("{size:,} bytes do not fit into a message ({most:,})")
        yield LeftOut(file.origin, say(told, size=file.size, most=MAX_MESSAGE_BYTES))
        return
    with open_file(file.path) as stream:
        yield RawDocument(stream.read(), file.origin, file.modified_at)


def _documents(file: FileRef) -> Iterator[RawDocument | LeftOut]:
    """The documents in a file. What cannot be read is sent as it is, so that the job says why."""
    with open_file(file.path) as stream:
        for found in expand(stream, file.origin, file.modified_at, Limits(max_entry_bytes=MAX_MESSAGE_BYTES)):
            if isinstance(found, RawDocument):
                yield found
            elif found.truncated or not found.payload:
                yield LeftOut(found.origin, found.message)
            else:
                yield RawDocument(found.payload, found.origin, found.received_at)


def _outgoing(document: RawDocument, args: argparse.Namespace) -> Outgoing:
    attributes = {}
    if args.origin == "path":
        attributes["origin"] = clip(document.origin, keep_end=True)
    if args.received_at == "file":
        attributes["received_at"] = instants.text_of(document.received_at)
    key = access_key_of(document) if args.ordering_key == ACCESS_KEY else ""
    payload = gzip.compress(document.payload, 6, mtime=0) if args.gzip else document.payload
    return Outgoing(payload, attributes, key)


def access_key_of(document: RawDocument) -> str:
    """The access key of the first document in it; empty if it has none, and then it is not ordered."""
    for found in parse(document, _KEYS_ONLY):
        if isinstance(found, Record):
            return found.entry.key
    return ""
