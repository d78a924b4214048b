"""What an erasure takes, what it leaves because it is held or its time runs, and what a dead letter says."""

from __future__ import annotations

from datetime import date

import pytest

from tests.histories import key_of
from transforms.erase.choice import (
    HELD,
    LONG_YEARS,
    REMOVE,
    RETAINED,
    Choice,
    ChoiceError,
    Verdict,
    kept_until,
    name_of,
)
from transforms.erase.letters import verdict_of
from transforms.model import DeadLetter
from transforms.truth.registers import Hold
from transforms.truth.tombstones import ISSUER, RECIPIENT

COMPANY, OTHER, PERSON = "11222333000181", "11444777000161", "52998224725"
TODAY = date(2026, 6, 1)


def decided(choice: Choice, day: date | None = date(2025, 3, 1), model: str = "55", **parts: str) -> Verdict | None:
    found = {ISSUER: {parts.get("issuer", OTHER)}, RECIPIENT: {parts.get("recipient", OTHER)}}
    return choice.decide({"key"}, found, day, model)


def of(*subjects: str, **more: object) -> Choice:
    return Choice(subjects=frozenset(subjects), today=TODAY, **more)


@pytest.mark.parametrize("subject", [COMPANY, COMPANY[:8]])
def test_what_a_subject_issued_goes_at_once_and_what_others_issued_when_its_time_is_over(subject: str) -> None:
    choice = of(subject)
    assert decided(choice, issuer=COMPANY) == Verdict(REMOVE)
    assert decided(choice, recipient=COMPANY) == Verdict(RETAINED, date(2037, 1, 1))
    assert decided(choice, model="59", recipient=COMPANY) == Verdict(RETAINED, date(2031, 1, 1))
    assert decided(choice, day=date(2014, 12, 31), recipient=COMPANY) == Verdict(REMOVE)
    assert decided(choice, day=None, recipient=COMPANY) == Verdict(RETAINED), "of no day that is known: it is kept"
    assert decided(choice) is None


def test_the_time_runs_from_the_end_of_the_year() -> None:
    assert kept_until(date(2020, 1, 1), 5) == kept_until(date(2020, 12, 31), 5) == date(2026, 1, 1)
    past = Choice(older_than=5, today=date(2026, 1, 1))
    assert decided(past, date(2020, 12, 31), "59") == Verdict(REMOVE)
    assert decided(past, date(2021, 1, 1), "59") is None
    assert decided(past, date(2020, 12, 31), "55") is None, "kept for eleven years"
    assert decided(past, date(2014, 12, 31), "55") == Verdict(REMOVE)


def test_what_is_held_stays_and_what_is_marked_stays_longer() -> None:
    held = of(COMPANY, holds={COMPANY[:8]: Hold("case", 1)})
    assert decided(held, issuer=COMPANY) == Verdict(HELD)
    marked = Choice(older_than=5, today=TODAY, holds={OTHER: Hold("state", 1, LONG_YEARS)})
    assert decided(marked, date(2019, 1, 1), "59") is None
    assert decided(marked, date(2014, 1, 1), "59") == Verdict(REMOVE)


def test_what_asks_for_nothing_or_for_no_id_is_refused() -> None:
    for text in ("11222333000182", "52998224726", "123", "' OR TRUE --"):
        with pytest.raises(ChoiceError):
            name_of(text)
    assert name_of("11.222.333/0001-81") == COMPANY
    for choice in (Choice(), Choice(older_than=4)):
        with pytest.raises(ChoiceError):
            choice.check()


def letter(text: str, encoding: str = "utf-8") -> DeadLetter:
    payload = text.encode(encoding)
    return DeadLetter("unknown_root", "?", "parse", "file:///a.xml", payload, 1_740_000_000_000_000, len(payload))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_dead_letter_goes_with_whom_it_names(encoding: str) -> None:
    choice = of(COMPANY, PERSON)
    assert verdict_of(letter(f"<CNPJ>{COMPANY}</CNPJ>", encoding), choice, lambda _: False) == Verdict(REMOVE)
    assert verdict_of(letter(f"<CPF>{PERSON}</CPF>", encoding), choice, lambda _: False) == Verdict(REMOVE)
    assert verdict_of(letter(f"<nNF>9{PERSON}9</nNF>", encoding), choice, lambda _: False) is None, "part of a number"
    key = key_of("55", 7)
    named = letter(f'<x Id="NFe{key}"><CPF>{PERSON}</CPF></x>', encoding)
    verdict = verdict_of(named, of(PERSON), lambda _: False)
    assert verdict and verdict.what == RETAINED, "it may be a document of another issuer"
    assert verdict_of(letter(f'<x Id="NFe{key}"/>', encoding), choice, lambda one: one == key) == Verdict(REMOVE)
    assert verdict_of(letter("<x/>", encoding), choice, lambda _: True) is None
