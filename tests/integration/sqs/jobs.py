"""A job over a queue that writes down what it reads, in this process or (``python -m``) in one that can be killed."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from tests.integration.pubsub.jobs import WriteDown
from tests.integration.sqs.server import Sqs
from transforms.ingest.sqs.settings import QueueSource
from transforms.ingest.sqs.transform import ReadFromQueue
from transforms.model import RawDocument
from transforms.sqs.connection import Connection


def build(pipeline: beam.Pipeline, source: QueueSource, path: Path, seconds: float = 0) -> None:
    found = pipeline | ReadFromQueue(source)
    _ = (
        found.dead_letters
        | "AsDocuments" >> beam.Map(lambda d: RawDocument(d.payload, d.origin, d.received_at))
        | "WriteDead" >> beam.ParDo(WriteDown(f"{path}.dead"))
    )
    _ = found.documents | "WriteDown" >> beam.ParDo(WriteDown(str(path), seconds))


def start(sqs: Sqs, url: str, runner: list[str], path: Path, seconds: float = 0) -> subprocess.Popen[bytes]:
    """The job in processes of their own, one group that can be killed as a whole."""
    command = [sys.executable, "-m", "tests.integration.sqs.jobs", f"--endpoint={sqs.endpoint}", f"--url={url}"]
    command += [f"--path={path}", f"--wait={seconds}", *runner]
    with Path(f"{path}.log").open("ab") as log:
        return subprocess.Popen(command, start_new_session=True, stdout=log, stderr=log)


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
