from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.truth import row_keys
from transforms.truth.selection import Selection, split

KEY = "35250312345678000195550010000000011000000010"
NFSE = "35503082212345678000195000000000000125031234567890"
DPS = "DPS355030821234567800019500001000000000000001"


def holds(selection: Selection, key: str) -> bool:
    row = row_keys.row_key(key)
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
    if not selection.keys:
        assert holds(selection, NFSE) is selected


def test_the_key_of_an_nfse_and_the_id_of_a_dps_are_keys_of_a_list() -> None:
    for key in (NFSE, DPS):
        assert holds(Selection(keys=(KEY, key)), key) and not holds(Selection(keys=(KEY,)), key)
        assert row_keys.key_of(row_keys.row_key(key)) == key


@pytest.mark.parametrize("key", ["ID35251234567800019555001000000001000000002", DPS])
def test_what_has_no_month_is_selected_by_state_and_issuer_alone(key: str) -> None:
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
    ranges = split(row_keys.scan_ranges("35"), samples)
    for key in (KEY, "35" + KEY[2:-1] + "7"):
        row = row_keys.row_key(key)
        assert sum(start <= row < end for start, end in ranges) == 1
    assert all(start < end for start, end in ranges)
