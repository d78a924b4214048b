"""Bars as they are kept in the table of records: read again every few seconds by who writes, put and lifted."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable

import orjson

from transforms.truth import rows, tombstones
from transforms.truth.client import Client
from transforms.truth.loop import wait_for
from transforms.truth.requests import Column
from transforms.truth.rows import Cell
from transforms.truth.tombstones import NO_BARS, Bars, Tombstone

# How old what a process knows of the bars may be.
KNOWN_SECONDS = 10.0


class KnownBars:
    """The bars as a process knows them. Used by one thread."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._bars = NO_BARS
        self._read_at = -KNOWN_SECONDS

    def current(self) -> Bars:
        """Bars that were read a moment ago. Raises TruthError."""
        if time.monotonic() - self._read_at >= KNOWN_SECONDS:
            self._bars = read(self._client)
            self._read_at = time.monotonic()
        return self._bars


def read(client: Client) -> Bars:
    """The bars that there are."""
    return tombstones.bars_of(wait_for(client.read_row(_table(client), tombstones.BARS_ROW, (rows.STATE,))))


def put(client: Client, subjects: Iterable[str], roles: Iterable[str], tombstone: Tombstone) -> None:
    """Bars subjects in roles; safe to repeat."""
    salt = _salt(client)
    value = orjson.dumps(list(tombstone))
    cells = [
        Cell(rows.STATE, tombstones.bar_qualifier(salt, role, one), 0, value) for role in roles for one in subjects
    ]
    if cells:
        wait_for(client.write(_table(client), tombstones.BARS_ROW, cells))


def lift(client: Client, subjects: Iterable[str]) -> int:
    """Lets subjects in again, in every role; how many bars that were."""
    known = read(client)
    found = [
        Column(rows.STATE, tombstones.bar_qualifier(known.salt, role, one))
        for one in subjects
        for role in tombstones.ROLES
        if known.salt and tombstones.digest_of(known.salt, role, one) in known.digests
    ]
    if found:
        wait_for(client.replace(_table(client), tombstones.BARS_ROW, found, ()))
    return len(found)


def _salt(client: Client) -> bytes:
    """The secret of the table: made once, whoever asks first."""
    cells = (
        Cell(rows.STATE, rows.REVISION, 0, rows.pack_int(1)),
        Cell(rows.STATE, tombstones.SALT, 0, secrets.token_bytes(tombstones.SALT_BYTES)),
    )
    wait_for(client.check(_table(client), tombstones.BARS_ROW, None, cells))
    return read(client).salt


def _table(client: Client) -> str:
    return client.config.records_table
