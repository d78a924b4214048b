"""What a company sold, bought, owes, and numbered twice: what holds alone, each kind of document on its own side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from tests.integration.views.dataset import Dataset
from tests.integration.views.trade import HISTORY, THEM, US


@pytest.fixture(scope="module")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    made = make_dataset()
    made.write_history(HISTORY)
    return made


def test_net_is_what_was_sold_less_what_came_back_and_each_side_sees_the_same(dataset: Dataset) -> None:
    query = (
        "SELECT company_id, side, party_id, documents, total, returns, returned, credit_notes, debit_notes, net "
        "FROM net_trade WHERE party_id IS NOT NULL ORDER BY company_id, side DESC"
    )
    found = {(row["company_id"], row["side"]): tuple(row.values())[2:] for row in dataset.query(query)}
    sold = (4, Decimal(2025), 2, Decimal(130), Decimal(40), Decimal(15), Decimal(1870))
    # Entry notes are of who buys; the other side of one sold.
    bought = (2, Decimal(400), 0, Decimal(0), Decimal(0), Decimal(0), Decimal(400))
    assert found == {
        (US, "sale"): (THEM, *sold),
        (US, "purchase"): (THEM, *bought),
        (THEM, "purchase"): (US, *sold),
        (THEM, "sale"): (US, *bought),
    }


def test_instalments_are_due_by_day(dataset: Dataset) -> None:
    rows = dataset.query("SELECT invoice_number, instalment, due_on, value FROM instalments_due ORDER BY due_on")
    assert [tuple(row.values()) for row in rows] == [
        ("F12", "001", date(2026, 6, 1), Decimal(450)),
        ("F12", "002", date(2026, 7, 1), Decimal(450)),
    ]


def test_a_number_under_two_keys_tells_how_many_hold(dataset: Dataset) -> None:
    query = (
        "SELECT number, access_keys, keys_in_force, total_in_force, ARRAY_LENGTH(found_keys) AS found "
        "FROM numbers_under_several_keys ORDER BY number"
    )
    assert [tuple(row.values()) for row in dataset.query(query)] == [
        (13, 2, 2, Decimal(110), 2),
        (14, 2, 1, Decimal(66), 2),
    ]


def test_items_are_added_up_by_supplier_ncm_and_unit(dataset: Dataset) -> None:
    query = (
        "SELECT issuer_id, recipient_id, ncm, cfop, unit, documents, items, quantity, value, discount "
        "FROM items_by_ncm_and_supplier ORDER BY unit"
    )
    assert [tuple(row.values())[2:] for row in dataset.query(query)] == [
        ("22030000", "5102", "CX", 1, 2, Decimal("5.5"), Decimal(80), Decimal(1)),
        ("22030000", "5102", "UN", 1, 1, Decimal(1), Decimal(20), None),
    ]
