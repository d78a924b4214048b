"""Entries are found by key and side, once; what differs from their documents is told by kind."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests import views_world
from transforms.efd import compare
from transforms.efd.compare import Booked, Difference
from transforms.efd.reader import Entry, Problem
from transforms.efd.sqlite import Entries, Number
from transforms.families import FAMILIES, booking, statuses

KEY, OTHER = views_world.key_of(number=7), views_world.key_of(number=8)
ENTRY = Entry(4, "C100", "1", "0", "55", "00", "001", 7, KEY, date(2026, 3, 10), Decimal("10.00"))
HERE = Booked(
    "11222333000181", "C100", "1", "0", "99888777000161", "55", "00", "must", "001", 7, KEY, date(2026, 3, 10),
    Decimal("10"), "authorised",
)  # fmt: skip


def kinds(entry: Entry, here: Booked) -> list[str]:
    return [one.kind for one in compare.differences(entry, here)]


def test_what_agrees_differs_in_nothing() -> None:
    assert kinds(ENTRY, HERE) == []
    assert kinds(ENTRY._replace(vl_doc=None, cod_sit=None), HERE) == []


@pytest.mark.parametrize(
    ("in_file", "here", "found"),
    [
        ("00", "00", []), ("01", "00", []), ("08", "00", []), ("02", "00", ["cod_sit_differs"]),
        ("06", "00", ["cod_sit_differs"]), ("03", "02", []), ("00", "02", ["cod_sit_differs"]), ("07", "06", []),
        ("00", "06", ["cod_sit_differs"]), ("04", "04", []), ("05", "04", ["cod_sit_differs"]), ("00", "08", []),
        ("02", "08", ["cod_sit_differs"]), ("00", None, ["must_not_be_booked"]),
    ],
)  # fmt: skip
def test_codes_that_say_the_same_do_not_differ(in_file: str, here: str | None, found: list[str]) -> None:
    assert kinds(ENTRY._replace(cod_sit=in_file), HERE._replace(cod_sit=here)) == found


def test_values_are_compared_where_both_are_in_force() -> None:
    (found,) = compare.differences(ENTRY._replace(vl_doc=Decimal("7.50")), HERE)
    assert (found.kind, found.amount) == ("vl_doc_differs", Decimal("2.50"))
    assert kinds(ENTRY._replace(cod_sit="02", vl_doc=Decimal("7.50")), HERE._replace(cod_sit="02")) == []


def test_the_side_differs_unless_an_office_issued_the_document() -> None:
    assert kinds(ENTRY._replace(ind_emit="1", ind_oper="0"), HERE) == ["side_differs"]
    assert kinds(ENTRY._replace(ind_emit="1", ind_oper="0"), HERE._replace(cod_sit="08")) == []


def test_what_must_not_be_booked_is_told_alone() -> None:
    (found,) = compare.differences(ENTRY._replace(vl_doc=Decimal(7)), HERE._replace(booking="must_not", cod_sit="04"))
    assert (found.kind, found.status, found.cod_sit_here) == ("must_not_be_booked", "authorised", "04")


def test_only_what_must_be_booked_is_missing() -> None:
    missing = compare.not_in_file(HERE, set())
    assert missing is not None and missing[:2] == ("issued_not_in_file", None)
    received = compare.not_in_file(HERE._replace(ind_emit="1"), {"55"})
    assert received is not None and received.kind == "received_not_in_file"
    assert compare.not_in_file(HERE._replace(booking="may"), set()) is None
    assert compare.not_in_file(HERE, {"55"}) is None
    assert compare.not_in_file(HERE._replace(cod_sit="02"), {"55"}) is not None


def test_a_damaged_line_is_a_difference() -> None:
    found = compare.unreadable(Problem(9, "C100", "vl_doc", "1.5"))
    assert found == Difference("unreadable", 9, "C100", problem="vl_doc", text="1.5")
    assert found.amount == 0


def test_entries_are_found_by_key_and_side_and_are_left_otherwise() -> None:
    voided = ENTRY._replace(line=6, key="", num_doc=9, dt_doc=None, vl_doc=None)
    bought = ENTRY._replace(line=7, ind_emit="1", ind_oper="0")
    left = ENTRY._replace(line=8, key=OTHER)
    with Entries() as entries:
        entries.add([ENTRY, voided])
        entries.add([bought, ENTRY._replace(line=5), left])
        entries.complete()
        assert list(entries.repeated()) == [ENTRY._replace(line=5)]
        assert [one.line for one in entries.left()] == [4, 6, 7, 8]
        assert entries.find(KEY, "1") == bought
        assert entries.find(KEY, "0") == ENTRY
        assert entries.find(OTHER, "1") is None
        assert entries.find_number(Number("55", "001", 9)) == voided
        assert entries.find_number(Number("55", "001", 7)) is None
        assert list(entries.left()) == [left]
        assert entries.find(OTHER, "1", either=True) == left
        assert list(entries.left()) == []


def test_every_status_of_a_document_that_is_booked_has_a_situation() -> None:
    """Of what an office has accepted. A voided number is booked without its key."""
    rules = {(model, status): one for one in booking.SITUATIONS for model in one.models for status in one.statuses}
    registered = {model for one in booking.REGISTERS for model in one.models}
    for family in FAMILIES.values():
        known = {rule.status for rule in family.protocol_rules} | {rule.status for rule in family.event_rules}
        known |= {*family.form_statuses.values()} - {statuses.VOIDED}
        for model in family.models:
            if model in registered:
                missing = {status for status in known - {statuses.VOIDED} if (model, status) not in rules}
                assert missing <= NEVER.get(model, set()), model
    assert {model for model, _ in rules} == registered


# What the common rules could give, and no office says of these models.
NEVER = {model: {statuses.DENIED} for model in ("63", "66", "62")}
