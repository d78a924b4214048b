"""A history of two companies: sales, purchases, returns, credit and debit notes, instalments, doubled numbers."""

from __future__ import annotations

from typing import Any

from tests import views_world as world
from transforms import access_key

US, THEM = "20304050000161", "60708090000129"


def note(number: int, total: str, issuer: str = US, **fields: Any) -> Any:
    """An NF-e between the two, of production, a sale unless the fields say otherwise."""
    other = {US: THEM, THEM: US}[issuer]
    defaults = {"operation_type": 1, "purpose": 1, "recipient_id": other, "recipient_name": f"name of {other}"}
    return world.document(world.key_of(number=number, issuer=issuer), f"n{number}", total=total, **defaults | fields)


def in_contingency(number: int) -> str:
    """Another key of the same number: emission type 9, and another random code."""
    key = world.key_of(number=number, issuer=US)
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
    world.event(world.key_of(number=7, issuer=US), "e7", "110111"),
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
