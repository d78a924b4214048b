"""The compacted topic of states: what is last of each key in it is what Bigtable has, whoever wrote in what order."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import apache_beam as beam
import orjson
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from confluent_kafka import Consumer, TopicPartition

from tests.integration.brokers import Broker
from tests.integration.jobs.stores import NewStores
from tests.integration.jobs.streams import DocumentTopic, Streaming, counted
from tests.integration.jobs.test_faults import inputs
from transforms.model import Change
from transforms.notify.kafka import KafkaTopic
from transforms.notify.states import PublishStates
from transforms.truth import row_keys, rows
from transforms.truth.client import Client
from transforms.truth.loop import wait_for
from transforms.truth.tombstones import Tombstone, all_of, tombstone_cells

COMPACTED = {"cleanup.policy": "compact", "segment.ms": "200", "min.cleanable.dirty.ratio": "0.01"}


def last_of_each_key(broker: Broker, topic: str) -> tuple[dict[str, Any], int]:
    """What a consumer that keeps the last message of each key has (None: a tombstone), and how many it read."""
    consumer = Consumer({**broker.client, "group.id": "t", "enable.partition.eof": True})
    partitions = broker.admin.list_topics(topic).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    found: dict[str, Any] = {}
    ended, read = 0, 0
    while ended < len(partitions):
        raw: Any
        for raw in consumer.consume(500, 1.0):
            if raw.error() is not None:
                ended += raw.error().name() == "_PARTITION_EOF"
                continue
            read += 1
            found[raw.key().decode()] = orjson.loads(raw.value()) if raw.value() is not None else None
    consumer.close()
    return found, read


def publish(changes: list[Change], place: KafkaTopic, config: Any) -> None:
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        _ = pipeline | beam.Create(changes).with_output_types(Change) | PublishStates(place, config)


@pytest.mark.slow
def test_two_streams_of_which_one_is_killed_leave_the_highest_revision(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path
) -> None:
    topic, stores, payloads = DocumentTopic(broker), new_stores(), inputs(111, 150)
    states = broker.create(2, **COMPACTED)
    jobs = [Streaming(stores, topic, tmp_path / f"log-{number}", "--kafka_states_topic", states) for number in range(2)]
    try:
        topic.publish(payloads[:75])
        jobs[0].wait_for_arrivals(20)
        jobs[1].kill()
        topic.publish(payloads[75:])
        jobs[0].wait_for_arrivals(len(payloads))
        jobs[0].wait_until(lambda: counted(stores), "counts do not settle")
        histories = stores.histories()

        def is_known() -> bool:
            known, _ = last_of_each_key(broker, states)
            return {key: one["after"] for key, one in known.items()} == {
                key: history.state for key, history in histories.items()
            }

        jobs[0].wait_until(is_known, "the topic does not have all states", 60)
    finally:
        for job in jobs:
            job.kill()
    log = (tmp_path / "log-0").read_text()
    assert "is not compacted" not in log


def test_changes_in_any_order_and_repeated_and_an_erasure(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path
) -> None:
    stores, folder = new_stores(), tmp_path / "documents"
    folder.mkdir()
    for index, payload in enumerate(inputs(113, 80)):
        (folder / f"{index:05}.xml").write_bytes(payload)
    stores.backfill(folder)
    histories, config = stores.histories(), stores.truth
    changes = [change for history in histories.values() for change in history.changes] * 2
    random.Random(5).shuffle(changes)
    states = broker.create(3, **COMPACTED)
    place = KafkaTopic(broker.connection, states)
    for third in range(3):
        publish(changes[third::3], place, config)
    known, read = last_of_each_key(broker, states)
    assert {key: (one["revision"], one["after"]) for key, one in known.items()} == {
        key: (history.revision, history.state) for key, history in histories.items()
    }
    erased = next(history for history in histories.values() if len(history.changes) > 1)
    client = Client(config)
    cells = tombstone_cells(erased.revision + 1, Tombstone(1, "job"))
    row = row_keys.row_key(erased.key)
    wait_for(client.replace(config.records_table, row, all_of(rows.FAMILIES), cells))
    wait_for(client.close())
    publish([change for change in changes if change.key == erased.key], place, config)
    assert last_of_each_key(broker, states)[0][erased.key] is None
    # What compaction leaves says the same. The cleaner comes when it likes.
    for _ in range(40):
        left, count = last_of_each_key(broker, states)
        if count < read:
            break
        publish([histories[key].changes[-1] for key in list(known)[:5] if key != erased.key], place, config)
        time.sleep(0.5)
    assert count < read
    assert {key: one["revision"] for key, one in left.items() if one} == {
        key: history.revision for key, history in histories.items() if key != erased.key
    }
