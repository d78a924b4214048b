from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.truth import rows
from transforms.truth.selection import Selection, split

KEY = "35250312345678000195550010000000011000000010"


def holds(selection: Selection, key: str) -> bool:
    row = rows.row_key(key)
    return any(start <= row < end for start, end in selection.ranges()) and selection.takes(key)


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        (Selection(), True),
        (Selection(states=("SP",)), True),
        (Selection(states=("RJ", "MG")), False),
        (Selection(months=("2503",)), True),
        (Selection(months=("2504",)), False),
        (Selection(states=("SP",), months=("2503",), issuers=("12345678000195",)), True),
        (Selection(states=("SP",), months=("2503",), issuers=("12345678000196",)), False),
        (Selection(issuers=("12345678000195",)), True),
        (Selection(issuers=("12345678000196",)), False),
        (Selection(keys=(KEY,)), True),
        (Selection(keys=(KEY[:-1] + "1",)), False),
    ],
)
def test_a_key_is_in_the_ranges_of_what_selects_it_and_of_nothing_else(selection: Selection, selected: bool) -> None:
    assert holds(selection, KEY) is selected


def test_a_voided_range_is_selected_by_state_and_issuer_and_not_by_month() -> None:
    key = "ID35251234567800019555001000000001000000002"
    assert holds(Selection(states=("SP",)), key) and holds(Selection(issuers=("12345678000195",)), key)
    assert not holds(Selection(states=("SP",), months=("2503",)), key)


@pytest.mark.parametrize(
    "arguments",
    [
        {"months": ("2513",)},
        {"states": ("XX",)},
        {"issuers": ("1",)},
        {"keys": (KEY, KEY[:-1])},
        {"keys": (KEY,), "states": ("SP",)},
    ],
)
def test_what_selects_nothing_is_refused(arguments: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError):
        Selection(**arguments)


@given(st.lists(st.binary(min_size=1, max_size=3)))
def test_splitting_keeps_every_row_in_exactly_one_range(samples: list[bytes]) -> None:
    ranges = split(rows.scan_ranges("35"), samples)
    for key in (KEY, "35" + KEY[2:-1] + "7"):
        row = rows.row_key(key)
        assert sum(start <= row < end for start, end in ranges) == 1
    assert all(start < end for start, end in ranges)
