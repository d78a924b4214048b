"""Changes and dead letters written to a topic, and files published to one."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from confluent_kafka import Consumer, TopicPartition

from local.stack.jars import KAFKA, folder_of
from local.stack.process import PROJECT
from pipelines import publish
from tests.integration.brokers import Broker
from transforms.kafka.errors import KafkaError
from transforms.model import Change, DeadLetter
from transforms.notify.kafka import KafkaPublisher, KafkaTopic
from transforms.notify.messages import Outgoing, change_message
from transforms.notify.transform import PublishChanges, PublishDeadLetters


def change(number: int, revision: int = 2) -> Change:
    key = f"{number:044}"
    state: dict[str, Any] = {"status": "authorised"}
    return Change(key, revision, "r", "run", "o", "job", 1, 2, {"status": "denied"}, state, None, {})


def received(broker: Broker, topic: str, wanted: int) -> list[Any]:
    consumer = Consumer({**broker.client, "group.id": "t", "enable.auto.commit": False})
    partitions = broker.admin.list_topics(topic).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    found: list[Any] = []
    deadline = time.monotonic() + 30
    while len(found) < wanted and time.monotonic() < deadline:
        found += [raw for raw in consumer.consume(500, 0.5) if raw.error() is None]
    consumer.close()
    return found


def murmur2(key: bytes) -> int:
    """Kafka's hash of a key, from which Java's clients choose its partition (org.apache.kafka.common.utils.Utils)."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ len(key)) & mask
    for at in range(0, len(key) // 4 * 4, 4):
        k = int.from_bytes(key[at : at + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    rest = key[len(key) // 4 * 4 :]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)


def run(elements: Iterable[Any], kind: Any, step: beam.PTransform) -> None:
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        _ = pipeline | beam.Create(list(elements)).with_output_types(kind) | step


def test_changes_are_keyed_by_access_key_where_java_would_put_them(broker: Broker) -> None:
    topic = broker.create(5)
    changes = [change(number) for number in range(200)]
    run(changes, Change, PublishChanges(KafkaTopic(broker.connection, topic)))
    found = {raw.key().decode(): raw for raw in received(broker, topic, 200)}
    assert len(found) == 200
    for one in changes:
        raw, message = found[one.key], change_message(one)
        assert raw.value() == message.data
        assert {name: value.decode() for name, value in raw.headers()} == message.attributes
        assert raw.partition() == (murmur2(one.key.encode()) & 0x7FFFFFFF) % 5


def test_a_dead_letter_that_is_too_large_for_its_topic_is_told_with_its_beginning(broker: Broker) -> None:
    topic = broker.create(1)
    letters = [DeadLetter("c", "m", "ingest", f"o{size}", b"x" * size, 1, size) for size in (10, 3_000_000)]
    run(letters, DeadLetter, PublishDeadLetters(KafkaTopic(broker.connection, topic)))
    # The broker's own limit is large, so its topic takes all; another's is Kafka's usual one.
    assert sorted(len(raw.value()) for raw in received(broker, topic, 2)) == [10, 3_000_000]
    small = broker.create(1, **{"max.message.bytes": "1000000", "compression.type": "uncompressed"})
    place = KafkaTopic(broker.connection, small)
    publisher = KafkaPublisher(place, **{"compression.type": "none"})
    message = Outgoing(b"x" * 3_000_000, {"truncated": "false", "code": "c"})
    publisher.settle([(message, publisher.send(message))])
    publisher.close()
    [raw] = received(broker, small, 1)
    assert len(raw.value()) == 900_000 and ("truncated", b"true") in raw.headers()


def test_a_topic_that_is_gone_fails_the_bundle_with_its_name(broker: Broker) -> None:
    publisher = KafkaPublisher(KafkaTopic(broker.connection, "not-there"), **{"message.timeout.ms": 3_000})
    message = Outgoing(b"x", {})
    with pytest.raises(KafkaError, match="cannot write to not-there"):
        publisher.settle([(message, publisher.send(message))])
    publisher.close()


def test_files_are_published_to_a_topic_that_is_created(broker: Broker, tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.xml").write_bytes(f"<doc>{number}</doc>".encode())
    topic = broker.create(1) + "-new"
    argv = [str(tmp_path), "--kafka_topic", topic, "--kafka_bootstrap", broker.address]
    assert publish.main(argv) == 2, "it is not there"
    assert publish.main([*argv, "--create", "--kafka_partitions", "2"]) == 0
    found = received(broker, topic, 7)
    assert sorted(raw.value() for raw in found) == [f"<doc>{number}</doc>".encode() for number in range(7)]
    assert {dict(raw.headers())["origin"].decode().rpartition("/")[2] for raw in found} == {
        f"{n}.xml" for n in range(7)
    }
    assert len(broker.admin.list_topics(topic).topics[topic].partitions) == 2


@pytest.mark.slow
def test_the_consumer_of_the_docs_knows_the_last_change_of_each_key(broker: Broker) -> None:
    if shutil.which("javac") is None:
        pytest.skip("There is no compiler of Java: apt-get install default-jdk-headless")
    topic = broker.create(3)
    changes = [change(number, revision) for number in range(20) for revision in range(2, 3 + number % 4)]
    told = [one for one in changes for _ in range(2)]
    random.Random(1).shuffle(told)
    run(told, Change, PublishChanges(KafkaTopic(broker.connection, topic)))
    example = PROJECT / "docs" / "examples" / "LatestChange.java"
    command = ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{folder_of(KAFKA)}/*", str(example)]
    said = subprocess.run([*command, broker.address, topic], capture_output=True, text=True, check=True, timeout=120)
    last = {one.key: one for one in changes}
    assert said.stdout.splitlines() == [
        f"{key} {last[key].revision} {change_message(last[key]).data.decode()}" for key in sorted(last)
    ]
