"""What a message is as an input: its origin, when it was received, and the documents in it."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime

import apache_beam as beam
import pytest
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import MIN_TIMESTAMP, Timestamp

from transforms import instants
from transforms.ingest.archives import expand_bytes
from transforms.ingest.limits import DEFAULT
from transforms.ingest.pubsub.transform import message_of, place_of
from transforms.ingest.queue.message import Message, documents_of, origin_of, parse_instant, received_at_of
from transforms.ingest.reread import inputs_of
from transforms.model import DeadLetter, RawDocument

PLACE = place_of("projects/company/subscriptions/fiscal")
PUBLISHED = 1_772_366_400_123_456
XML = b"<nfeProc><NFe/></nfeProc>"


def message(data: bytes = XML, **attributes: str) -> Message:
    return Message(data, "811", attributes, PUBLISHED)


def read(given: Message) -> list[RawDocument | DeadLetter]:
    return list(documents_of(given, PLACE, expand_bytes))


def test_a_bare_message_is_named_by_its_id_and_dated_by_its_publishing() -> None:
    assert read(message()) == [RawDocument(XML, "pubsub:company/fiscal/811", PUBLISHED)]


def test_a_redelivery_is_the_same_input() -> None:
    assert read(message()) == read(message())


def test_attributes_name_and_date_the_input() -> None:
    given = message(origin="gs://b/a.zip#x.xml", received_at="2026-03-01T09:00:00-03:00")
    origin = "pubsub:company/fiscal/811/gs://b/a.zip#x.xml"
    assert read(given) == [RawDocument(XML, origin, 1_772_366_400_000_000)]


def test_what_is_published_again_is_another_input_even_under_the_same_name() -> None:
    again = Message(XML, "812", {"origin": "a.xml"}, PUBLISHED)
    assert origin_of(message(origin="a.xml"), PLACE) != origin_of(again, PLACE)


def test_a_message_without_an_id_is_a_dead_letter_with_all_its_bytes() -> None:
    [first] = read(Message(XML, "", {"origin": "a.xml"}, PUBLISHED))
    [second] = read(Message(XML + b" ", "", {}, PUBLISHED))
    assert isinstance(first, DeadLetter) and isinstance(second, DeadLetter)
    assert (first.code, first.stage, first.payload, first.size) == ("message_without_id", "ingest", XML, len(XML))
    assert first.origin == "pubsub:company/fiscal//a.xml" and "has no id" in first.message
    assert first.dead_letter_id != second.dead_letter_id, "none takes the place of another"
    assert list(inputs_of(first, DEFAULT)) == [RawDocument(XML, first.origin, PUBLISHED)], "a redrive takes it in"


def test_a_tombstone_is_a_dead_letter_and_an_empty_message_is_left_to_the_parser() -> None:
    [dead] = read(Message(b"", "811", {}, PUBLISHED, tombstone=True))
    assert isinstance(dead, DeadLetter)
    assert (dead.code, dead.origin, dead.size) == ("tombstone", "pubsub:company/fiscal/811", 0)
    assert read(Message(b"", "811", {}, PUBLISHED)) == [RawDocument(b"", "pubsub:company/fiscal/811", PUBLISHED)]


@pytest.mark.parametrize(("element_at", "published_at"), [(1_700_000_000, 1_700_000_000_000_000), (MIN_TIMESTAMP, 0)])
def test_a_message_that_says_not_when_it_was_published_is_dated_by_its_element(
    element_at: int, published_at: int
) -> None:
    received = PubsubMessage(XML, None, None, publish_time=None)
    with TestPipeline(runner="FnApiRunner") as pipeline:
        messages = (
            pipeline
            | beam.Create([0])
            | beam.Map(lambda _: TimestampedValue(received, element_at))
            | beam.Map(message_of)
        )
        assert_that(messages, equal_to([Message(XML, "", {}, published_at)]))


def test_the_time_of_publishing_goes_before_that_of_the_element() -> None:
    received = PubsubMessage(XML, {"a": "b"}, "7", publish_time=datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert message_of(received, Timestamp(5)) == Message(XML, "7", {"a": "b"}, 1_772_366_400_000_000)


def test_gzip_is_known_by_its_content() -> None:
    assert read(message(gzip.compress(XML)))[0].payload == XML


def test_an_archive_gives_one_input_per_entry() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", XML)
        archive.writestr("b.xml", XML + b" ")
    assert [found.origin for found in read(message(packed.getvalue()))] == [
        "pubsub:company/fiscal/811#a.xml",
        "pubsub:company/fiscal/811#b.xml",
    ]


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xfe\x00", b"{}"])
def test_what_is_no_xml_flows_on_to_the_parser(data: bytes) -> None:
    assert read(message(data)) == [RawDocument(data, "pubsub:company/fiscal/811", PUBLISHED)]


def test_a_truncated_gzip_is_a_dead_letter_with_its_bytes() -> None:
    data = gzip.compress(XML)[:-12]
    (dead,) = read(message(data))
    assert isinstance(dead, DeadLetter)
    assert (dead.payload, dead.origin, dead.received_at) == (data, "pubsub:company/fiscal/811", PUBLISHED)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-03-01", "2026-03-01T09:00:00", "-5", "9" * 18, "9" * 30, "1e9", "١٢٣"]
)
def test_an_unreadable_received_at_falls_back_to_the_publishing(text: str) -> None:
    assert received_at_of(message(received_at=text)) == PUBLISHED


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1772366400123456", 1_772_366_400_123_456),
        ("0", 0),
        ("2026-03-01T12:00:00.000001Z", 1_772_366_400_000_001),
        ("2026-03-01T12:00:00+00:00", 1_772_366_400_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ],
)
def test_instants_are_exact_to_the_microsecond(text: str, micros: int) -> None:
    assert parse_instant(text) == micros


def test_instants_before_the_epoch_are_refused() -> None:
    assert parse_instant("1969-12-31T23:59:59Z") is None


def test_an_empty_origin_is_no_origin() -> None:
    assert origin_of(message(origin=""), PLACE) == "pubsub:company/fiscal/811"


def test_publish_times_are_exact_to_the_microsecond() -> None:
    assert instants.micros_of(datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)) == 253_402_300_799_999_999
