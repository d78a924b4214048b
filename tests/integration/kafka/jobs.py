"""A job over a topic that writes down what it reads, in this process or (``python -m``) in one that can be killed."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from tests.integration.brokers import Broker
from tests.integration.pubsub.jobs import started, write_down
from transforms.ingest.kafka.lookup import looked_up
from transforms.ingest.kafka.settings import TopicSource
from transforms.ingest.kafka.transform import ReadFromTopic
from transforms.kafka.connection import Connection


def source(broker: Broker, topic: str, start: str = "committed", stop: str = "") -> TopicSource:
    return looked_up(TopicSource(broker.connection, topic, settle_seconds=1), start, stop)


def build(pipeline: beam.Pipeline, read: TopicSource, path: Path, seconds: float = 0) -> None:
    write_down(pipeline | ReadFromTopic(read), path, seconds)


def start(broker: Broker, topic: str, runner: list[str], path: Path, seconds: float = 0) -> subprocess.Popen[bytes]:
    """The job in processes of their own, one group that can be killed as a whole."""
    arguments = [f"--broker={broker.address}", f"--topic={topic}"]
    arguments += [f"--path={path}", f"--wait={seconds}", *runner]
    return started("tests.integration.kafka.jobs", arguments, path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker")
    parser.add_argument("--topic")
    parser.add_argument("--path", type=Path)
    parser.add_argument("--wait", type=float)
    args, rest = parser.parse_known_args()
    read = looked_up(TopicSource(Connection(args.broker), args.topic), "committed", "")
    pipeline = beam.Pipeline(options=PipelineOptions(rest, streaming=True))
    build(pipeline, read, args.path, args.wait)
    pipeline.run().wait_until_finish()


if __name__ == "__main__":
    main()
