"""A stream from Kafka, and ranges of its topic, end where one clean backfill of the same documents ends."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from pipelines import stream
from pipelines.launch import LaunchError
from tests.integration.brokers import Broker
from tests.integration.jobs.stores import NewStores, Stores
from tests.integration.jobs.streams import DocumentTopic, Streaming, arrivals
from tests.integration.jobs.test_faults import clean_backfill, inputs, settles

COUNTS = ("counts_total", "counts_from_changes", "state_from_records")


@pytest.mark.slow
def test_killed_with_repetitions_disorder_and_poison(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path
) -> None:
    topic, stores, payloads = DocumentTopic(broker), new_stores(), inputs(81, 200)
    clean = clean_backfill(new_stores, payloads, tmp_path / "documents")
    topic.publish(payloads[:100])
    with Streaming(stores, topic, tmp_path / "log-0") as job:
        job.wait_until(lambda: arrivals(stores) > 20, "nothing arrives")
        topic.publish(payloads[100:])
        job.kill()
    topic.broker.grow(topic.topic, 5)
    with Streaming(stores, topic, tmp_path / "log-1") as job:
        settles(job, clean, len(payloads))
        job.wait_until(lambda: sum(broker.committed(topic.topic, 3)) == len(payloads), "offsets are not committed", 30)


@pytest.mark.long
def test_two_streams_on_one_topic_of_which_one_or_the_other_is_killed(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path
) -> None:
    topic, stores, payloads = DocumentTopic(broker), new_stores(), inputs(83, 300)
    clean = clean_backfill(new_stores, payloads, tmp_path / "documents")
    jobs = [Streaming(stores, topic, tmp_path / f"log-{number}") for number in range(2)]
    try:
        for life in range(3):
            topic.publish(payloads[life::3])
            jobs[0].wait_until(lambda life=life: arrivals(stores) > 60 * life, "nothing arrives")  # type: ignore[misc]
            jobs[1].kill()
            jobs = [Streaming(stores, topic, tmp_path / f"log-{life + 2}"), jobs[0]]
        settles(jobs[0], clean, len(payloads))
    finally:
        for job in jobs:
            job.kill()


def replay(stores: Stores, topic: DocumentTopic, *more: str) -> Counter[str]:
    """Reads a range of the topic; the counters."""
    places = stores.arguments("-")[2:]
    result = stream.run([*topic.arguments, *places, *more]).result
    return Counter({c.key.metric.name: c.committed for c in result.metrics().query()["counters"]})


def test_a_range_read_twice_under_one_run_and_again_under_another(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path
) -> None:
    topic, stores, payloads = DocumentTopic(broker, 2), new_stores(), inputs(91, 60)
    clean = clean_backfill(new_stores, payloads, tmp_path / "documents")
    topic.publish(payloads)
    span = ("--kafka_start", "earliest", "--kafka_stop", "latest")
    first = replay(stores, topic, *span)
    assert first["records_new"] and not first["records_resumed"]
    counts, content = clean.views(*COUNTS), clean.content()
    assert (stores.content(), stores.views(*COUNTS)) == (content, counts)
    again = replay(stores, topic, *span)
    assert (again["records_new"], again["records_resumed"]) == (0, first["records_new"])
    other = replay(stores, topic, *span, "--run", "another")
    assert (other["records_new"], other["records_resumed"]) == (0, 0)
    assert other["records_duplicate"] == first["records_new"] + first["records_duplicate"]
    assert (stores.content(), stores.views(*COUNTS)) == (content, counts)
    assert broker.committed(topic.topic, 2) == [-1001, -1001]


@pytest.mark.slow
def test_a_topic_that_is_deleted_stops_the_job_which_says_so(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path
) -> None:
    topic, stores, log = DocumentTopic(broker, 1), new_stores(), tmp_path / "log"
    topic.publish(inputs(95, 20))
    with Streaming(stores, topic, log) as job:
        job.wait_for_arrivals(20)
        broker.delete(topic.topic)
        broker.create(1, topic.topic)
        assert job.process.wait(240) == 1
    said = log.read_text()
    assert f"KafkaError: the topic {topic.topic} was deleted and made again" in said.partition("error: the job")[2]
    assert "Traceback" not in said


@pytest.mark.long
def test_messages_that_retention_removes_before_they_are_read_stop_the_job_which_says_where(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path
) -> None:
    topic, stores, log = DocumentTopic(broker, 1), new_stores(), tmp_path / "log"
    payloads = inputs(96, 20)
    topic.publish(payloads)
    with Streaming(stores, topic, log) as job:
        job.wait_for_arrivals(len(payloads))
        os.killpg(job.process.pid, signal.SIGSTOP)
        # Until the broker has answered the fetch that waits there: its answer would bring what comes next.
        time.sleep(2)
        topic.publish([b"<doc/>"] * 10)
        for future in broker.admin.delete_records([TopicPartition(topic.topic, 0, 25)]).values():
            future.result(30)
        os.killpg(job.process.pid, signal.SIGCONT)
        assert job.process.wait(240) == 1
    assert f"partition 0: offset {len(payloads)} is not there; the earliest is 25" in log.read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--kafka_topic", "nothing"], "there is no topic nothing"),
        (["--kafka_topic", "t", "--subscription", "s"], "one job reads one of them"),
        (["--kafka_topic", "t", "--kafka_bootstrap", "127.0.0.1:1"], "Kafka does not answer at 127.0.0.1:1"),
        (["--kafka_topic", "t", "--kafka_security", "sasl_ssl"], "needs --kafka_mechanism"),
        (["--kafka_topic", "t", "--runner", "BundleBasedDirectRunner"], "give --runner=PrismRunner"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line_before_the_job(
    new_stores: NewStores, running_stack: object, broker: Broker, more: list[str], said: str
) -> None:
    places = new_stores().arguments("-")[2:-2]
    with pytest.raises(LaunchError, match=said) as told:
        stream.run(["--kafka_bootstrap", broker.address, "--runner", "PrismRunner", *places, *more])
    assert len(str(told.value).splitlines()) == 1
