"""Views sum what is in force, and ask of people only what they owe."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import views_world as world
from tests.integration.views.dataset import Dataset
from tests.integration.views.replaced import (
    ANNULMENT,
    AWARE,
    BOUGHT,
    HISTORY,
    ITS_SUBSTITUTE,
    ORIGINAL,
    PAYER,
    RETURN,
    SILENT,
    SUBSTITUTE,
    SUMMARY,
    SUPPLIER,
    US,
)


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
