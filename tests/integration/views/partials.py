"""Partial sums of generated histories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import Any

from tests import views_world as world
from transforms.counting.contributions import Amount, CountKey, add, columns_of, contributions
from transforms.model import Applied
from transforms.views.rows import Row


def some_histories(seed: int) -> list[Applied]:
    """Documents of several models, states, days and issuers, half of them changed by a later event."""
    random = Random(seed)
    entries = []
    for number in range(60):
        model = random.choice(["55", "65", "57"])
        key = world.key_of(model, number, issuer=random.choice(["11222333000181", "99888777000161"]))
        recipient = random.choice(["11222333000181", "99888777000161", None])
        day = random.choice(["2026-03-10", "2026-03-11", "2026-04-01", None])
        amount = random.choice(["10.00", "0.01", None])
        codes = random.choice([{}, {"operation_type": 1, "purpose": 1}, {"operation_type": 0, "purpose": 4}])
        document = world.document(key, f"d{number}", recipient_id=recipient, issued_on=day, total=amount, **codes)
        event = world.event(key, f"e{number}", random.choice(["110111", "110110"]))
        entries += random.choice([[document], [event], [document, event], [event, document, document]])
    return world.applied([*entries, world.voided_range("v1", 100, 120)])


def partials(applied: Iterable[Applied], name: str, started_at: int) -> list[Row]:
    """Rows of ``counts`` as a bounded job makes them."""
    sums: dict[CountKey, Any] = defaultdict(lambda: Amount(0, Decimal(0)))
    for result in applied:
        for key, amount in contributions(result.change) if result.change else ():
            sums[key] = add(sums[key], amount)
    return [
        {
            "partial": name,
            **columns_of(key),
            "documents": amount.documents,
            "total": str(amount.total),
            "job_started_at": started_at,
        }
        for key, amount in sums.items()
    ]
