"""What is published of changes and dead letters, and which changes are."""

from __future__ import annotations

import orjson
import pytest

from transforms.model import Change, DeadLetter, Fields
from transforms.notify.messages import MAX_MESSAGE_BYTES, change_message, clip, dead_letter_message, is_news
from transforms.notify.topic import TopicError, topic_path

KEY = "35180834128745000152550010000476051695511860"
AUTHORISED: Fields = {"status": "authorised", "status_at": "2026-03-01T12:00:00Z"}
CANCELLED: Fields = {"status": "cancelled", "status_at": "2026-03-02T12:00:00Z"}


def change(before: Fields | None, after: Fields, revision: int = 2) -> Change:
    return Change(
        KEY,
        revision,
        "ab" * 32,
        "r",
        "a.xml",
        "j",
        1_772_366_400_000_001,
        1_772_366_401_000_000,
        before,
        after,
        None,
        {},
    )


def letter(payload: bytes = b"<x", message: str = "broken", origin: str = "a.xml") -> DeadLetter:
    return DeadLetter("not_xml", message, "parse", origin, payload, 0, len(payload))


def test_a_change_carries_both_states_its_key_and_its_revision() -> None:
    message = change_message(change(AUTHORISED, CANCELLED, 7))
    said = orjson.loads(message.data)
    assert (said["before"], said["after"], said["revision"], said["access_key"]) == (AUTHORISED, CANCELLED, 7, KEY)
    assert said["received_at"] == "2026-03-01T12:00:00.000001Z"
    assert message.attributes == {
        "access_key": KEY,
        "revision": "7",
        "record_id": "ab" * 32,
        "status": "cancelled",
        "status_before": "authorised",
    }


def test_a_change_has_an_ordering_key_only_where_it_is_asked_for() -> None:
    told = change(AUTHORISED, CANCELLED)
    assert change_message(told).ordering_key == ""
    assert change_message(told, ordered=True) == change_message(told)._replace(ordering_key=KEY)


def test_a_change_told_again_is_the_same_message() -> None:
    shuffled = dict(reversed(CANCELLED.items()))
    assert change_message(change(AUTHORISED, CANCELLED)) == change_message(change(AUTHORISED, shuffled))


@pytest.mark.parametrize(
    ("before", "after", "first_sight", "news"),
    [
        (AUTHORISED, CANCELLED, False, True),
        (AUTHORISED, dict(AUTHORISED), True, False),
        (None, AUTHORISED, False, False),
        (None, AUTHORISED, True, True),
        (AUTHORISED, {**AUTHORISED, "manifestation": "confirmed"}, False, True),
    ],
)
def test_news_is_what_changes_a_state(before: Fields | None, after: Fields, first_sight: bool, news: bool) -> None:
    assert is_news(change(before, after), first_sight) is news


def test_a_first_sight_has_no_status_before() -> None:
    assert "status_before" not in change_message(change(None, AUTHORISED)).attributes


def test_a_dead_letter_is_its_bytes_with_the_reason_beside_them() -> None:
    message = dead_letter_message(letter())
    assert message.data == b"<x"
    assert message.attributes["code"] == "not_xml"
    assert message.attributes["origin"] == "a.xml"
    assert message.attributes["dead_letter_id"] == letter().dead_letter_id
    assert message.attributes["truncated"] == "false"


def test_a_dead_letter_that_does_not_fit_is_cut_and_says_so() -> None:
    message = dead_letter_message(letter(b"x" * (MAX_MESSAGE_BYTES + 5)))
    assert message.size <= MAX_MESSAGE_BYTES
    assert MAX_MESSAGE_BYTES - len(message.data) < 2_000
    assert message.attributes["truncated"] == "true"
    assert message.attributes["size"] == str(MAX_MESSAGE_BYTES + 5)


def test_long_attributes_keep_what_tells_most() -> None:
    message = dead_letter_message(letter(message="é" * 2_000, origin="gs://b/" + "d/" * 2_000 + "a.xml"))
    assert message.attributes["message"].startswith("ééé") and message.attributes["message"].endswith("...")
    assert message.attributes["origin"].startswith("...") and message.attributes["origin"].endswith("d/a.xml")
    assert all(len(value.encode()) <= 1_024 for value in message.attributes.values())


def test_text_that_is_no_unicode_can_still_be_sent() -> None:
    assert clip("a\udce9.xml") == "a\\udce9.xml"


@pytest.mark.parametrize(
    ("name", "project"), [("t", "p"), ("google-s", "p"), ("fiscal", None), ("projects/p/subscriptions/fiscal", "p")]
)
def test_what_is_no_name_of_a_topic_is_said_so(name: str, project: str | None) -> None:
    with pytest.raises(TopicError, match="is not a topic: .* 3 to 255 characters: a letter first"):
        topic_path(name, project)


def test_short_and_full_names_of_a_topic() -> None:
    assert topic_path("fiscal", "company") == topic_path("projects/company/topics/fiscal", None)
