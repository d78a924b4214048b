"""A message of the client as one of any queue, positions as people write them, and the names of topics."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any

import pytest

from transforms.ingest.kafka.messages import message_of
from transforms.ingest.kafka.positions import Position, position_of, text_of
from transforms.ingest.kafka.settings import TopicSource
from transforms.ingest.queue.message import Message, origin_of
from transforms.kafka.cluster import known_id
from transforms.kafka.connection import Connection
from transforms.kafka.errors import KafkaError, explained

SOURCE = TopicSource(Connection("b:9092"), "nfe", topic_id=known_id("Fb/1A+V6SSedIbGZ61AWOw"))


class Raw:
    """What the client gives."""

    def __init__(self, value: bytes | None, timestamp: tuple[int, int] = (1, 1_772_366_400_123), headers: Any = None):
        self._found = {"value": value, "timestamp": timestamp, "headers": headers, "partition": 3, "offset": 17}

    def __getattr__(self, name: str) -> Any:
        return lambda: self._found[name]


def test_it_is_named_by_topic_and_id_partition_and_offset_and_dated_by_its_timestamp() -> None:
    message = message_of(Raw(b"<a/>"), SOURCE)
    assert message == Message(b"<a/>", "3/17", {}, 1_772_366_400_123_000)
    assert origin_of(message, SOURCE.place) == "kafka:nfe@Fb_1A-V6/3/17"


def test_a_topic_made_again_gives_other_origins() -> None:
    again = dataclasses.replace(SOURCE, topic_id=known_id("AbcdefghSSedIbGZ61AWOw"))
    assert again.place != SOURCE.place
    old = dataclasses.replace(SOURCE, topic_id=known_id("AAAAAAAAAAAAAAAAAAAAAA"))
    assert old.place == "kafka:nfe", "a broker that gives no ids"


def test_headers_are_attributes_and_those_to_keep_stand_behind_the_origin() -> None:
    headers = [("origin", b"a b.xml"), ("traceparent", b"00-1f"), ("x", b"1"), ("x", b"2&3"), ("none", None)]
    plain = message_of(Raw(b"", headers=headers), SOURCE)
    assert dict(plain.attributes) == {"origin": "a b.xml", "traceparent": "00-1f", "x": "2&3", "none": ""}
    kept = message_of(Raw(b"", headers=headers), dataclasses.replace(SOURCE, headers=("x", "missing")))
    assert kept.attributes["origin"] == "a b.xml?x=2%263"
    assert (
        "origin"
        not in message_of(Raw(b"", headers=[("y", b"")]), dataclasses.replace(SOURCE, headers=("x",))).attributes
    )


@pytest.mark.parametrize("timestamp", [(0, -1), (1, -5), (1, 10**15)])
def test_a_time_that_is_none_is_now(timestamp: tuple[int, int]) -> None:
    assert message_of(Raw(b"", timestamp), SOURCE).published_at > 1_700_000_000_000_000


def test_the_bytes_of_a_registry_are_taken_off_on_request() -> None:
    raw = Raw(b"\0\0\0\0\x07<a/>")
    assert message_of(raw, SOURCE).data == b"\0\0\0\0\x07<a/>"
    assert message_of(raw, dataclasses.replace(SOURCE, envelope=True)).data == b"<a/>"
    assert message_of(Raw(b"<a/>"), dataclasses.replace(SOURCE, envelope=True)).data == b"<a/>"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("committed", Position("committed")),
        ("timestamp:2026-11-28", Position("timestamp", micros=1_795_824_000_000_000)),
        ("timestamp:2026-11-28T00:00:00-03:00", Position("timestamp", micros=1_795_834_800_000_000)),
        ("timestamp:1795824000000000", Position("timestamp", micros=1_795_824_000_000_000)),
        ("offsets:1=7,0=12", Position("offsets", offsets=((0, 12), (1, 7)))),
    ],
)
def test_positions(text: str, position: Position) -> None:
    assert position_of(text, "--kafka_start") == position


@pytest.mark.parametrize("text", ["", "Latest", "latest:1", "offsets:", "offsets:0=-1", "timestamp:", "offsets:0=1;"])
def test_what_is_no_position_is_told_with_the_option(text: str) -> None:
    with pytest.raises(KafkaError, match="--kafka_stop .* is no position"):
        position_of(text, "--kafka_stop")


def test_offsets_are_written_as_they_are_read() -> None:
    assert position_of(text_of({1: 7, 0: 12}), "x").offsets == ((0, 12), (1, 7))


def test_a_range_is_a_run_of_its_own_and_a_stream_one_for_its_group() -> None:
    span = dataclasses.replace(SOURCE, starts=((0, 1),), stops=((0, 9),))
    assert span.identity == dataclasses.replace(span).identity != dataclasses.replace(span, stops=((0, 10),)).identity
    assert dataclasses.replace(SOURCE, starts=((0, 4),)).identity == SOURCE.identity


def test_what_travels_with_the_job_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "geheim")
    connection = Connection("b:9093", "sasl_ssl", "SCRAM-SHA-512", "reader")
    assert connection.settings()["sasl.password"] == "geheim"
    assert b"geheim" not in pickle.dumps(dataclasses.replace(SOURCE, connection=connection))
    assert "geheim" not in repr(connection)
    monkeypatch.delenv("KAFKA_PASSWORD")
    with pytest.raises(KafkaError, match="no password for reader: give --kafka_password_secret"):
        connection.settings()


@pytest.mark.parametrize(
    ("name", "said"),
    [("_SSL", "--kafka_ca"), ("_AUTHENTICATION", "--kafka_user"), ("_RESOLVE", "--kafka_bootstrap"), ("OTHER", "x")],
)
def test_errors_name_the_setting_to_mend(name: str, said: str) -> None:
    assert said in str(explained("cannot read nfe", "b:9092", name, "x"))
