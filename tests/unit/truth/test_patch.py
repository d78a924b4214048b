from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.truth import patch

_LEAVES = st.one_of(st.integers(), st.text(max_size=3), st.booleans(), st.lists(st.text(max_size=2), max_size=3))
_OBJECTS = st.recursive(
    st.dictionaries(st.sampled_from("abcd"), _LEAVES, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), st.one_of(inner, st.lists(inner, max_size=3)), max_size=4),
    max_leaves=8,
)


@given(_OBJECTS, _OBJECTS)
def test_the_way_back_leads_back(now: dict[str, Any], before: dict[str, Any]) -> None:
    assert patch.apply(now, patch.back(now, before)) == before


def test_of_items_only_what_differs_is_kept() -> None:
    before = {"total": "1.00", "items": [{"code": "1", "ncm": "a"}, {"code": "2"}], "tags": ["x"]}
    now = {"items": [{"code": "1", "ncm": "a"}, {"code": "2", "ncm": "b"}], "tags": ["x", "y"], "new": 1}
    assert patch.back(now, before) == {"total": "1.00", "items": {"#1": {"ncm": None}}, "tags": ["x"], "new": None}


@pytest.mark.parametrize(
    ("before", "now", "names"),
    [
        ({}, {"a": 1}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({"i": [{"x": 1}, {"x": 1, "y": 2}]}, {"i": [{"x": 1}, {"x": 2}]}, ["i.x", "i.y"]),
        ({"i": [{"x": 1}]}, {"i": [{"x": 1}, {"x": 2}]}, ["i"]),
        ({"o": {"x": 1}}, {"o": {"x": 1, "y": {"z": 1}}}, ["o.y"]),
    ],
)
def test_differences_are_named_by_where_they_are(before: dict[str, Any], now: dict[str, Any], names: list[str]) -> None:
    assert list(patch.names(patch.back(now, before), now)) == names
