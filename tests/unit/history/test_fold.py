from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.histories import histories, voided_range
from tests.unit.history.records import document, event
from transforms.history.fold import fold
from transforms.model import Entry


@given(histories(), st.randoms(use_true_random=False))
def test_state_is_the_same_for_every_order_of_arrival(history: list[Entry], random: Any) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(history)


@pytest.mark.parametrize(
    ("code", "status"),
    [(100, "authorised"), (150, "authorised_late"), (110, "denied"), (302, "denied"), (539, "unprotocoled")],
)
def test_protocol_gives_the_status(code: int, status: str) -> None:
    assert fold([document(protocol_status=code)]).state["status"] == status


def test_cancellation_before_its_document_leaves_it_cancelled() -> None:
    alone = fold([event("110111")]).state
    assert alone["status"] == "cancelled" and alone["known_by"] == "event"
    both = fold([event("110111"), document()]).state
    assert both["status"] == "cancelled"
    assert both["status_at"] == "2025-03-02T10:00:00Z" and both["authorised_at"] == "2025-03-01T10:00:00Z"


def test_rejected_cancellation_changes_nothing() -> None:
    assert fold([document(), event("110111", return_status=501)]) == fold([document()])


def test_cancellation_request_without_return_changes_nothing() -> None:
    request = event("110111")
    del request.fields["return_status"]
    assert fold([document(), request]) == fold([document()])


@pytest.mark.parametrize("code", [151, 155])
def test_cancellation_out_of_time_is_cancelled_late(code: int) -> None:
    assert fold([document(), event("110111", return_status=code)]).state["status"] == "cancelled_late"


@pytest.mark.parametrize(("summary", "whole"), ["ab", "ba"])
def test_what_was_late_is_late_though_a_summary_of_it_does_not_tell(summary: str, whole: str) -> None:
    short = event("110111", summary)._replace(form="summary")
    del short.fields["return_status"]
    assert fold([short, event("110111", whole, return_status=155)]).state["status"] == "cancelled_late"
    assert fold([short]).state["status"] == "cancelled"
    documents = [document(summary, "summary", summary_status=1), document(whole, protocol_status=150)]
    state = fold(documents).state
    assert (state["status"], state["authorised_at"]) == ("authorised_late", "2025-03-01T10:00:00Z")


def test_110112_closes_an_mdfe_and_cancels_an_nfce() -> None:
    assert fold([document(model="58"), event("110112", model="58")]).state["status"] == "closed"
    assert fold([document(model="65"), event("110112", model="65")]).state["status"] == "cancelled"


def test_return_134_registers_for_cte_but_not_for_nfe() -> None:
    assert fold([event("110111", model="57", return_status=134)]).state["status"] == "cancelled"
    assert fold([event("110111", model="55", return_status=134)]).state["status"] == "unknown"


def test_last_registered_manifestation_wins_whatever_its_sequence() -> None:
    confirmed = event("210200", "c", at="2025-03-05T10:00:00Z", sequence=1)
    denied = event("210240", "d", at="2025-03-04T10:00:00Z", sequence=9)
    assert fold([document(), confirmed, denied]).state["manifestation"] == "confirmed"


def test_awareness_is_not_conclusive_even_when_it_comes_last() -> None:
    confirmed = event("210200", "c", at="2025-03-04T10:00:00Z")
    aware = event("210210", "d", at="2025-03-05T10:00:00Z")
    assert fold([aware]).state["manifestation"] == "aware"
    assert fold([aware, confirmed]).state["manifestation"] == "confirmed"


def test_same_correction_in_other_bytes_is_one_letter_and_the_last_one_counts() -> None:
    first = event("110110", "c", correction="one", sequence=1)
    again = event("110110", "d", correction="one", sequence=1)
    last = event("110110", "e", correction="two", sequence=2, at="2025-03-03T10:00:00Z")
    state = fold([last, first, again, document()]).state
    assert (state["corrections"], state["correction"]) == (2, "two")


@pytest.mark.parametrize("records", ["cde", "ced", "dce", "dec", "ecd", "edc"])
def test_correction_known_by_its_return_and_its_summary_too_is_one_letter_and_has_its_text(records: str) -> None:
    whole = event("110110", records[0], correction="one", author_id="11222333000181", protocol_number="7")
    answer = event("110110", records[1], protocol_number="7")._replace(form="return")
    summary = event("110110", records[2], author_id="11222333000181", protocol_number="7")._replace(form="summary")
    state = fold([whole, answer, summary]).state
    assert (state["corrections"], state["correction"]) == (1, "one")
    newer = event("110110", "f", sequence=2, at="2025-03-03T10:00:00Z")._replace(form="summary")
    state = fold([whole, answer, summary, newer]).state
    assert state["corrections"] == 2 and "correction" not in state


def test_fraction_of_a_second_orders_events() -> None:
    early = event("210200", "c", at="2025-03-04T10:00:00Z")
    late = event("210240", "d", at="2025-03-04T10:00:00.5Z")
    assert fold([late, early]).state["manifestation"] == "not_carried_out"


def test_cancelled_delivery_proof_leaves_no_delivery() -> None:
    proof = event("110180", "c", model="57")
    undone = event("110181", "d", model="57", at="2025-03-03T10:00:00Z")
    assert fold([proof]).state["delivery"] == "proved"
    assert "delivery" not in fold([proof, undone]).state


def test_full_document_speaks_for_the_key_before_its_summary() -> None:
    summary = document("a", "summary", summary_status=1, total="1.00", issuer_id="x")
    full = document("b", total="2.00", issuer_id="y")
    folded = fold([summary, full])
    assert folded.state["known_by"] == "document"
    assert (folded.dimensions["total"], folded.dimensions["issuer_id"]) == ("2.00", "y")


def test_what_was_rejected_does_not_speak_for_what_was_authorised_later() -> None:
    rejected = document("a", protocol_status=778, protocol_at="2025-03-01T09:00:00Z", total="10.00")
    assert fold([rejected]).dimensions["total"] == "10.00"
    assert fold([rejected, document("b", total="12.00")]).dimensions["total"] == "12.00"


def test_summary_alone_gives_status_and_is_known_by_summary() -> None:
    state = fold([document("a", "summary", summary_status=3)]).state
    assert (state["status"], state["known_by"]) == ("cancelled", "summary")
    assert "status_at" not in state


def test_dimensions_of_a_key_known_by_events_come_from_the_key() -> None:
    dimensions = fold([event("110111", environment=2)]).dimensions
    assert dimensions == {
        "status": "cancelled",
        "model": "55",
        "uf": "SP",
        "issuer_id": "11222333000181",
        "month": "2025-03-01",
        "environment": 2,
    }


@pytest.mark.parametrize(
    ("code", "status"), [(102, "voided"), (563, "voided"), (256, "unprotocoled"), (None, "unprotocoled")]
)
def test_voided_range_is_voided_only_when_the_return_says_so(code: int | None, status: str) -> None:
    folded = fold([voided_range(code)])
    assert folded.state["status"] == status and folded.state["known_by"] == "voided_range"
    assert folded.dimensions["month"] == "2025-01-01"
