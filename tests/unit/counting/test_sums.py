from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.counting.sums import Sums, pack, total_of, unpack

texts = st.text(max_size=5)
sums_of_groups = st.dictionaries(st.tuples(texts, texts), st.tuples(st.integers(-9, 9), st.integers()), max_size=9)


@given(sums_of_groups)
def test_packed_sums_are_read_back_whatever_their_size(sums: Sums) -> None:
    assert unpack(pack(sums)) == sums


def test_equal_sums_are_packed_alike_whatever_their_order() -> None:
    sums: Sums = {("55", "b"): (1, 2), ("55", "a"): (3, 4)}
    assert pack(sums) == pack(dict(reversed(sums.items())))


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
    assert format(total_of(billionths), "f") == shown
    assert total_of(billionths) == Decimal(shown)
