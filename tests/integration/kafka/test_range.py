"""A range of a topic as a bounded job: all of it and nothing else, with gaps, transactions and odd messages in it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from confluent_kafka import Consumer, Producer, TopicPartition

from local.stack.process import PROJECT
from tests.integration.brokers import Broker
from tests.integration.kafka.jobs import build, source
from tests.integration.pubsub.jobs import Seen
from transforms.ingest.kafka import ranges
from transforms.ingest.kafka.settings import TopicSource
from transforms.kafka.errors import KafkaError


def read(broker: Broker, topic: str, path: Path, start: str, stop: str) -> Seen:
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        build(pipeline, source(broker, topic, start, stop), path)
    return Seen(path)


def documents(count: int, first: int = 0) -> list[bytes]:
    return [f"<doc>{number}</doc>".encode() for number in range(first, first + count)]


def test_what_is_between_two_offsets_in_parts(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "RANGE", 30)
    topic = broker.create(2)
    broker.publish(topic, documents(100), partition=0)
    broker.publish(topic, documents(100, 100), partition=1)
    seen = read(broker, topic, tmp_path / "seen", "offsets:0=10,1=0", "offsets:0=95,1=50")
    assert sorted(seen.payloads) == sorted([*documents(85, 10), *documents(50, 100)])
    assert broker.committed(topic, 2) == [-1001, -1001], "a range commits nothing"


def test_what_was_published_in_a_span_of_time(broker: Broker, tmp_path: Path) -> None:
    topic = broker.create(2)
    broker.publish(topic, documents(20))
    time.sleep(0.05)
    begin = time.time_ns() // 1_000
    time.sleep(0.05)
    broker.publish(topic, documents(20, 20))
    time.sleep(0.05)
    end = time.time_ns() // 1_000
    time.sleep(0.05)
    broker.publish(topic, documents(20, 40))
    seen = read(broker, topic, tmp_path / "seen", f"timestamp:{begin}", f"timestamp:{end}")
    assert sorted(seen.payloads) == sorted(documents(20, 20))
    later = end + 3_600_000_000
    assert read(broker, topic, tmp_path / "none", f"timestamp:{later}", "latest").lines == []


def test_aborted_transactions_are_not_read_and_committed_ones_are(broker: Broker, tmp_path: Path) -> None:
    topic = broker.create(1)
    producer = Producer({**broker.client, "transactional.id": topic})
    producer.init_transactions()
    for number in range(4):
        producer.begin_transaction()
        for payload in documents(10, number * 10):
            producer.produce(topic, payload)
        producer.flush()
        producer.abort_transaction() if number in (1, 3) else producer.commit_transaction()
    producer.begin_transaction()
    producer.produce(topic, b"<open/>")
    producer.flush()
    # The last ten of those that end were aborted, so the range ends without a message, before what is open still.
    seen = read(broker, topic, tmp_path / "seen", "earliest", "latest")
    producer.abort_transaction()
    assert seen.payloads == [*documents(10), *documents(10, 20)]


def test_tombstones_and_empty_and_large_messages_and_headers(broker: Broker, tmp_path: Path) -> None:
    topic = broker.create(1, **{"max.message.bytes": "20000000"})
    large = b"<doc>" + b"x" * 12_000_000 + b"</doc>"
    sizes = {"message.max.bytes": 20_000_000}
    broker.publish(topic, [b"<doc/>", None, b""], {"origin": b"a.xml", "traceparent": b"00-1f", "odd": b"\xff"})
    broker.publish(topic, [large], **sizes)
    found = source(broker, topic, "earliest", "latest")
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        build(pipeline, TopicSource(**{**vars(found), "headers": ("traceparent", "none")}), tmp_path / "seen")
    lines = sorted(Seen(tmp_path / "seen").lines)
    assert [(line[0].removeprefix(found.place), line[3]) for line in lines] == [
        ("/0/0/a.xml?traceparent=00-1f", b"<doc/>".hex()),
        ("/0/2/a.xml?traceparent=00-1f", ""),
    ]
    dead = sorted(Seen(Path(f"{tmp_path / 'seen'}.dead")).lines)
    assert [line[0].removeprefix(found.place) for line in dead] == ["/0/1/a.xml?traceparent=00-1f", "/0/3"]
    assert dead[0][3] == "" and len(dead[1][3]) > 100_000


def test_a_compacted_topic_ends_where_it_ends(broker: Broker, tmp_path: Path) -> None:
    settings = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.01"}
    topic = broker.create(1, **settings, **{"delete.retention.ms": "100"})
    producer = Producer(broker.client)
    for number in range(200):
        producer.produce(topic, f"<doc>{number}</doc>".encode(), key=b"always the same")
        if number % 50 == 49:
            producer.flush()
            time.sleep(0.3)
    # The cleaner comes when it likes; what it has cleaned is a topic with gaps.
    for attempt in range(30):
        seen = read(broker, topic, tmp_path / f"seen-{attempt}", "earliest", "latest")
        if len(seen.lines) < 200:
            break
        time.sleep(0.5)
        producer.produce(topic, b"<doc>199</doc>", key=b"always the same")
        producer.flush()
    assert len(seen.lines) < 200 and seen.payloads[-1] == b"<doc>199</doc>"
    offsets = [int(line[0].split("/")[2]) for line in seen.lines]
    assert offsets == sorted(set(offsets)) and offsets[-1] > len(offsets), "there are gaps, and nothing comes twice"


@pytest.mark.parametrize(
    ("start", "stop", "said"),
    [
        ("offsets:0=11", "", "partition 0: offset 11 is not there; the earliest is 0, the end 10"),
        ("offsets:7=0", "", "has no partition 7; it has 1"),
        ("earliest", "committed", "would read nothing"),
        ("yesterday", "", "is no position: write committed, earliest"),
        ("timestamp:2026-11-28T00:00:00", "", "is no position"),
    ],
)
def test_positions_that_are_none_are_told_before_the_job(broker: Broker, start: str, stop: str, said: str) -> None:
    topic = broker.create(1)
    broker.publish(topic, documents(10))
    with pytest.raises(KafkaError, match=said):
        source(broker, topic, start, stop)


def test_a_committed_offset_that_retention_has_passed_is_told_before_the_job(broker: Broker) -> None:
    topic = broker.create(1)
    broker.publish(topic, documents(10))
    consumer = Consumer({**broker.client, "group.id": "acervo"})
    consumer.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
    assert source(broker, topic).starts == ((0, 3),)
    for future in broker.admin.delete_records([TopicPartition(topic, 0, 7)]).values():
        future.result(30)
    with pytest.raises(
        KafkaError, match="offset 3 is not there; the earliest is 7, the end 10, so 4 messages are lost"
    ):
        source(broker, topic)
    assert source(broker, topic, "earliest").starts == ((0, 7),)
    consumer.commit(offsets=[TopicPartition(topic, 0, 9, metadata="another topic's id")], asynchronous=False)
    assert source(broker, topic).starts == ((0, 7),), "what was committed of an earlier topic of the name says nothing"
    consumer.close()


@pytest.mark.slow
def test_offsets_of_a_group_that_a_new_broker_has_never_seen(tmp_path: Path) -> None:
    """In a process of its own: librdkafka's admin client ends it by a segmentation fault, two times of three."""
    ask = (
        "import sys; from transforms.kafka.cluster import Cluster; from transforms.kafka.connection import Connection;"
        "print([Cluster(Connection(sys.argv[1])).committed('t', [0], f'g{n}', '') for n in range(3)])"
    )
    own = Broker(tmp_path / "broker")
    try:
        own.create(1, "t")
        told = subprocess.run([sys.executable, "-c", ask, own.address], capture_output=True, text=True, cwd=PROJECT)
    finally:
        own.stop()
    assert (told.returncode, told.stdout.strip()) == (0, "[{}, {}, {}]"), told.stderr[-2_000:]
