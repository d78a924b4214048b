from __future__ import annotations

import pytest

from transforms import access_key


@pytest.mark.parametrize(
    "key",
    [
        "3526050X0J92JY000196570010000006041448679011",
        "35180834128745000152550010000476051695511860",
        "35211000017946554095551211015243213936501279",
    ],
)
def test_published_keys_have_the_form_and_the_check_digit(key: str) -> None:
    assert access_key.is_access_key(key)
    assert access_key.check_digit(key) == key[-1]
    assert access_key.check_digit(key[:10] + ("1" if key[10] != "1" else "2") + key[11:]) != key[-1]


@pytest.mark.parametrize("key", ["", "3" * 43, "3" * 45, "3" * 20 + "a" + "3" * 23, "٣" * 44, "3" * 44 + "\n"])
def test_other_texts_are_no_keys(key: str) -> None:
    assert not access_key.is_access_key(key)


def test_parts_of_a_key_with_letters_in_its_cnpj() -> None:
    parts = access_key.split("3526050X0J92JY000196570010000006041448679011")
    assert (parts.uf, parts.month, parts.issuer_id, parts.model) == ("SP", "2026-05-01", "0X0J92JY000196", "57")
    assert not parts.issuer_is_person


def test_person_stands_behind_three_zeros_but_low_cnpj_is_a_company() -> None:
    assert access_key.split("35211000017946554095551211015243213936501279").issuer_id == "17946554095"
    assert access_key.split("532110" + "00000000000191" + "55" + "1" * 22).issuer_id == "00000000000191"


def test_key_of_no_month_and_no_state() -> None:
    parts = access_key.split("992113" + "0" * 38)
    assert parts.uf is None and parts.month is None


def test_tax_ids() -> None:
    assert access_key.is_cnpj("12ABC34501DE35") and not access_key.is_cnpj("12ABC34501DE36")
    assert not access_key.is_cnpj("11111111111111") and not access_key.is_cnpj("1234")
    assert access_key.is_cpf("52998224725") and not access_key.is_cpf("52998224726")
    assert not access_key.is_cpf("11111111111")


NFSE = "43149022226263261000198000000000000225120787292537"
SAT = "35250311222333000181590001234500067812345"


def test_parts_of_the_keys_of_every_kind() -> None:
    nfse = access_key.split(NFSE)
    assert (nfse.uf, nfse.month, nfse.issuer_id, nfse.model) == ("RS", "2025-12-01", "26263261000198", "nfse")
    assert (nfse.place, nfse.number, nfse.series) == ("43149022", "0000000000002", "")
    dps = access_key.split("DPS410690211234567800019500001000000000000059")
    assert (dps.uf, dps.month, dps.series, dps.number, dps.model) == ("PR", None, "00001", "000000000000059", "dps")
    sat = access_key.split(SAT + "999")
    assert (sat.series, sat.number, sat.emission_type) == ("000123450", "006781", "")
    assert all(access_key.is_access_key(key) for key in (NFSE, "DPS410690211234567800019500001000000000000059"))


def test_check_digits_of_other_lengths() -> None:
    assert access_key.has_right_check_digit(NFSE) and not access_key.has_right_check_digit(NFSE[:-1] + "0")
    assert access_key.check_digit(NFSE[:-1]) == access_key.check_digit(NFSE) == "7"
    assert access_key.has_right_check_digit("DPS410690211234567800019500001000000000000059")


def test_a_key_says_whether_its_issuer_is_a_person_where_it_can() -> None:
    person = NFSE[:8] + "1" + "00052998224725" + NFSE[23:]
    company = NFSE[:8] + "2" + "00000000000191" + NFSE[23:]
    assert access_key.split(person).issuer_id == "52998224725"
    assert access_key.split(company).issuer_id == "00000000000191"


def test_row_keys_begin_with_state_month_and_issuer_and_can_be_read_back() -> None:
    row = access_key.to_row(NFSE)
    assert row.startswith("43" + "2512" + "26263261000198") and access_key.from_row(row) == NFSE
    others = ("35" * 22, "ID35251122233300018155001000000010000000020", "x" * 50, "x" * 51, row)
    for text in others[:-1]:
        assert access_key.to_row(text) == text and access_key.from_row(text) == text
    assert access_key.from_row(row[:20] + "5" + row[21:]) != NFSE
