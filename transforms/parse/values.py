"""How the text of an element becomes a field value.

A *putter* checks one text and sets ``target[column]``, or leaves it absent with a finding: a field never has
the wrong type, and a bad value never costs the record. If several elements feed one column, the last with a value wins.
Texts come stripped of surrounding white space and are never empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from transforms.parse import codes

Target = dict[str, Any]


class Reading:
    """What was read of one document: its fields, what was odd, and which parts of its layout were there.

    Instants are kept as text until the key, and with it the state's offset, is known.
    """

    __slots__ = ("fields", "findings", "instants", "namespaces", "parts")

    def __init__(self) -> None:
        self.fields: Target = {}
        self.findings: set[str] = set()
        self.instants: dict[str, str] = {}
        self.parts: set[str] = set()
        self.namespaces: set[str] = set()


Putter = Callable[[Target, str, str, Reading], None]

# BigQuery NUMERIC has 29 digits before the point and 9 after. Eighteen, five more than any schema allows, leave room
# for sums: one amount in error must not make a view of all others overflow. BIGNUMERIC, for quantities and unit values
# that have up to ten decimals: 38 and 38.
AMOUNT = r"-?[0-9]{1,18}+(?:\.[0-9]{1,9}+)?"
QUANTITY = r"-?[0-9]{1,38}+(?:\.[0-9]{1,38}+)?"
INTEGER = "[0-9]{1,18}+"
# As many digits as ``AMOUNT`` has on either side of its point.
_DIGITS, _DECIMALS = 18, 9
_LAST_DECIMAL = Decimal(1).scaleb(-_DECIMALS)
_PUNCTUATION = str.maketrans("", "", "./- ")
_AMOUNT = re.compile(AMOUNT)
_QUANTITY = re.compile(QUANTITY)
_INTEGER = re.compile(INTEGER)


def put_integer(target: Target, column: str, text: str, reading: Reading) -> None:
    if _INTEGER.fullmatch(text):
        target[column] = int(text)
    else:
        reading.findings.add(codes.BAD_INTEGER)


def put_amount(target: Target, column: str, text: str, reading: Reading) -> None:
    if _AMOUNT.fullmatch(text):
        target[column] = text
    else:
        reading.findings.add(codes.BAD_DECIMAL)


def put_rounded_amount(target: Target, column: str, text: str, reading: Reading) -> None:
    """An amount that a layout allows more decimals than NUMERIC has: half of the last one rounds up."""
    if "." in text and _QUANTITY.fullmatch(text):
        whole, _, decimals = text.partition(".")
        if len(decimals) > _DECIMALS and len(whole.lstrip("-")) <= _DIGITS:
            text = str(Decimal(text).quantize(_LAST_DECIMAL, ROUND_HALF_UP))
    put_amount(target, column, text, reading)


def put_quantity(target: Target, column: str, text: str, reading: Reading) -> None:
    if _QUANTITY.fullmatch(text):
        target[column] = text
    else:
        reading.findings.add(codes.BAD_DECIMAL)


def put_date(target: Target, column: str, text: str, reading: Reading) -> None:
    if is_date(text):
        target[column] = text
    else:
        reading.findings.add(codes.BAD_DATE)


def put_compact_date(target: Target, column: str, text: str, reading: Reading) -> None:
    put_date(target, column, f"{text[:4]}-{text[4:6]}-{text[6:]}", reading)


def put_instant(target: Target, column: str, text: str, reading: Reading) -> None:
    reading.instants[column] = text


def put_member(target: Target, column: str, text: str, reading: Reading) -> None:
    """Append to a list."""
    target.setdefault(column, []).append(text)


def put_cnpj(target: Target, column: str, text: str, reading: Reading) -> None:
    target[column], target[column + "_type"] = _tax_id(text, reading), "CNPJ"


def put_cpf(target: Target, column: str, text: str, reading: Reading) -> None:
    target[column], target[column + "_type"] = _tax_id(text, reading), "CPF"


def put_tax_id(target: Target, column: str, text: str, reading: Reading) -> None:
    """A CNPJ or CPF without a column for its type."""
    target[column] = _tax_id(text, reading)


def _tax_id(text: str, reading: Reading) -> str:
    """The id as the schemas write it, so that one party is one: no punctuation, capital letters."""
    if text.isdigit():
        return text
    plain = text.translate(_PUNCTUATION).upper()
    if plain != text:
        reading.findings.add(codes.TAX_ID_FORM)
    return plain


def put_foreign_id(target: Target, column: str, text: str, reading: Reading) -> None:
    target[column], target[column + "_type"] = text, "foreign"


@lru_cache(maxsize=4096)
def is_date(text: str) -> bool:
    """Whether the text is a day as ``YYYY-MM-DD``."""
    if len(text) != 10 or text[4] != "-" or not text.isascii():
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


# Standard time of the states (Lei 11.662/2008, Lei 12.876/2013), hours from UTC; all others keep Brasília's -3.
# Summer time, until 2019, is not applied: an instant without offset may be an hour late, and has a finding.
_BRASILIA = timezone(timedelta(hours=-3))
_STANDARD_OFFSET = {
    "AC": timezone(timedelta(hours=-5)),
    **dict.fromkeys(("AM", "MS", "MT", "RO", "RR"), timezone(timedelta(hours=-4))),
}


# An instant as the schemas write it, west of Greenwich by whole hours; and hours in UTC on the same day.
_USUAL = re.compile(r"([0-9-]{10})T([0-9]{2}):([0-5][0-9]:[0-5][0-9])-(0[1-9]):00\Z")
_UTC_HOURS = {(f"{hour:02}", f"0{west}"): f"{hour + west:02}" for west in range(1, 10) for hour in range(24 - west)}


def utc_instant(text: str, uf: str | None) -> tuple[str, bool] | None:
    """UTC text of an instant as XML writes it, and whether it named its offset; None when it is no instant.

    An instant without offset is taken in the standard time of ``uf`` (a state, or None for Brasília's). ``-00:00``
    says that the time is UTC and the place unknown (RFC 3339), so it counts as naming none.
    """
    usual = _USUAL.match(text)
    if usual is not None:
        day, hour, rest, west = usual.groups()
        utc_hour = _UTC_HOURS.get((hour, west))
        if utc_hour is not None and is_date(day):
            return f"{day}T{utc_hour}:{rest}Z", True
    if len(text) < 19 or text[10] not in "T " or text[13] != ":" or text[16] != ":" or not text.isascii():
        return None
    try:
        moment = datetime.fromisoformat(text)
        named = moment.tzinfo is not None
        if not named:
            moment = moment.replace(tzinfo=_STANDARD_OFFSET.get(uf or "", _BRASILIA))
        result = moment.astimezone(UTC).isoformat()[:-6]
    except (ValueError, OverflowError):
        return None
    if "." in result:
        result = result.rstrip("0")
    return result + "Z", named and not text.endswith("-00:00")
