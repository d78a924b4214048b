from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.counting.sums import bucket_of, text_of, total_of


def test_bucket_of_a_key_is_the_same_in_every_process_and_buckets_fill_evenly() -> None:
    assert bucket_of(("issuer", "12345678000195")) == 381
    filled = Counter(bucket_of(("issuer", f"{number:014d}")) for number in range(51_200))
    assert len(filled) == 512 and max(filled.values()) < 200


@pytest.mark.parametrize(
    ("billionths", "shown"),
    [
        (0, "0.00"),
        (10_100_000_000, "10.10"),
        (-5_000_000_000, "-5.00"),
        (1, "0.000000001"),
        (10**29 * 10**9 + 1, "100000000000000000000000000000.000000001"),
    ],
)
def test_total_is_exact_with_two_decimals_at_least(billionths: int, shown: str) -> None:
    assert text_of(billionths) == format(total_of(billionths), "f") == shown
    assert total_of(billionths) == Decimal(shown)


@given(st.integers(-(10**40), 10**40) | st.integers(-(10**6), 10**6).map(lambda cents: cents * 10**7))
def test_the_text_of_a_total_is_made_without_it(billionths: int) -> None:
    assert text_of(billionths) == format(total_of(billionths), "f")
