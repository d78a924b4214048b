"""Publishing changes and dead letters from a pipeline, to the emulator."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import orjson
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from google.cloud import pubsub_v1

from tests.integration.queues import Queue
from transforms.model import Change, DeadLetter, Fields
from transforms.notify.messages import Outgoing
from transforms.notify.topic import Publisher, TopicError, check_topic, ensure_queue
from transforms.notify.transform import PublishChanges, PublishDeadLetters


def change(key: str, revision: int, before: Fields | None, after: Fields) -> Change:
    return Change(key, revision, "ab" * 32, "r", "a.xml", "j", 0, 0, before, after, None, {})


def history(key: str) -> list[Change]:
    states: list[Fields | None] = [None, {"status": "authorised"}, {"status": "authorised"}, {"status": "cancelled"}]
    return [change(key, n, states[n - 1], states[n] or {}) for n in range(1, 4)]


def letter(number: int) -> DeadLetter:
    return DeadLetter("not_xml", "broken", "parse", f"{number}.xml", b"<x" * number, 0, 2 * number)


def test_changes_of_state_are_published_and_no_others(queue: Queue) -> None:
    changes = [one for n in range(50) for one in history(f"key-{n}")]
    cancelled = [one for one in changes if one.revision == 3]
    with TestPipeline(runner="FnApiRunner") as pipeline:
        published = pipeline | beam.Create(changes) | PublishChanges(queue.topic)
        assert_that(published, equal_to(cancelled))
    received = queue.pulled(51, 3)
    assert sorted(m.attributes["access_key"] for m in received) == sorted(one.key for one in cancelled)
    assert {message.ordering_key for message in received} == {""}
    said = orjson.loads(received[0].data)
    assert (said["before"], said["after"]) == ({"status": "authorised"}, {"status": "cancelled"})
    assert received[0].attributes["revision"] == "3"


@pytest.mark.parametrize(("ordered", "most"), [(False, 40), (True, 1_000)])
def test_messages_of_many_keys_share_requests_unless_they_are_ordered(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, ordered: bool, most: int
) -> None:
    changes = [one for n in range(1_000) for one in history(f"key-{n}") if one.revision == 3]
    requests: list[int] = []
    original = pubsub_v1.PublisherClient._gapic_publish

    def counted(self: pubsub_v1.PublisherClient, *args: Any, **kwargs: Any) -> Any:
        requests.append(len(kwargs["messages"]))
        return original(self, *args, **kwargs)

    monkeypatch.setattr(pubsub_v1.PublisherClient, "_gapic_publish", counted)
    with TestPipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | beam.Create(changes) | PublishChanges(queue.topic, ordered=ordered)
    assert sum(requests) == 1_000 and len(requests) <= most
    if ordered:
        assert set(requests) == {1}
    received = queue.pulled(1_000, 5)
    keys = {message.attributes["access_key"]: message.ordering_key for message in received}
    assert keys == {one.key: one.key if ordered else "" for one in changes}


def test_a_first_sight_is_published_when_asked_for(queue: Queue) -> None:
    with TestPipeline(runner="FnApiRunner") as pipeline:
        _ = pipeline | beam.Create(history("key")) | PublishChanges(queue.topic, first_sight=True)
    assert sorted(message.attributes["revision"] for message in queue.pulled(3, 3)) == ["1", "3"]


def test_dead_letters_are_published_with_their_bytes_also_empty_ones(queue: Queue) -> None:
    letters = [letter(n) for n in range(300)]
    with TestPipeline(runner="FnApiRunner") as pipeline:
        published = pipeline | beam.Create(letters) | PublishDeadLetters(queue.topic)
        assert_that(published, equal_to(letters))
    received = {message.attributes["origin"]: message for message in queue.pulled(300, 10)}
    assert {origin: message.data for origin, message in received.items()} == {
        one.origin: one.payload for one in letters
    }
    assert received["7.xml"].attributes["code"] == "not_xml"


def test_elements_keep_their_window_and_timestamp(queue: Queue) -> None:
    with TestPipeline(runner="FnApiRunner") as pipeline:
        counts = (
            pipeline
            | beam.Create([1, 2, 3])
            | beam.Map(lambda n: beam.window.TimestampedValue(letter(n), n * 100))
            | beam.WindowInto(beam.window.FixedWindows(100))
            | PublishDeadLetters(queue.topic)
            | beam.Map(lambda one, t=beam.DoFn.TimestampParam, w=beam.DoFn.WindowParam: (one.size, int(t), int(w.end)))
        )
        assert_that(counts, equal_to([(2, 100, 200), (4, 200, 300), (6, 300, 400)]))


def test_a_missing_topic_fails_the_bundle_and_says_why(queue: Queue) -> None:
    with pytest.raises(Exception, match="does not exist. Create it: .*publish --create --topic"):  # noqa: SIM117
        with TestPipeline(runner="FnApiRunner") as pipeline:
            _ = pipeline | beam.Create([letter(1)]) | PublishDeadLetters(queue.topic + "-not")


def test_an_ordering_key_can_be_used_again_after_a_failure(queue: Queue) -> None:
    late = queue.topic + "-late"
    publisher = Publisher(late)
    messages = [Outgoing(b"1", {}, "key"), Outgoing(b"2", {}, "key")]
    with pytest.raises(TopicError, match="does not exist"):
        publisher.settle([(message, publisher.send(message)) for message in messages])
    ensure_queue(late)
    publisher.settle([(message, publisher.send(message)) for message in messages])
    publisher.close()


def test_a_preflight_of_a_topic(queue: Queue) -> None:
    check_topic(queue.topic)
    with pytest.raises(TopicError, match="does not exist"):
        check_topic(queue.topic + "-not")


def test_a_queue_is_made_once(queue: Queue) -> None:
    ensure_queue(queue.topic + "-new", queue.subscription + "-new")
    ensure_queue(queue.topic + "-new", queue.subscription + "-new")
    check_topic(queue.topic + "-new")


def test_a_message_that_is_too_large_is_refused_before_it_is_sent(queue: Queue) -> None:
    publisher = Publisher(queue.topic)
    with pytest.raises(TopicError, match="too large: Pub/Sub takes 10,000,000"):
        publisher.send(Outgoing(b"x" * 10_000_000, {}))
    publisher.close()
