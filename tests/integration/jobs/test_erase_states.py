"""Erasure and the compacted topic of states: no erased key is left in it, killed or not, and none comes back."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import erase
from tests.integration.brokers import Broker
from tests.integration.jobs.erasing import arguments, erase_confirmed, erase_stores, number, reports, start_erase
from tests.integration.jobs.stores import NewStores, Stores, finish
from tests.integration.jobs.streams import DocumentTopic, Streaming
from tests.integration.jobs.test_erase import some_issuers, written
from tests.integration.jobs.test_faults import inputs
from tests.integration.jobs.test_kafka_states import COMPACTED, last_of_each_key, publish
from transforms.kafka.errors import KafkaError
from transforms.model import Change
from transforms.notify.kafka import KafkaTopic


def told(stores: Stores, broker: Broker) -> tuple[str, list[Change]]:
    """A topic that has the state of each key, and the changes of which it was told."""
    states = broker.create(3, **COMPACTED)
    changes = [change for history in stores.histories().values() for change in history.changes]
    publish(changes, KafkaTopic(broker.connection, states), stores.truth)
    return states, changes


def in_topic(stores: Stores, broker: Broker, states: str) -> bool:
    """Whether the topic has the states of all keys that are left, and no others."""
    known, _ = last_of_each_key(broker, states)
    left = {key: history.state for key, history in stores.histories().items()}
    return {key: one["after"] for key, one in known.items() if one is not None} == left


def killed(job: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
    """Kills the job as soon as something is so."""
    while not condition():
        assert job.poll() is None, "it ended before"
        time.sleep(0.05)
    job.send_signal(signal.SIGKILL)
    job.communicate()


@pytest.mark.slow
def test_erased_keys_are_forgotten_and_neither_late_writers_nor_a_replay_bring_them_back(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path
) -> None:
    stores, payloads = new_stores(), inputs(117, 60)
    stores.backfill(written(payloads, tmp_path / "all"))
    states, changes = told(stores, broker)
    assert in_topic(stores, broker, states)
    issuers, keys = some_issuers(stores)
    options = ("--kafka_states_topic", states, "--kafka_bootstrap", broker.address)
    done = erase_confirmed(stores, "--subjects", issuers, "--part", "issuer", *options)
    assert done["states_forgotten"] == done["keys_erased"] == len(keys)
    assert in_topic(stores, broker, states)
    known, _ = last_of_each_key(broker, states)
    assert {key for key, one in known.items() if one is None} == keys

    # A worker that held its changes all the while.
    publish([one for one in changes if one.key in keys], KafkaTopic(broker.connection, states), stores.truth)
    assert in_topic(stores, broker, states)
    _, before = last_of_each_key(broker, states)
    topic = DocumentTopic(broker)
    topic.publish(payloads)
    with Streaming(stores, topic, tmp_path / "log", *options[:2]) as stream:
        stream.wait_until(lambda: sum(broker.committed(topic.topic, 3)) == len(payloads), "not all is read")
    known, after = last_of_each_key(broker, states)
    assert {key for key, one in known.items() if one is None} >= keys & set(known)
    assert in_topic(stores, broker, states)
    assert after <= before, "nothing of it was news"


@pytest.mark.long
def test_killed_before_and_while_the_topic_is_told_and_started_again_it_is_complete(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path
) -> None:
    stores = new_stores()
    stores.backfill(written(inputs(119, 60), tmp_path / "all"))
    states, _ = told(stores, broker)
    issuers, keys = some_issuers(stores)
    whose = ("--subjects", issuers, "--part", "issuer")
    topic = ("--kafka_states_topic", states, "--kafka_bootstrap", broker.address)
    asked = (*whose, *topic, "--confirm", "99")

    # It cannot tell the topic, so what finds the keys stays.
    job = start_erase(stores, *asked)
    broker_is_gone: list[float] = []

    def waits_for_the_broker() -> bool:
        if not broker_is_gone:
            if reports(stores):
                broker.kill()
                broker_is_gone.append(time.monotonic())
            return False
        return time.monotonic() > broker_is_gone[0] + 20

    try:
        killed(job, waits_for_the_broker)
    finally:
        broker.start()
    assert not in_topic(stores, broker, states)
    assert number(erase_stores(stores, *whose)) == len(keys)

    job = start_erase(stores, *asked)
    killed(job, lambda: None in last_of_each_key(broker, states)[0].values())
    finish(start_erase(stores, *asked))
    assert in_topic(stores, broker, states)
    assert not keys & set(stores.histories())
    assert number(erase_stores(stores, *whose)) == 0
    assert {str(one["state"]) for one in reports(stores)} == {"begun", "done"}


def test_a_topic_that_is_not_there_is_told_before_anything_is_erased(
    new_stores: NewStores, running_stack: object, broker: Broker
) -> None:
    stores = new_stores()
    options = ("--kafka_states_topic", "not-there", "--kafka_bootstrap", broker.address)
    with pytest.raises(KafkaError, match="there is no topic not-there"):
        erase.run(arguments(stores, "--subjects", "11222333", *options, "--confirm", "9"))
    assert reports(stores) == []
