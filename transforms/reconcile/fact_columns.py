"""What is compared of each table, in one place: how SQL says it of a row, and how Python does. Pure.

A *fact* is a text of a row's key, its identity and its main columns. ``queries`` makes it in SQL, ``facts`` of the rows
that the source of truth must have led to; both from ``FACT_COLUMNS``, so that neither can compare a column that the
other does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from transforms.model import DUPLICATE, NEW
from transforms.views import schema

_INTEGERS = 2**63
# Whole part and billionths: an INT64 holds no amount of the largest in millionths.
_AMOUNT = (
    "COALESCE(CONCAT(CAST(SAFE_CAST(TRUNC({0}) AS INT64) AS STRING), '.', "
    "CAST(CAST(({0} - TRUNC({0})) * 1000000000 AS INT64) AS STRING)), '')"
)


class FactColumn(NamedTuple):
    """One part of a fact: the SQL expression, never NULL, and the same text of a row as we make it."""

    sql: str
    of_row: Callable[[Mapping[str, Any]], str]


class FactColumns(NamedTuple):
    """What is compared of a table's rows. ``identity`` tells the rows of a ``key`` apart, ``said`` is what they say.

    ``relation``: what is read, if not the table itself. ``condition``: which of its rows. ``single``: rows of one
    identity must be the same row; the others have one for each time that something was met. ``of_keys``: a selection of
    access keys selects rows; otherwise they are compared only when everything is. ``readings``: records have a row for
    each reading, of which the view takes the last.
    """

    key: str
    identity: tuple[FactColumn, ...]
    said: tuple[FactColumn, ...]
    relation: str = ""
    condition: str = "TRUE"
    single: bool = True
    of_keys: bool = True
    readings: bool = False


def amount_text(amount: str | None) -> str:
    """An amount as its whole part and its billionths, empty where there is none: no single integer of SQL holds it."""
    if amount is None:
        return ""
    try:
        whole, _, part = format(Decimal(amount), "f").removeprefix("-").partition(".")
    except InvalidOperation:
        return ""
    sign = "-" if amount.startswith("-") else ""
    numbers = (int(f"{sign}{digits}") for digits in (whole, part[:9].ljust(9, "0")))
    return ".".join(map(str, numbers)) if int(whole) < _INTEGERS else ""


def amount_sql(column: str) -> str:
    """``amount_text`` of a NUMERIC column."""
    return _AMOUNT.format(column)


def _text(column: str) -> FactColumn:
    return FactColumn(column, lambda row: str(row[column]))


def _optional(column: str) -> FactColumn:
    return FactColumn(f"COALESCE({column}, '')", lambda row: row.get(column, ""))


def _number(column: str) -> FactColumn:
    return FactColumn(f"CAST({column} AS STRING)", lambda row: str(row[column]))


def _micros(column: str) -> FactColumn:
    return FactColumn(f"CAST(UNIX_MICROS({column}) AS STRING)", lambda row: str(row[column]))


def _amount(column: str) -> FactColumn:
    return FactColumn(amount_sql(column), lambda row: amount_text(row.get(column)))


def _is_there(column: str) -> FactColumn:
    return FactColumn(f"IF({column} IS NULL, '0', '1')", lambda row: str(int(row.get(column) is not None)))


_ACCESS_KEY = "access_key"
_RECORD = (_text("record_id"),)
_OF_RECORD = (
    _number("revision"),
    _micros("received_at"),
    _text("layout"),
    _text("form"),
    _text("run"),
    _text("origin"),
)
_OUTCOME = FactColumn("outcome", lambda row: DUPLICATE if row["outcome"] == DUPLICATE else NEW)


def _of_records(table: str, key: str, said: tuple[FactColumn, ...]) -> FactColumns:
    return FactColumns(key, _RECORD, said, relation=f"unique_{table}", readings=True)


FACT_COLUMNS: Mapping[str, FactColumns] = {
    schema.DOCUMENTS: _of_records(schema.DOCUMENTS, _ACCESS_KEY, (*_OF_RECORD, _amount("total"))),
    schema.EVENTS: _of_records(schema.EVENTS, _ACCESS_KEY, _OF_RECORD),
    schema.VOIDED_RANGES: _of_records(schema.VOIDED_RANGES, "range_id", _OF_RECORD),
    schema.CHANGES: FactColumns(
        _ACCESS_KEY,
        (_number("revision"),),
        (
            _text("record_id"),
            _text("kind"),
            _optional("status_before"),
            _text("status_after"),
            _micros("applied_at"),
            _amount("total_after"),
        ),
    ),
    # Who sent what from where. The job is not in it: an attempt that was killed is the arrival of the next one.
    schema.ARRIVALS: FactColumns(
        _ACCESS_KEY,
        (_text("record_id"), _text("run"), _text("origin")),
        (_OUTCOME,),
        condition="record_id IS NOT NULL",
        single=False,
    ),
    # That it is there, and whether a redrive made a record of it.
    schema.DEAD_LETTERS: FactColumns(
        "dead_letter_id",
        (_text("dead_letter_id"),),
        (_is_there("redriven_at"),),
        relation=f"unique_{schema.DEAD_LETTERS}",
        single=False,
        of_keys=False,
    ),
}
