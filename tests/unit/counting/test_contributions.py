from __future__ import annotations

from decimal import Decimal

from hypothesis import given

from tests.histories import histories
from tests.unit.counting.changes import changes_of, counted
from transforms.counting.contributions import contributions
from transforms.model import Change, Entry


@given(histories())
def test_counts_end_where_the_last_state_alone_would_put_them(history: list[Entry]) -> None:
    changes = changes_of(history)
    final = changes[-1]._replace(dimensions_before=None)
    assert counted(changes) == counted([final])


@given(histories())
def test_counts_do_not_depend_on_the_order_of_arrival(history: list[Entry]) -> None:
    assert counted(changes_of(history)) == counted(changes_of(history[::-1]))


def test_change_without_new_dimensions_contributes_nothing() -> None:
    same = {"status": "authorised", "uf": "SP", "total": "10.00"}
    change = Change("k", 2, "r", "run", "o", "j", 0, 0, {}, {}, same, dict(same))
    assert list(contributions(change)) == []


def test_cancellation_moves_the_document_and_its_value_between_statuses() -> None:
    before = {"status": "authorised", "uf": "SP", "model": "55", "total": "10.10"}
    change = Change("k", 2, "r", "run", "o", "j", 0, 0, {}, {}, before, before | {"status": "cancelled"})
    moved = {(key.dimension, key.value, key.status): amount for key, amount in contributions(change)}
    assert moved["uf", "SP", "authorised"] == (-1, Decimal("-10.10"))
    assert moved["uf", "SP", "cancelled"] == (1, Decimal("10.10"))
