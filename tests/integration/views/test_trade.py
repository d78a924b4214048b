"""What a company sold, bought, owes, and numbered twice: what holds alone, each kind of document on its own side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests import views_world as world
from tests.integration.views.dataset import Dataset
from transforms import access_key

US, THEM = "11222333000181", "99888777000161"


def note(number: int, total: str, issuer: str = US, **fields: Any) -> Any:
    """An NF-e between the two, of production, a sale unless the fields say otherwise."""
    other = {US: THEM, THEM: US}[issuer]
    defaults = {"operation_type": 1, "purpose": 1, "recipient_id": other, "recipient_name": f"name of {other}"}
    return world.document(world.key_of(number=number, issuer=issuer), f"n{number}", total=total, **defaults | fields)


def in_contingency(number: int) -> str:
    """Another key of the same number: emission type 9, and another random code."""
    key = world.key_of(number=number)
    body = key[:34] + "9" + "12345678"
    return body + access_key.check_digit(body)


BUYS = {"operation_type": 0}
ITEMS = [
    {"number": 1, "ncm": "22030000", "cfop": "5102", "unit": "CX", "quantity": "2", "value": "50.00"},
    {"number": 2, "ncm": "22030000", "cfop": "5102", "unit": "CX", "quantity": "3.5", "value": "30.00",
     "discount": "1.00"},
    {"number": 3, "ncm": "22030000", "cfop": "5102", "unit": "UN", "quantity": "1", "value": "20.00"},
]  # fmt: skip
HISTORY = [
    note(1, "1000.00"),
    note(2, "70.00", purpose=2),
    note(3, "999.00", purpose=3),
    note(4, "100.00", issuer=THEM, purpose=4),
    note(5, "40.00", purpose=5),
    note(6, "15.00", purpose=6),
    note(7, "5000.00"),
    world.event(world.key_of(number=7), "e7", "110111"),
    note(8, "6000.00", environment=2),
    note(9, "300.00", **BUYS),
    note(10, "30.00", **BUYS, purpose=4),
    note(11, "100.00", issuer=THEM, items=ITEMS),
    note(
        12, "900.00",
        invoice_number="F12",
        instalments=[
            {"number": "001", "due_on": "2026-06-01", "value": "450.00"},
            {"number": "002", "due_on": "2026-07-01", "value": "450.00"},
        ],
    ),
    note(13, "55.00"),
    world.document(in_contingency(13), "again", total="55.00", operation_type=1, purpose=1, recipient_id=None),
    note(14, "66.00", protocol_status=225),
    world.document(in_contingency(14), "other", total="66.00", operation_type=1, purpose=1, recipient_id=None),
]  # fmt: skip


@pytest.fixture(scope="module")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    made = make_dataset()
    made.write_applied(world.applied(HISTORY))
    made.write_applied(world.retried(world.applied(HISTORY)))
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
        "SELECT number, access_keys, keys_in_force, total_in_force, ARRAY_LENGTH(documents) AS documents "
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
