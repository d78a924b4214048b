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
