from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from transforms import instants

LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000001Z"),
        (1_770_000_000_000_000, "2026-02-02T02:40:00Z"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_micros_and_text_say_the_same(micros: int, text: str) -> None:
    assert instants.text_of(micros) == text
    assert instants.micros_of_text(text) == micros


def test_no_micro_is_lost_to_a_float() -> None:
    assert instants.micros_of(LATEST) == 253_402_300_799_999_999
    assert instants.datetime_of(instants.micros_of(LATEST)) == LATEST


def test_text_is_utc_unless_it_names_an_offset() -> None:
    assert instants.micros_of_text("1970-01-01T00:00:01") == instants.SECOND
    assert instants.micros_of_text("1970-01-01T00:00:00-03:00") == 3 * 3600 * instants.SECOND


def test_text_that_is_no_instant_is_refused() -> None:
    with pytest.raises(ValueError):
        instants.micros_of_text("yesterday")


def test_now_is_micros() -> None:
    assert abs(instants.now() / instants.SECOND - time.time()) < 60
