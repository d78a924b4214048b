"""Views sum what is in force, and ask of people only what they owe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import views_world as world
from tests.integration.views.conftest import Dataset

US, SUPPLIER, CARRIER, PAYER = "11222333000181", "99888777000161", "52998224000199", "92929292000160"
ORIGINAL, ANNULMENT, SUBSTITUTE = (world.key_of("57", number, issuer=CARRIER) for number in (1, 2, 3))
SILENT, ITS_SUBSTITUTE, REJECTED = (world.key_of("57", number, issuer=CARRIER) for number in (4, 5, 6))
SUMMARY, AWARE = (world.key_of(number=number, issuer=SUPPLIER) for number in (10, 11))
ENTRY_NOTE, RETURN, BARE, BOUGHT = (world.key_of(number=number, issuer=SUPPLIER) for number in (12, 13, 14, 15))


def freight(key: str, record_id: str, total: str, **fields: Any) -> Any:
    return world.document(key, record_id, total=total, payer_id=PAYER, payer_role="sender", **{"purpose": 0, **fields})


def bought(key: str, record_id: str, form: str = "processed", **fields: Any) -> Any:
    return world.document(key, record_id, form, **{"recipient_id": US, "total": "10.00", "operation_type": 1, **fields})


HISTORY = [
    freight(ORIGINAL, "c1", "1000.00"),
    freight(ANNULMENT, "c2", "1000.00", purpose=2, annulled_keys=[ORIGINAL]),
    freight(SUBSTITUTE, "c3", "900.00", purpose=3, replaced_keys=[ORIGINAL]),
    world.event(ORIGINAL, "e1", "240150"),
    world.event(ORIGINAL, "e2", "240140", registered_at="2026-03-13T12:00:00Z"),
    # The office's event never came, and a substitute that was rejected replaces nothing.
    freight(SILENT, "c4", "50.00"),
    freight(ITS_SUBSTITUTE, "c5", "40.00", purpose=3, replaced_keys=[SILENT]),
    freight(REJECTED, "c6", "1.00", purpose=3, replaced_keys=[ITS_SUBSTITUTE], protocol_status=646),
    world.document(SUMMARY, "s1", "summary", summary_status=1, total="5.00"),
    world.document(AWARE, "s2", "summary", summary_status=1, total="6.00"),
    world.event(AWARE, "m2", "210210"),
    bought(ENTRY_NOTE, "n1", operation_type=0),
    bought(RETURN, "n2", purpose=4),
    bought(BARE, "n3", "bare", protocol_status=None, protocol_at=None),
    bought(BOUGHT, "n4"),
]


@pytest.fixture(scope="module")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    made = make_dataset()
    made.write_applied(world.applied(HISTORY))
    made.write_applied(world.retried(world.applied(HISTORY)))
    return made


def test_freight_is_of_what_replaced_and_not_of_what_was_replaced(dataset: Dataset) -> None:
    rows = dataset.query("SELECT payer_id, SUM(freight) AS freight FROM freight_costs GROUP BY payer_id")
    assert [(row["payer_id"], row["freight"]) for row in rows] == [(PAYER, 940)]


def test_what_was_replaced_tells_by_what(dataset: Dataset) -> None:
    rows = dataset.query("SELECT access_key, how, replacement_key FROM replaced_documents ORDER BY replacement_key")
    assert [tuple(row.values()) for row in rows] == [
        (ORIGINAL, "annulled", ANNULMENT), (ORIGINAL, "substituted", SUBSTITUTE),
        (SILENT, "substituted", ITS_SUBSTITUTE),
    ]  # fmt: skip


def test_the_original_is_substituted(dataset: Dataset) -> None:
    (row,) = dataset.query(f"SELECT status FROM document_state WHERE access_key = '{ORIGINAL}'")
    assert row["status"] == "substituted"


def test_what_is_known_by_its_summary_is_to_be_manifested_and_entry_notes_are_not(dataset: Dataset) -> None:
    rows = dataset.query("SELECT access_key FROM manifestation_pending ORDER BY access_key")
    assert [row["access_key"] for row in rows] == sorted([SUMMARY, AWARE, RETURN, BOUGHT])


def test_a_supplier_is_who_sold_something_that_holds(dataset: Dataset) -> None:
    sql = f"SELECT issuer_id, first_access_key, documents FROM suppliers_first_seen WHERE recipient_id = '{US}'"
    assert [tuple(row.values()) for row in dataset.query(sql)] == [(SUPPLIER, BOUGHT, 1)]
