"""The source of a stream on Prism, against a broker: each message once, whatever happens on either side."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.brokers import Broker
from tests.integration.kafka.jobs import build, source, start
from tests.integration.pubsub.jobs import Seen, on_prism, running, wait_for
from tests.processes import eventually


def documents(count: int, first: int = 0) -> list[bytes]:
    return [f"<doc>{number}</doc>".encode() for number in range(first, first + count)]


def offsets(seen: Seen, partition: int) -> list[int]:
    """Offsets of a partition that were written down, in the order in which they were."""
    places = [line[0].split("/") for line in seen.lines]
    return [int(place[2]) for place in places if int(place[1]) == partition]


@contextlib.contextmanager
def reading(broker: Broker, topic: str, prism: Path, path: Path) -> Iterator[Seen]:
    read = source(broker, topic)
    with running(on_prism(prism), lambda pipeline: build(pipeline, read, path)):
        yield Seen(path)


def test_every_message_of_every_partition_once_and_in_order_and_offsets_behind_them(
    broker: Broker, prism: Path, tmp_path: Path
) -> None:
    topic = broker.create(3)
    broker.publish(topic, documents(3_000))
    place = source(broker, topic).place
    with reading(broker, topic, prism, tmp_path / "seen") as seen:
        seen.wait(3_000)
        began = time.monotonic()
        broker.publish(topic, documents(1, 3_000), partition=1)
        seen.wait(3_001)
        assert time.monotonic() - began < 5
        assert sorted(seen.payloads) == sorted(documents(3_001))
        assert [offsets(seen, number) for number in range(3)] == [list(range(count)) for count in (1_000, 1_001, 1_000)]
        assert all(line[0].startswith(f"{place}/") for line in seen.lines)
        assert eventually(lambda: broker.committed(topic, 3) == [1_000, 1_001, 1_000])


def test_partitions_that_are_added_are_read_from_their_beginning(broker: Broker, prism: Path, tmp_path: Path) -> None:
    topic = broker.create(1)
    broker.publish(topic, documents(10))
    with reading(broker, topic, prism, tmp_path / "seen") as seen:
        seen.wait(10)
        broker.grow(topic, 2)
        broker.publish(topic, documents(10, 10), partition=1)
        seen.wait(20)
        assert offsets(seen, 1) == list(range(10))


def test_a_job_that_is_killed_goes_on_where_its_effects_end(broker: Broker, prism: Path, tmp_path: Path) -> None:
    topic, path = broker.create(2), tmp_path / "seen"
    seen, runner = Seen(path), ["--runner=PrismRunner", f"--prism_location={prism}", "--prism_log_level=error"]
    broker.publish(topic, documents(2_000))
    for life in range(2):
        job = start(broker, topic, runner, path, seconds=0.002)
        known = len(seen.lines)
        wait_for(lambda known=known: len(seen.lines) > known + 50, 90, lambda: Path(f"{path}.log").read_text())  # type: ignore[misc]
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
        assert len(seen.lines) < 2_000 or life
    kept = [number if number > 0 else 0 for number in broker.committed(topic, 2)]
    for partition in range(2):
        assert set(range(kept[partition])) <= set(offsets(seen, partition)), "no offset is ahead of its effects"
    with reading(broker, topic, prism, path):
        wait_for(lambda: len(set(seen.payloads)) >= 2_000, 90, lambda: f"{len(set(seen.payloads))}")
    assert set(seen.payloads) == set(documents(2_000))


@pytest.mark.slow
def test_a_broker_that_is_killed_is_waited_for(prism: Path, tmp_path: Path) -> None:
    own = Broker(tmp_path / "broker")
    try:
        topic = own.create(2)
        own.publish(topic, documents(200))
        with reading(own, topic, prism, tmp_path / "seen") as seen:
            seen.wait(200)
            own.kill()
            time.sleep(4)
            own.start()
            own.publish(topic, documents(200, 200))
            back = time.monotonic()
            seen.wait(400)
            assert time.monotonic() - back < 3
            assert sorted(seen.payloads) == sorted(documents(400)), "none is lost, none came twice"
    finally:
        own.stop()
