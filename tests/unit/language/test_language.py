"""Which language commands speak, and how numbers, dates and amounts are written in it."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal

from pipelines import command, query, writing
from transforms import language

NUMBERS = (0, 7, -12, 999, 1_000, 1_234_567, -98_765_432)
DECIMALS = ("0", "0.5", "-0.25", "1234.56", "-1234567.891", "999999.999999")


@pytest.mark.parametrize("lang", ["en", "pt"])
def test_numbers_and_dates_are_those_of_the_locale(lang: str) -> None:
    locale = {"en": "en_US", "pt": "pt_BR"}[lang]
    with language.speaking(["--lang", lang]):
        for number in NUMBERS:
            assert language.number(number) == format_decimal(number, locale=locale)
        for text in DECIMALS:
            wanted = format_decimal(Decimal(text), "#,##0.##########", locale=locale)
            assert language.decimal(Decimal(text)) == wanted
            assert language.say("{x:,.2f}", x=Decimal(text)) == format_decimal(
                Decimal(text).quantize(Decimal("0.01")), "#,##0.00", locale=locale
            )
        day = date(2026, 3, 1)
        assert language.day(day) == (format_date(day, "short", locale) if lang == "pt" else "2026-03-01")


def test_amounts_have_cents_and_instants_their_zone() -> None:
    instant = datetime(2026, 3, 1, 9, 30, 0, 500_000, tzinfo=timezone(timedelta(hours=-3)))
    assert language.money(Decimal("1234.5")) == "R$ 1,234.50"
    assert language.money(Decimal("-0.0305")) == "R$ -0.0305"
    assert language.instant(instant) == "2026-03-01 12:30:00.5 UTC"
    assert language.instant(datetime(2026, 3, 1)) == "2026-03-01 00:00:00"
    with language.speaking(["--lang=pt-BR"]):
        assert language.money(Decimal("1234.5")) == "R$ 1.234,50"
        assert language.instant(instant) == "01/03/2026 12:30:00,5 UTC"
        assert language.real(0.25) == "0,25"


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "pt_BR.UTF-8"}, "pt"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANG": "pt_BR.UTF-8"}, "en"),
        ({"LC_MESSAGES": "pt_PT", "LANG": "en_US.UTF-8"}, "pt"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "pt_BR:en"}, "pt"),
        ({"LANG": "C", "LANGUAGE": "pt_BR"}, "en"),
    ],
)
def test_the_locale_says_the_language(variables: dict[str, str], spoken: str) -> None:
    assert language.of_environment(variables) == spoken


def test_a_command_speaks_the_language_asked_for_and_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.environ.get("LANGUAGE")
    assert command.main(["bakfill", "--lang", "pt"]) == 2
    assert capsys.readouterr().err == "erro: bakfill não é um comando do acervo. Você quis dizer backfill?\n"
    with pytest.raises(SystemExit):
        command.main(["--lang=pt", "query", "--max_rows", "x", "SELECT 1"])
    assert "erro: argumento --max_rows: valor inválido para int: 'x'" in capsys.readouterr().err
    assert command.main(["bakfill"]) == 2
    assert capsys.readouterr().err.startswith("error: bakfill is not a command")
    assert os.environ.get("LANGUAGE") == before
    monkeypatch.setenv("LC_ALL", "pt_BR.UTF-8")
    assert command.main(["query", ""]) == 2
    assert capsys.readouterr().err.startswith("erro: ")
    assert command.main(["query", "--lang", "tlh", ""]) == 2
    assert "--lang tlh: commands speak en (English) and pt (Portuguese)" in capsys.readouterr().err


def test_a_block_inside_another_keeps_its_language() -> None:
    assert language.spoken() == "en"
    with language.speaking(["a", "--lang", "pt", "b"]) as rest:
        assert rest == ["a", "b"] and language.tr("error:") == "erro:"
        with language.speaking(rest):
            assert language.spoken() == "pt"
    assert language.spoken() == "en" and language.tr("error:") == "error:"


def test_a_row_for_people_has_amounts_as_money_and_codes_as_they_are() -> None:
    instant = datetime(2026, 3, 1, 12, tzinfo=UTC)
    row = {"number": 1234, "total": Decimal("1500"), "freight_per_cargo": Decimal("0.0125"), "issued_at": instant}
    row |= {"icms_base": Decimal("12345.6"), "day": date(2026, 3, 1), "status": "authorised", "none": None}
    shown = {name: query.shown(name, value) for name, value in row.items()}
    assert shown == {
        "number": "1234",
        "total": "R$ 1,500.00",
        "freight_per_cargo": "0.0125",
        "issued_at": "2026-03-01 12:00:00 UTC",
        "icms_base": "R$ 12,345.60",
        "day": "2026-03-01",
        "status": "authorised",
        "none": "",
    }
    with language.speaking(["--lang", "pt"]):
        assert query.shown("total", row["total"]) == "R$ 1.500,00"
        assert writing.cell(row["total"]) == "1500"
