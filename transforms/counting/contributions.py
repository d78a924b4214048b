"""Counting as arithmetic on changes: -1 for the dimensions before, +1 for the dimensions after.

Pure. A change that does not alter the dimensions contributes nothing, so redelivery, events without effect and late
arrivals cannot move a count.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, Protocol

from transforms.history.dimensions import CODES, COUNTED_BY
from transforms.model import Change, Fields

UF, ISSUER, RECIPIENT = "uf", "issuer", "recipient"

# Dimension name -> the field of a change's dimensions that holds its value. One more question, one more line.
DIMENSIONS = {UF: "uf", ISSUER: "issuer_id", RECIPIENT: "recipient_id"}


class CountKey(NamedTuple):
    """What is counted together; empty text where a part is unknown.

    A dimension with its value, then ``COUNTED_BY``. ``day`` and ``month`` are dates (``YYYY-MM-DD``), codes of SEFAZ
    are texts.
    """

    dimension: str
    value: str
    model: str
    environment: str
    status: str
    day: str
    month: str
    operation_type: str = ""
    purpose: str = ""


_PARTS = tuple((name, name in CODES) for name in CountKey._fields)


class _Row(Protocol):
    def get(self, name: str, /, default: Any = None) -> Any: ...


def columns_of(key: CountKey) -> dict[str, Any]:
    """The parts of a count as columns of a row of the table ``counts``, those that are unknown left out."""
    return {name: int(value) if is_code else value for (name, is_code), value in zip(_PARTS, key, strict=True) if value}


def key_of(row: _Row) -> CountKey:
    """The count that a row tells of, by its columns: ``columns_of`` read back."""
    found = (row.get(name) for name in CountKey._fields)
    return CountKey(*("" if one is None else str(one) for one in found))


class Amount(NamedTuple):
    """How many documents and their value (BRL)."""

    documents: int
    total: Decimal


def contributions(change: Change) -> Iterator[tuple[CountKey, Amount]]:
    """What one change adds to and takes from the counts, nothing where its dimensions did not change."""
    if change.dimensions_before == change.dimensions_after:
        return
    if change.dimensions_before is not None:
        yield from signed(change.dimensions_before, -1)
    yield from signed(change.dimensions_after, 1)


def add(left: Amount, right: Amount) -> Amount:
    """Exact sum: integers and decimals only."""
    return Amount(left[0] + right[0], left[1] + right[1])


def signed(dimensions: Fields, sign: int) -> Iterator[tuple[CountKey, Amount]]:
    """What a document of these dimensions counts, times the sign."""
    amount = Amount(sign, sign * _decimal(dimensions.get("total")))
    rest = [str(dimensions.get(name, "")) for name in COUNTED_BY]
    for name, field in DIMENSIONS.items():
        yield CountKey(name, dimensions.get(field, ""), *rest), amount


def _decimal(text: str | None) -> Decimal:
    try:
        return Decimal(text or 0)
    except InvalidOperation:
        return Decimal(0)
