"""Kafka's source and sink beside the bare client: messages a second, and CPU of a message.

    python -m local.bench.kafka [--messages 60000] [--rounds 3]

A broker of its own, which shares the cores, holds messages of 8 kB in three partitions.

* ``bare``: the client's ``consume``, and the value of each message.
* ``intake``: what a process holds of the topic: polled by its thread, made messages of a queue, taken, offsets
committed. * ``prism``: the source on Prism with nothing behind it but a count.
* ``told``: changes through the producer, keyed and with headers; ``written``: the bare producer, the same bytes.
* ``range``: a bounded job that takes documents out of messages, and no more, on FnApiRunner.

The first thousands of ``prism`` are not measured, for they come while it starts. CPU is this process's; what the
broker and Prism use of it stands apart. Figures are kept as JSON.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from confluent_kafka import Consumer, Producer, TopicPartition

from local.bench import results
from local.bench.processes import cpu_below
from local.stack import find, stack
from local.stack.discover import LOCAL_BROKER
from transforms.ingest.kafka.intake import Intake
from transforms.ingest.kafka.lookup import looked_up
from transforms.ingest.kafka.reader import FindPartitions, ReadPartition
from transforms.ingest.kafka.settings import TopicSource
from transforms.ingest.kafka.transform import ReadFromTopic
from transforms.kafka.cluster import create_topic
from transforms.kafka.connection import Connection
from transforms.model import Change
from transforms.notify.kafka import KafkaPublisher, KafkaTopic
from transforms.notify.messages import change_message

PARTITIONS, SIZE, FIRST = 3, 8_000, 5_000
_ARRIVED = [0]


class Count(beam.DoFn):
    """Counts what comes, in the process that measures."""

    def process(self, found: Any) -> Iterator[Any]:
        _ARRIVED[0] += 1
        return iter(())


def timed(work: Callable[[], int]) -> dict[str, float]:
    """Units a second, and µs of CPU of one: of this process, and of those below it, the broker and Prism."""
    started, cpu, below = time.monotonic(), time.process_time(), cpu_below(os.getpid())
    units = work()
    seconds, cpu, below = time.monotonic() - started, time.process_time() - cpu, cpu_below(os.getpid()) - below
    found = {"a_second": round(units / seconds), "cpu_micros": round(cpu / units * 1e6, 1)}
    return found | {"below_micros": round(below / units * 1e6, 1)}


def bare(address: str, topic: str, messages: int) -> int:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "bench", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    seen = 0
    while seen < messages:
        seen += sum(1 for raw in consumer.consume(500, 0.1) if raw.value() is not None)
    consumer.close()
    return seen


def intake(source: TopicSource, messages: int) -> int:
    held, starts, seen = Intake(source), [0] * PARTITIONS, 0
    while seen < messages:
        for number in range(PARTITIONS):
            lease = held.take(number, starts[number], 1_000, 16_000_000, 0.2)
            starts[number], seen = lease.end, seen + len(lease)
            held.acknowledge(lease)
    held.close()
    return seen


def on_prism(source: TopicSource, prism: Path, messages: int) -> dict[str, float]:
    options = PipelineOptions(
        ["--runner=PrismRunner", f"--prism_location={prism}", "--prism_log_level=error", "--streaming"]
    )
    _ARRIVED[0] = 0
    pipeline = beam.Pipeline(options=options)
    read = pipeline | beam.Create([source]) | beam.ParDo(FindPartitions()) | beam.ParDo(ReadPartition())
    _ = read | beam.ParDo(Count())
    result = pipeline.run()

    def rest() -> int:
        before = _ARRIVED[0]
        while _ARRIVED[0] < messages:
            time.sleep(0.02)
        return messages - before

    while _ARRIVED[0] < FIRST:
        time.sleep(0.02)
    found = timed(rest)
    result.cancel()
    return found


def in_a_range(source: TopicSource, messages: int) -> int:
    _ARRIVED[0] = 0
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        _ = (pipeline | ReadFromTopic(source)).documents | beam.ParDo(Count())
    return messages


def told(place: KafkaTopic, changes: Sequence[Change]) -> int:
    publisher = KafkaPublisher(place)
    for start in range(0, len(changes), 1_000):
        sent = [(one, publisher.send(one)) for one in map(change_message, changes[start : start + 1_000])]
        publisher.settle(sent)
    publisher.close()
    return len(changes)


def written(address: str, topic: str, payloads: Sequence[bytes]) -> int:
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "linger.ms": 5})
    for payload in payloads:
        while True:
            try:
                producer.produce(topic, payload)
                break
            except BufferError:
                producer.poll(0.05)
    producer.flush()
    return len(payloads)


def change(number: int) -> Change:
    state = {"status": "authorised", "model": "55", "issuer": "12345678000195", "total": "1234.50"}
    return Change(f"{number:044}", 2, "r" * 64, "run", "origin", "job", 1, 2, state, {**state, "status": "x"}, None, {})


def measure(messages: int, rounds: int) -> dict[str, Any]:
    """Each in turn, the median of the rounds."""
    prism = find.prism()
    if prism is None:
        raise SystemExit("Prism is not there: make prism")
    found: dict[str, list[dict[str, float]]] = {}
    with ExitStack() as cleanup:
        running = cleanup.enter_context(stack(bigtable=False, bigquery=False, kafka=True))
        address = running.env[LOCAL_BROKER]
        connection = Connection(address)
        for topic in ("documents", "changes", "written"):
            create_topic(connection, topic, PARTITIONS)
        payload = os.urandom(SIZE // 2).hex().encode()
        written(address, "documents", [payload] * messages)
        changes = [change(number) for number in range(messages // 3)]
        bodies = [change_message(one).data for one in changes]
        for number in range(rounds):
            source = looked_up(TopicSource(connection, "documents", group=f"bench-{number}"), "earliest", "")
            bounded = looked_up(source, "earliest", "latest")
            takes: dict[str, Callable[[], dict[str, float]]] = {
                "bare": lambda: timed(lambda: bare(address, "documents", messages)),
                "intake": lambda source=source: timed(lambda: intake(source, messages)),  # type: ignore[misc]
                "prism": lambda source=source: on_prism(source, prism, messages),  # type: ignore[misc]
                "range": lambda source=bounded: timed(lambda: in_a_range(source, messages)),  # type: ignore[misc]
                "written": lambda: timed(lambda: written(address, "written", bodies)),
                "told": lambda: timed(lambda: told(KafkaTopic(connection, "changes"), changes)),
            }
            for name, take in takes.items():
                found.setdefault(name, []).append(take())
                print(f"{name}: {found[name][-1]}", file=sys.stderr, flush=True)
    return {name: {key: median(one[key] for one in taken) for key in taken[0]} for name, taken in found.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; prints the figures and keeps them."""
    parser = argparse.ArgumentParser(prog="python -m local.bench.kafka", description="Kafka beside its bare client.")
    parser.add_argument("--messages", type=int, default=60_000, help="of 8 kB, read in each round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    found = measure(options.messages, options.rounds)
    for name, figure in found.items():
        print(f"{name}: {figure['a_second']:,.0f}/s at {figure['cpu_micros']} µs, beside {figure['below_micros']}")
    path = results.keep("kafka", {"messages": options.messages, "bytes": SIZE, "rounds": options.rounds, **found})
    print(f"kept in {os.path.relpath(path)}")
    return 0


if __name__ == "__main__":
    # Under its own name: what is of __main__ travels to workers by value, and would count there.
    from local.bench import kafka

    raise SystemExit(kafka.main())
