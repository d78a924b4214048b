"""What a table of records is told and tells about erasing, as reserved rows: holds, and reports of erasures.

A *hold* names a key, a CNPJ, a CNPJ's root or a CPF of which nothing may be erased until it is released; one with
``years`` only makes retention longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from transforms.truth import rows
from transforms.truth.client import Client
from transforms.truth.loop import wait_for
from transforms.truth.requests import Column
from transforms.truth.rows import Cell

_HOLDS, _HOLDS_END = b"~hold/", b"~hold0"
_REPORTS, _REPORTS_END = b"~erasure/", b"~erasure0"
_VALUE = b"value"


class Hold(NamedTuple):
    """Why something is held, since when (micros), and for how many years of retention; 0: until it is released."""

    reason: str
    at: int
    years: int = 0


Holds = Mapping[str, Hold]


def hold(client: Client, ids: Iterable[str], held: Hold) -> None:
    """Holds keys and ids; one that is held already is held by the newer reason."""
    for one in ids:
        _put(client, _HOLDS + one.encode(), list(held))


def release(client: Client, ids: Iterable[str]) -> None:
    """Ends holds."""
    for one in ids:
        wait_for(client.replace(_table(client), _HOLDS + one.encode(), [Column(rows.STATE, _VALUE)], ()))


def holds(client: Client) -> Holds:
    """All holds, by key or id."""
    return {name: Hold(*value) for name, value in _all(client, _HOLDS, _HOLDS_END).items()}


def report(client: Client, job: str, told: Mapping[str, Any]) -> None:
    """Keeps what a launch tells of an erasure, in the place of what it told before."""
    _put(client, _REPORTS + job.encode(), told)


def reports(client: Client) -> dict[str, Mapping[str, Any]]:
    """What every launch told last, by job."""
    return _all(client, _REPORTS, _REPORTS_END)


def _put(client: Client, row: bytes, value: Any) -> None:
    wait_for(client.write(_table(client), row, (Cell(rows.STATE, _VALUE, 0, orjson.dumps(value)),)))


def _all(client: Client, start: bytes, end: bytes) -> dict[str, Any]:
    found = client.scan(_table(client), start, end, (rows.STATE,))
    return {
        row.key.removeprefix(start).decode(): orjson.loads(cell.value)
        for row in found
        for cell in row.cells
        if cell.qualifier == _VALUE
    }


def _table(client: Client) -> str:
    return client.config.records_table
