"""What an erasure takes: keys, subjects, what is past its retention; what is held or retained instead. Pure.

Retention is five years (CTN, arts. 173 and 195), counted from the first day of the year after the issue, and eleven for
the models that Ajuste SINIEF 2/2025 names (132 months from the authorisation; counted here to the end of that year as
well). LGPD, art. 16, I, lets what a law wants kept be kept while that lasts. A subject's *own* documents, which it
issued, are removed when that is asked. In those of others it is a party: their issuer must keep them, and they go when
their time is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from transforms import access_key
from transforms.errors import AcervoError
from transforms.language import say, tr
from transforms.model import Fields
from transforms.truth.read import History
from transforms.truth.registers import Holds
from transforms.truth.tombstones import ISSUER, RECIPIENT, ROLES, parts_of, with_root

YEARS, LONG_YEARS = 5, 11
# Ajuste SINIEF 2/2025, clause 1: NF-e, NFC-e, CT-e, MDF-e, BP-e, GTV-e, NF3e, CT-e OS, NFCom (and DC-e).
LONG_MODELS = ("55", "57", "58", "62", "63", "64", "65", "66", "67", "99")

REMOVE, HELD, RETAINED = "remove", "held", "retained"
_SUBJECT = re.compile(r"[0-9A-Z]{12}[0-9]{2}|[0-9]{11}|[0-9A-Z]{8}")
_WRITTEN = str.maketrans("", "", "./- ")


class ChoiceError(AcervoError):
    """What is asked for chooses nothing, or cannot be understood."""


def subject_of(text: str) -> str:
    """A CNPJ (14 characters), its root (8) or a CPF (11 digits), with or without punctuation. Raises ChoiceError."""
    found = text.translate(_WRITTEN).upper()
    if not _SUBJECT.fullmatch(found):
        raise ChoiceError(say("{text} is no CNPJ (14 characters), root of one (8) or CPF (11 digits)", text=text))
    if (len(found) == 14 and not access_key.is_cnpj(found)) or (len(found) == 11 and not access_key.is_cpf(found)):
        raise ChoiceError(say("{text} has wrong check digits: is it the right one?", text=text))
    return found


_DEAD_LETTER = re.compile(r"[0-9a-f]{64}")
_OTHER_ID = re.compile(r"(?:ID|DPS)[0-9A-Z]{30,60}")


def name_of(text: str) -> str:
    """What may be held or erased by name: a key, an Id, the id of a dead letter, or a subject. Raises ChoiceError."""
    found = text.strip()
    if access_key.is_access_key(found) or _DEAD_LETTER.fullmatch(found) or _OTHER_ID.fullmatch(found):
        return found
    return subject_of(found)


class Verdict(NamedTuple):
    """What becomes of something that is asked for, and until when it is retained."""

    what: str
    until: date | None = None


@dataclass(frozen=True)
class Choice:
    """What is asked for. ``keys``: access keys, Ids of DPS and voided ranges, ids of dead letters. ``older_than``:
    years of retention that must be over; 0: not asked for. ``today`` decides what is over."""

    keys: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ROLES
    older_than: int = 0
    long_models: frozenset[str] = frozenset(LONG_MODELS)
    today: date = date.max
    holds: Holds = field(default_factory=dict)

    @property
    def needs_scan(self) -> bool:
        """Whether every key has to be looked at."""
        return bool(self.subjects or self.older_than)

    def check(self) -> Choice:
        """Itself. Raises ChoiceError for what chooses nothing."""
        if not (self.keys or self.needs_scan):
            raise ChoiceError(tr("nothing is asked for: give --subjects, --erase_keys or --past_years"))
        if self.older_than and self.older_than < YEARS:
            raise ChoiceError(
                say(
                    "--past_years {given}: the law has documents kept for {years} years at least",
                    given=self.older_than,
                    years=YEARS,
                )
            )
        return self

    def of_history(self, history: History) -> Verdict | None:
        """What becomes of a key; None where it is not asked for."""
        dimensions = history.changes[-1].dimensions_after
        parts = parts_of((record.entry for record in history.records), history.key)
        return self.decide({history.key}, parts, issued(dimensions), str(dimensions.get("model", "")))

    def decide(self, names: set[str], parts: dict[str, set[str]], day: date | None, model: str) -> Verdict | None:
        """What becomes of something of these keys, with these ids in it, of that day."""
        ids = {role: set(with_root(found)) for role, found in parts.items()}
        holds = [self.holds[name] for name in names.union(*ids.values()) if name in self.holds]
        years = max([YEARS, *(hold.years for hold in holds), LONG_YEARS if model in self.long_models else 0])
        verdict = self._asked(names, ids, day, years)
        if verdict and verdict.what == REMOVE and any(not hold.years for hold in holds):
            return Verdict(HELD)
        return verdict

    def _asked(self, names: set[str], ids: dict[str, set[str]], day: date | None, years: int) -> Verdict | None:
        if names & self.keys or (ISSUER in self.roles and ids[ISSUER] & self.subjects):
            return Verdict(REMOVE)
        if self.older_than and self._over(day, max(years, self.older_than)):
            return Verdict(REMOVE)
        if RECIPIENT in self.roles and ids[RECIPIENT] & self.subjects:
            return Verdict(REMOVE) if self._over(day, years) else Verdict(RETAINED, kept_until(day, years))
        return None

    def _over(self, day: date | None, years: int) -> bool:
        until = kept_until(day, years)
        return until is not None and self.today >= until


def kept_until(day: date | None, years: int) -> date | None:
    """The first day on which something of a day need not be kept; None where no day is known: it is kept."""
    return date(day.year + years + 1, 1, 1) if day else None


def issued(dimensions: Fields) -> date | None:
    """Day of issue, or the first of its month."""
    text = dimensions.get("day") or dimensions.get("month") or ""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# A run of characters with the form of a key, with whatever prefix an Id has.
_KEY = re.compile(r"(?<![0-9])[0-9]{6}[0-9A-Z]{12}[0-9]{26}(?:[0-9]{6})?(?![0-9])")


def keys_in(text: str) -> set[str]:
    """Access keys that a text holds."""
    found = {match[0] for match in _KEY.finditer(text)}
    return {key for key in found if access_key.is_access_key(key) and access_key.has_right_check_digit(key)}


def subjects_in(text: str, subjects: Iterable[str]) -> Iterator[str]:
    """Those of the subjects that a text names: by CNPJ or CPF as a word, a root by a CNPJ that begins with it."""
    for one in subjects:
        rest = "[0-9A-Z]{4}[0-9]{2}" if len(one) == 8 else ""
        if re.search(rf"(?<![0-9A-Za-z]){re.escape(one)}{rest}(?![0-9A-Za-z])", text):
            yield one
