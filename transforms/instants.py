"""Instants: stored and passed on as microseconds since 1970 in UTC, shown and served as RFC 3339 text. Pure, except
``now``.

Instants inside documents follow SEFAZ's rules: ``transforms.parse.values``.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now() -> int:
    """The present in micros, by this machine's clock."""
    return time.time_ns() // 1_000


def micros_of(instant: datetime) -> int:
    """An aware datetime in micros, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def micros_of_text(text: str) -> int:
    """Micros of RFC 3339 text, UTC where it names no offset; digits past the sixth are dropped. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    return micros_of(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def datetime_of(micros: int) -> datetime:
    """Micros as an aware datetime in UTC, exactly. Raises OverflowError beyond the year 9999."""
    return _EPOCH + timedelta(microseconds=micros)


def text_of(micros: int) -> str:
    """Micros as RFC 3339 in UTC, with six digits or none. Raises OverflowError beyond the year 9999."""
    second, rest = divmod(micros, SECOND)
    return f"{_text_of_second(second)}.{rest:06}Z" if rest else f"{_text_of_second(second)}Z"


@lru_cache(4_096)
def _text_of_second(second: int) -> str:
    """Of a stream's messages, many are of one second."""
    return datetime_of(second * SECOND).replace(tzinfo=None).isoformat()
