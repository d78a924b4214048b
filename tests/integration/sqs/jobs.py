"""A job over a queue that writes down what it reads, in this process or (``python -m``) in one that can be killed."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from tests.integration.pubsub.jobs import started, write_down
from tests.integration.sqs.server import Sqs
from transforms.ingest.sqs.settings import QueueSource
from transforms.ingest.sqs.transform import ReadFromQueue
from transforms.sqs.connection import Connection


def build(pipeline: beam.Pipeline, source: QueueSource, path: Path, seconds: float = 0) -> None:
    write_down(pipeline | ReadFromQueue(source), path, seconds)


def start(sqs: Sqs, url: str, runner: list[str], path: Path, seconds: float = 0) -> subprocess.Popen[bytes]:
    """The job in processes of their own, one group that can be killed as a whole."""
    arguments = [f"--endpoint={sqs.endpoint}", f"--url={url}"]
    arguments += [f"--path={path}", f"--wait={seconds}", *runner]
    return started("tests.integration.sqs.jobs", arguments, path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint")
    parser.add_argument("--url")
    parser.add_argument("--path", type=Path)
    parser.add_argument("--wait", type=float)
    args, rest = parser.parse_known_args()
    pipeline = beam.Pipeline(options=PipelineOptions(rest, streaming=True))
    source = QueueSource(Connection(endpoint=args.endpoint), args.url, lease_seconds=4, wait_seconds=1)
    build(pipeline, source, args.path, args.wait)
    pipeline.run().wait_until_finish()


if __name__ == "__main__":
    main()
