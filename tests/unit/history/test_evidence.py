"""What counts as evidence of a status, of which key, and with which instant."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.history.records import document, event
from transforms.history.fold import fold
from transforms.model import Entry

AUTHORISED_AT = "2025-03-01T10:00:00Z"
CANCELLED_AT = "2025-04-02T10:00:00Z"


def query(status: int, model: str = "55") -> Entry:
    return document("q", "query", model)._replace(fields={"query_status": status})


def state_of(*history: Entry) -> dict[str, Any]:
    return fold(history).state


def test_a_protocol_rewritten_on_cancellation_does_not_tell_when() -> None:
    rewritten = document("c", protocol_status=101)
    alone = state_of(rewritten)
    assert alone["status"] == "cancelled" and "status_at" not in alone
    state = state_of(document(), rewritten, event("110111", at=CANCELLED_AT))
    assert (state["status"], state["status_at"], state["authorised_at"]) == ("cancelled", CANCELLED_AT, AUTHORISED_AT)


@pytest.mark.parametrize(
    ("code", "status"), [(204, "authorised"), (205, "denied"), (218, "cancelled"), (539, "unprotocoled")]
)
def test_a_rejection_may_tell_what_the_key_is_already(code: int, status: str) -> None:
    state = state_of(document(protocol_status=code))
    assert state["status"] == status and not {"status_at", "authorised_at", "protocol_number"} & state.keys()


def test_a_document_rejected_as_a_repetition_does_not_speak_for_its_key() -> None:
    folded = fold([document("a", protocol_status=204, total="1.00"), document("b", total="2.00")])
    assert folded.dimensions["total"] == "2.00"


@pytest.mark.parametrize("code", [218, 420, 573, 631])
def test_a_cancellation_rejected_as_a_repetition_tells_that_it_is_so(code: int) -> None:
    state = state_of(document(), event("110111", return_status=code))
    assert state["status"] == "cancelled" and "status_at" not in state


def test_a_closing_rejected_as_a_repetition_tells_that_it_is_so() -> None:
    assert state_of(document(model="58"), event("110112", model="58", return_status=609))["status"] == "closed"


def test_a_correction_letter_that_was_rejected_is_none() -> None:
    assert "corrections" not in state_of(document(), event("110110", return_status=573, correction="x"))


@pytest.mark.parametrize(
    ("code", "status"), [(100, "authorised"), (101, "cancelled"), (302, "denied"), (217, "unprotocoled")]
)
def test_a_query_tells_the_status_and_no_instant(code: int, status: str) -> None:
    state = state_of(document(form="bare"), query(code))
    assert state["status"] == status and "status_at" not in state
    assert state_of(query(100))["known_by"] == "query"


def test_a_query_knows_more_than_the_protocol() -> None:
    state = state_of(document(), query(101))
    assert (state["status"], state["authorised_at"]) == ("cancelled", AUTHORISED_AT)


@pytest.mark.parametrize(
    ("model", "event_type", "status"),
    [
        ("57", "240140", "substituted"), ("57", "240150", "annulled"), ("67", "240140", "substituted"),
        ("62", "240140", "substituted"), ("62", "240150", "adjusted"), ("66", "240140", "substituted"),
        ("66", "240150", "adjusted"), ("63", "240140", "substituted"), ("55", "240140", "authorised"),
        ("58", "240140", "authorised"), ("66", "110112", "authorised"),
    ],
)  # fmt: skip
def test_an_event_of_the_office_means_what_it_means_in_its_family(model: str, event_type: str, status: str) -> None:
    assert state_of(document(model=model), event(event_type, model=model))["status"] == status


@pytest.mark.parametrize(
    ("model", "code", "status"),
    [("62", 102, "substituted"), ("62", 110, "adjusted"), ("66", 110, "adjusted"), ("55", 110, "denied")],
)
def test_a_code_means_what_it_means_in_its_family(model: str, code: int, status: str) -> None:
    assert state_of(document(model=model, protocol_status=code))["status"] == status


def test_what_was_annulled_and_then_substituted_is_substituted() -> None:
    annulled, substituted = event("240150", "c", "57", CANCELLED_AT), event("240140", "b", "57")
    assert state_of(document(model="57"), annulled, substituted)["status"] == "substituted"


def test_a_complement_is_an_attribute_that_its_cancellation_takes_back() -> None:
    history = [document(model="57"), event("240130", "b", "57")]
    assert state_of(*history)["complement"] == "authorised"
    assert "complement" not in state_of(*history, event("240131", "c", "57", CANCELLED_AT))
