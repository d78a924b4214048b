"""Values of views as cells of a page: what people read, in their language, and beside it the value for programs."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pipelines import legend
from pipelines.writing import cell as plain_cell
from transforms import language
from transforms.families import MODEL_NAMES, statuses
from transforms.language import mark, say, tr


class Kind(enum.Enum):
    """What a column holds, which says how it is shown."""

    TEXT = "text"
    CODE = "code"
    NUMBER = "number"
    MONEY = "money"
    SECONDS = "seconds"
    DAY = "day"
    MONTH = "month"
    INSTANT = "instant"
    HOUR = "hour"
    MINUTE = "minute"
    MODEL = "model"
    STATUS = "status"
    DAYS_LEFT = "days_left"


class Column(NamedTuple):
    """A column of a section: its name in the rows, its heading (marked), and what it holds."""

    name: str
    title: str
    kind: Kind = Kind.TEXT


class Cell(NamedTuple):
    """``value`` is exact and in no language; empty for NULL."""

    text: str
    value: str
    kind: str

    @property
    def numeric(self) -> bool:
        return self.kind in ("number", "money", "seconds")


STATUS_NAMES = {
    statuses.UNKNOWN: mark("status unknown"),
    statuses.UNPROTOCOLED: mark("without protocol"),
    statuses.AUTHORISED: mark("authorised"),
    statuses.AUTHORISED_LATE: mark("authorised late"),
    statuses.DENIED: mark("denied"),
    statuses.CLOSED: mark("closed"),
    statuses.CANCELLED: mark("cancelled"),
    statuses.CANCELLED_LATE: mark("cancelled late"),
    statuses.VOIDED: mark("voided"),
    statuses.SUBSTITUTED: mark("substituted"),
    statuses.ANNULLED: mark("annulled"),
    statuses.ADJUSTED: mark("adjusted"),
}
DAYS_IN_BAND = 30
LAST_BAND = 150


def _money(value: Any) -> str:
    return language.money(Decimal(value).quantize(Decimal("0.01")))


def _month(value: date) -> str:
    return f"{value:%m/%Y}" if language.spoken() == language.PORTUGUESE else f"{value:%Y-%m}"


def _instant(value: datetime) -> str:
    return f"{language.day(value.date())} {value:%H:%M} UTC"


def _hour(value: datetime) -> str:
    return f"{language.day(value.date())} {value:%H}h UTC"


def _days_left(first: int) -> str:
    if first < 0:
        return tr("past")
    if first >= LAST_BAND:
        return say("{days} or more", days=first)
    return say("{first} to {last}", first=first, last=first + DAYS_IN_BAND - 1)


_SHOWN: Mapping[Kind, Callable[[Any], str]] = {
    Kind.NUMBER: lambda value: language.number(int(value)),
    Kind.MONEY: _money,
    Kind.SECONDS: lambda value: say("{seconds:,.1f} s", seconds=float(value)),
    Kind.DAY: language.day,
    Kind.MONTH: _month,
    Kind.INSTANT: _instant,
    Kind.HOUR: _hour,
    Kind.MINUTE: _instant,
    Kind.MODEL: lambda value: MODEL_NAMES.get(value, str(value)),
    Kind.STATUS: lambda value: tr(STATUS_NAMES.get(value, str(value))),
    Kind.DAYS_LEFT: _days_left,
}


def cell(kind: Kind, value: Any) -> Cell:
    """A value as a cell; of NULL, and of nothing, a dash."""
    if value is None or value == "":
        return Cell("–", "", kind.value)
    return Cell(_SHOWN.get(kind, plain_cell)(value), plain_cell(value), kind.value)


def moment(value: datetime) -> str:
    """An instant in UTC and by the clock of this machine."""
    return legend.moment(value)
