"""Wall-clock instants with their offset, as fiscal documents write them (``2025-03-01T09:30:00-03:00``)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from local.generate.rng import Rng

_EPOCH = datetime(1970, 1, 1)
_DAY = 86_400

# Brazil has no daylight saving time since 2019 (Decreto 9.772/2019).
_OFFSET_OF_UF = {"AC": -5, "AM": -4, "RO": -4, "RR": -4, "MT": -4, "MS": -4}


class Instant(NamedTuple):
    """``wall`` is seconds since 1970-01-01 of the local clock, ``offset`` its hours from UTC."""

    wall: int
    offset: int

    @property
    def moment(self) -> datetime:
        """The local clock, naive."""
        return _EPOCH + timedelta(seconds=self.wall)

    @property
    def naive(self) -> str:
        """``2025-03-01T09:30:00``, without the offset."""
        return self.moment.isoformat()

    @property
    def text(self) -> str:
        """``2025-03-01T09:30:00-03:00``."""
        return f"{self.moment.isoformat()}-{-self.offset:02d}:00"

    @property
    def day(self) -> str:
        """Local date, ``2025-03-01``."""
        return self.moment.date().isoformat()

    @property
    def year_month(self) -> str:
        """``2503``, as an access key holds it."""
        moment = self.moment
        return f"{moment.year % 100:02d}{moment.month:02d}"

    def plus(self, seconds: int) -> Instant:
        """The instant some seconds later, at the same offset."""
        return Instant(self.wall + seconds, self.offset)

    def at_offset(self, offset: int) -> Instant:
        """The same moment on the clock of another offset."""
        return Instant(self.wall + (offset - self.offset) * 3600, offset)

    def plus_days(self, days: int) -> str:
        """The local date some days later, ``2025-03-31``."""
        return (self.moment.date() + timedelta(days=days)).isoformat()


class Span(NamedTuple):
    """Days from which issue instants are drawn, both included."""

    first: date
    last: date


CURRENT = Span(date(2023, 1, 2), date(2026, 10, 31))
LEGACY = Span(date(2016, 1, 4), date(2018, 7, 31))  # layout 3.10 was accepted until 2018-08-01
LETTERS = Span(date(2026, 7, 6), date(2026, 10, 31))  # CNPJs with letters exist since 2026-07-06


_LETTERS_FROM = (LETTERS.first - date(1970, 1, 1)).days * _DAY


def letters_exist(at: Instant) -> bool:
    """Whether CNPJs with letters existed at that instant."""
    return at.wall >= _LETTERS_FROM


def span_of(has_letters: bool) -> Span:
    """The days on which an issuer issues, by whether its CNPJ has letters."""
    return LETTERS if has_letters else CURRENT


def offset_of(uf: str) -> int:
    """Hours from UTC of a state's capital."""
    return _OFFSET_OF_UF.get(uf, -3)


def authoriser_offset(uf: str) -> int:
    """Hours from UTC of the clock of who authorises a state's documents; states without an own one share one."""
    return -4 if uf in ("AM", "MT", "MS") else -3


def draw(rng: Rng, uf: str, span: Span = CURRENT) -> Instant:
    """An instant of the span between 06:00 and 22:00 local time."""
    first = (span.first - date(1970, 1, 1)).days
    day = first + rng.below((span.last - span.first).days + 1)
    return Instant(day * _DAY + rng.between(6 * 3600, 22 * 3600 - 1), offset_of(uf))
