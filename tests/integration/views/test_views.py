"""Each view over one small company's year, in which every row was written at least twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pipelines import job_ends
from pipelines.pages.section import Section, statement
from pipelines.pages.sections import HEADLINE, SECTIONS
from tests.integration.views.dataset import Dataset
from tests.integration.views.year import (
    AWARE,
    BOUGHT,
    CANCELLED_LATE,
    CONFIRMED,
    DENIED,
    FREIGHT,
    FREIGHT_2,
    MANIFEST,
    MANIFEST_CLOSED,
    ONLY_EVENT,
    REVOKED,
    SOLD,
    SUMMARY,
    SUPPLIER,
    TEST,
    UNKNOWN_KEY,
    US,
    YEAR,
    YEAR_ROWS,
)


@pytest.fixture(scope="module")
def year(dataset: Dataset) -> Dataset:
    dataset.write(YEAR_ROWS)
    return dataset


def by(rows: list[dict[str, Any]], *names: str) -> dict[Any, dict[str, Any]]:
    keys = [tuple(row[name] for name in names) if len(names) > 1 else row[names[0]] for row in rows]
    assert len(keys) == len(set(keys)), keys
    return dict(zip(keys, rows, strict=True))


def test_one_row_per_key_with_its_state_whatever_came_in_whatever_order(year: Dataset) -> None:
    state = by(year.query("SELECT * FROM document_state"), "access_key")
    assert {key: row["status"] for key, row in state.items()} == {
        SOLD: "authorised", CANCELLED_LATE: "cancelled", ONLY_EVENT: "unknown", DENIED: "denied",
        BOUGHT: "authorised", AWARE: "authorised", CONFIRMED: "authorised", SUMMARY: "authorised",
        REVOKED: "cancelled", TEST: "authorised", FREIGHT: "authorised", FREIGHT_2: "authorised",
        MANIFEST: "authorised", MANIFEST_CLOSED: "closed",
    }  # fmt: skip
    sold = state[SOLD]
    assert (sold["record_id"], sold["total"], sold["revision"]) == ("d1", 100, 4)
    assert (sold["series"], sold["number"], sold["model"], sold["uf"]) == (1, 1, "55", "SP")
    assert sold["authorised_at"] == datetime(2026, 3, 10, 12, 0, 5, tzinfo=UTC)
    only_event = state[ONLY_EVENT]
    assert (only_event["known_by"], only_event["correction"], only_event["corrections"]) == ("event", "novo texto", 1)
    assert (only_event["record_id"], only_event["number"], only_event["issuer_id"]) == (None, 5, US)


def test_the_history_of_a_key_is_in_the_order_of_what_happened(year: Dataset) -> None:
    history = year.query(f"SELECT * FROM history WHERE access_key = '{CANCELLED_LATE}' ORDER BY position")
    assert [(row["position"], row["record_id"], row["kind"], row["revision"]) for row in history] == [
        (1, "d2", "document", 2),
        (2, "e2", "event", 1),
    ]
    assert [row["detail"] for row in history] == [None, "erro"]
    assert [(row["status_before"], row["status_after"]) for row in history] == [
        ("cancelled", "cancelled"),
        (None, "cancelled"),
    ]
    (voided,) = year.query("SELECT * FROM history WHERE record_id = 'v1'")
    assert (voided["kind"], voided["result"], voided["status_after"]) == ("voided_range", 102, "voided")


def test_gaps_are_what_neither_a_key_nor_an_accepted_voided_range_covers(year: Dataset) -> None:
    gaps = year.query("SELECT * FROM numbering_gaps ORDER BY issuer_id, model, first_missing")
    assert [tuple(row.values()) for row in gaps if row["model"] == "55"] == [(US, "55", 1, 1, 4, 4, 1, None)]
    assert [row for row in gaps if row["model"] != "55"] == []


def test_health_counts_each_input_of_a_run_once(year: Dataset) -> None:
    health = by(year.query("SELECT * FROM ingestion_health"), "run")
    first, second = health["run-1"], health["run-2"]
    assert [first[n] for n in ("received", "new", "duplicate", "dead")] == [len(YEAR) + 3, len(YEAR) - 1, 1, 3]
    assert [second[n] for n in ("received", "new", "duplicate", "dead")] == [6, 0, 3, 3]
    assert (first["lag_p50"], first["lag_p99"]) == (2, 7)
    newest = max(row["hour"] for row in health.values())
    shown = year.query(job_ends.LOOK_NEXT.command[1])
    assert 0 < len(shown) <= 3 and shown[0]["hour"] == newest, "what the summary of a job says to ask"


def test_the_way_of_an_input_can_be_followed(year: Dataset) -> None:
    came = year.query(
        f"SELECT * FROM arrivals_by_origin WHERE access_key = '{SOLD}' AND record_id = 'd1' ORDER BY applied_at"
    )
    origins = {(row["run"], row["outcome"], row["origin"], row["first_origin"]) for row in came}
    first_origin = "gs://bucket/archive.zip#2.xml"
    assert origins == {
        ("run-1", "new", first_origin, first_origin),
        ("run-1", "duplicate", f"gs://bucket/archive.zip#{len(YEAR) - 1}.xml", first_origin),
        ("run-2", "duplicate", "queue/2", first_origin),
    }
    assert len(came) == 3
    dead = year.query("SELECT run, code, message FROM arrivals_by_origin WHERE origin = 'file:a.xml' ORDER BY run")
    assert dead == [{"run": r, "code": "not_xml", "message": "not_xml at byte 0"} for r in ("run-1", "run-2")]


def test_a_dead_letter_of_two_runs_is_one(year: Dataset) -> None:
    codes = by(year.query("SELECT * FROM dead_letters_by_code"), "code")
    assert {code: (row["dead_letters"], row["bytes"]) for code, row in codes.items()} == {
        "not_xml": (2, 6),
        "too_large": (1, 1),
    }
    # Where it came from and what was wrong are of one letter.
    example = codes["not_xml"]["example_origin"], codes["not_xml"]["example_message"]
    assert example == ("file:a.xml", "not_xml at byte 0")


def test_documents_and_value_per_issuer_month_model_and_state(year: Dataset) -> None:
    rows = [row for row in year.query("SELECT * FROM issuer_months") if row["issuer_id"] == US]
    found = by(rows, "month", "model", "uf", "environment", "status")
    assert {key: (row["documents"], row["total"]) for key, row in found.items()} == {
        (date(2026, 3, 1), "55", "SP", 1, "authorised"): (1, 100),
        (date(2026, 3, 1), "55", "SP", 1, "cancelled"): (1, 50),
        (date(2026, 3, 1), "55", "SP", 1, "denied"): (1, 7),
        (date(2026, 3, 1), "55", "SP", 1, "unknown"): (1, None),
    }  # fmt: skip


def test_what_is_received_and_not_conclusively_manifested_has_its_days_left(year: Dataset) -> None:
    pending = by([r for r in year.view("manifestation_pending", "2026-04-09") if r["recipient_id"] == US], "access_key")
    assert {key: (r["days_left"], r["manifestation"]) for key, r in pending.items()} == {
        BOUGHT: (150, None),
        AWARE: (160, "aware"),
        SUMMARY: (150, None),
    }


def test_keys_of_which_no_full_xml_came(year: Dataset) -> None:
    known = by(year.query("SELECT * FROM keys_known_by_summary"), "access_key")
    assert {key: row["known_by"] for key, row in known.items()} == {SUMMARY: "summary", ONLY_EVENT: "event"}


def test_cancellations_after_the_month_or_after_confirmation(year: Dataset) -> None:
    late = by(year.query("SELECT * FROM late_cancellations"), "access_key")
    assert {key: (row["after_month_end"], row["after_confirmation"]) for key, row in late.items()} == {
        CANCELLED_LATE: (True, False),
        REVOKED: (False, True),
    }


def test_freight_by_payer_and_route(year: Dataset) -> None:
    (cost,) = year.query("SELECT * FROM freight_costs")
    assert (cost["payer_id"], cost["origin_uf"], cost["destination_uf"]) == (US, "SP", "RJ")
    assert (cost["documents"], cost["freight"], cost["cargo_value"]) == (2, 300, 1500)
    assert Decimal(cost["freight_per_cargo"]) == pytest.approx(Decimal("0.2"))


def test_documents_of_a_transport_document_known_or_not(year: Dataset) -> None:
    carried = by(year.query("SELECT * FROM cte_documents"), "carried_key")
    assert {key: (r["access_key"], r["documents"], r["carried_status"]) for key, r in carried.items()} == {
        SOLD: (FREIGHT, 2, "authorised"),
        UNKNOWN_KEY: (FREIGHT, 2, None),
    }


def test_manifests_that_nobody_closed(year: Dataset) -> None:
    (manifest,) = year.view("mdfe_open", "2026-04-09")
    assert (manifest["access_key"], manifest["days_open"]) == (MANIFEST, 30)


def test_a_supplier_is_first_seen_once(year: Dataset) -> None:
    suppliers = by(year.query("SELECT * FROM suppliers_first_seen"), "recipient_id", "issuer_id")
    supplier = suppliers[US, SUPPLIER]
    assert (supplier["documents"], supplier["total"], supplier["issuer_name"]) == (4, 100, "Fornecedor")
    assert supplier["first_issued_at"] == datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_ibs_and_cbs_of_what_is_authorised(year: Dataset) -> None:
    totals = by(year.query(f"SELECT * FROM ibs_cbs_totals WHERE issuer_id = '{US}'"), "model")
    row = totals["55"]
    assert (row["documents"], row["documents_with_ibs_cbs"]) == (1, 1)
    assert (row["ibs_total"], row["cbs_total"], row["total"]) == (Decimal("1.5"), Decimal("0.5"), 100)


def test_goods_by_ncm_of_what_is_in_force(year: Dataset) -> None:
    [row] = year.query("SELECT * FROM ncm_months")
    assert (row["ncm"], row["items"], row["documents"], row["value"]) == ("22030000", 2, 1, Decimal("100.00"))
    assert (row["month"], row["issuer_id"], row["model"]) == (date(2026, 3, 1), US, "55")


# Sections of which the year has nothing; rows of their views are compared by test_engines.
NOTHING = ("pending", "instalments", "replaced", "several_keys", "nsu")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_sections_of_the_report_are_answered_alike_by_both_engines(section: Section, year: Dataset) -> None:
    rows = year.query(statement(section.sql))
    # The year has no counts and a few other things: of those both engines say that there are none.
    assert (not rows) == ("FROM counts_" in section.sql or section.name in NOTHING)
    assert all({column.name for column in section.columns} <= set(row) for row in rows)


def test_the_headline_of_the_report(year: Dataset) -> None:
    [row] = year.query(statement(HEADLINE))
    assert (row["documents"], row["tests"], row["dead_letters"]) == (None, None, 3)


def test_findings_are_counted_per_record(year: Dataset) -> None:
    findings = by(year.query("SELECT * FROM findings_count"), "finding")
    assert {finding: row["records"] for finding, row in findings.items()} == {"check_digit": 2, "no_offset": 1}
