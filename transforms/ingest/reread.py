"""A dead letter as an input again: its own bytes, or what its origin holds where the bytes alone do not do."""

from __future__ import annotations

import os
from collections.abc import Iterator

from transforms.ingest.archives import expand, expand_bytes
from transforms.ingest.files import open_file
from transforms.ingest.limits import STAGE, Limits
from transforms.ingest.patterns import is_local
from transforms.ingest.remote import exists
from transforms.model import DeadLetter, Expanded, RawDocument


class NotThereError(Exception):
    """The bytes of a dead letter do not do, and its origin is no file, or none any more."""


def inputs_of(letter: DeadLetter, limits: Limits) -> Iterator[Expanded]:
    """The inputs that a dead letter stands for, with the time at which it was first received.

    Raises NotThereError; and what reading its file raises (OSError) when trying again may help.
    """
    if letter.stage != STAGE and not letter.truncated:
        yield RawDocument(letter.payload, letter.origin, letter.received_at)
        return
    path = _file_of(letter.origin)
    if path is not None:
        yield from _read_again(path, letter, limits)
    elif letter.truncated or not letter.payload:
        raise NotThereError(letter.origin)
    else:
        yield from expand_bytes(letter.payload, letter.origin, letter.received_at, limits)


def _read_again(path: str, letter: DeadLetter, limits: Limits) -> Iterator[Expanded]:
    below = f"{letter.origin}#"
    found = False
    with open_file(path) as stream:
        for outcome in expand(stream, path, letter.received_at, limits):
            if outcome.origin == letter.origin or outcome.origin.startswith(below):
                found = True
                yield outcome
            elif found:
                return
    if not found:
        raise NotThereError(letter.origin)


def _file_of(origin: str) -> str | None:
    """The file in which an origin is, None where there is none: ``a.zip`` of ``a.zip#b.tar#c.xml``."""
    path = origin
    while path:
        if _is_file(path):
            return path
        path = path.rpartition("#")[0]
    return None


def _is_file(path: str) -> bool:
    if is_local(path):
        return os.path.isfile(path)
    return exists(path)
