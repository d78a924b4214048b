"""Views sum what is in force, and ask of people only what they owe."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.integration.views.dataset import Dataset
from tests.integration.views.replaced import (
    ANNULMENT,
    AWARE,
    BOUGHT,
    CARRIER,
    HISTORY,
    ITS_SUBSTITUTE,
    LATE,
    ORIGINAL,
    PAYER,
    PROVIDER,
    RETURN,
    SILENT,
    SUBSTITUTE,
    SUMMARY,
    SUPPLIER,
    US,
    dps_of,
    nfse_of,
    sale_of,
)


@pytest.fixture(scope="module")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    made = make_dataset()
    made.write_history(HISTORY)
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


def test_freight_is_supplied_to_who_pays_it(dataset: Dataset) -> None:
    rows = dataset.query(f"SELECT recipient_id, documents FROM suppliers_first_seen WHERE issuer_id = '{CARRIER}'")
    assert [tuple(row.values()) for row in rows] == [(PAYER, 3)]


def test_a_cancellation_in_the_test_environment_is_not_late_for_anybody(dataset: Dataset) -> None:
    rows = dataset.query("SELECT access_key FROM late_cancellations")
    assert [row["access_key"] for row in rows] == [LATE]


def test_missing_numbers_of_services_are_told_by_place_and_by_dps(dataset: Dataset) -> None:
    rows = dataset.query(
        "SELECT model, place, series, first_missing, last_missing FROM numbering_gaps "
        f"WHERE issuer_id = '{PROVIDER}' ORDER BY model, first_missing"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("dps", "3550308", 1, 3, 3),
        ("dps", "3550308", 1, 5, 5),
        ("nfse", "35503082", 0, 3, 4),
    ]


def test_what_keys_of_other_kinds_tell_is_in_the_state(dataset: Dataset) -> None:
    rows = dataset.query(
        "SELECT access_key, model, status, series, number FROM document_state "
        f"WHERE access_key IN ('{nfse_of(5)}', '{dps_of(6)}', '{sale_of(1)}', '{sale_of(3)}') ORDER BY access_key"
    )
    assert sorted(tuple(row.values()) for row in rows) == sorted(
        [
            (nfse_of(5), "nfse", "authorised", None, 5),
            (dps_of(6), "dps", "unprotocoled", 1, 6),
            (sale_of(1), "59", "cancelled", 12345, 1),
            (sale_of(3), "59", "authorised", 12345, 3),
        ]
    )


def test_a_dps_is_in_the_history_of_the_nfse_made_from_it(dataset: Dataset) -> None:
    rows = dataset.query(
        f"SELECT record_id, status_after FROM history WHERE access_key = '{nfse_of(5)}' ORDER BY record_id"
    )
    assert [tuple(row.values()) for row in rows] == [("f5", "authorised"), ("p4", "unprotocoled")]
    (alone,) = dataset.query(f"SELECT record_id FROM history WHERE access_key = '{dps_of(4)}'")
    assert alone["record_id"] == "p4"
