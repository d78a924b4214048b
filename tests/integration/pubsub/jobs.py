"""A streaming job that writes down what it reads, in this process or (``python -m``) in one that can be killed."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_job_api_pb2
from apache_beam.runners.portability.portable_runner import PortableMetrics
from apache_beam.runners.runner import PipelineResult, PipelineState

from transforms.ingest.inputs import Inputs
from transforms.ingest.pubsub.intake import INTAKES
from transforms.ingest.pubsub.settings import ReadSettings
from transforms.ingest.pubsub.transform import ReadFromSubscription
from transforms.ingest.queue.backlog import Backlog, Lease
from transforms.model import RawDocument

POISON = b"POISON"
END = "\t."


class WriteDown(beam.DoFn):
    """One line for each document, in the file as soon as it is processed: origin, timestamp, received at, payload.

    A line that a kill has cut, or that is being written, has no end mark; the next one starts on a line of its own.
    """

    def __init__(self, path: str, seconds: float = 0) -> None:
        self._path = path
        self._seconds = seconds

    def process(self, document: RawDocument, timestamp=beam.DoFn.TimestampParam) -> Iterator[RawDocument]:  # type: ignore[no-untyped-def]
        time.sleep(self._seconds)
        if document.payload == POISON:
            raise RuntimeError("the bundle fails here")
        line = f"\n{document.origin}\t{timestamp.micros}\t{document.received_at}\t{document.payload.hex()}{END}\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)
        yield document


class Seen:
    """What jobs wrote down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def lines(self) -> list[list[str]]:
        if not self.path.exists():
            return []
        whole = (line for line in self.path.read_text().splitlines() if line.endswith(END))
        return [line.removesuffix(END).split("\t") for line in whole]

    @property
    def payloads(self) -> list[bytes]:
        return [bytes.fromhex(line[3]) for line in self.lines]

    def wait(self, count: int, seconds: float = 120) -> None:
        wait_for(lambda: len(self.lines) >= count, seconds, lambda: f"{len(self.lines)} of {count} documents")


def wait_for(condition: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def acknowledged(settings: ReadSettings) -> bool:
    """Whether the jobs in this process hold nothing of the subscription."""
    intake = INTAKES.peek(settings)
    return intake is None or not intake.held()


def read_together(monkeypatch: pytest.MonkeyPatch, messages: int) -> None:
    """Jobs in this process read nothing until so many messages have come: they are one bundle, however they come."""
    take = Backlog.take

    def take_all(self: Backlog, max_messages: int, max_bytes: int, timeout: float) -> Lease:
        with self._changed:
            there = self._changed.wait_for(lambda: len(self._held) >= messages or self._closed, timeout)
        return take(self, max_messages, max_bytes, timeout) if there else take(self, 0, max_bytes, 0)

    monkeypatch.setattr(Backlog, "take", take_all)


def on_prism(prism: Path) -> PipelineOptions:
    return PipelineOptions(
        ["--runner=PrismRunner", f"--prism_location={prism}", "--prism_log_level=error", "--streaming"]
    )


def build(
    pipeline: beam.Pipeline, settings: ReadSettings, path: Path, seconds: float = 0
) -> beam.PCollection[RawDocument]:
    return write_down(pipeline | ReadFromSubscription(settings.subscription, settings=settings), path, seconds)


def write_down(read: Inputs, path: Path, seconds: float = 0) -> beam.PCollection[RawDocument]:
    """Documents go into the file ``path``, dead letters into the one beside it; each document takes ``seconds``."""
    _ = (
        read.dead_letters
        | "AsDocuments" >> beam.Map(lambda d: RawDocument(d.payload, d.origin, d.received_at))
        | "WriteDead" >> beam.ParDo(WriteDown(f"{path}.dead"))
    )
    return read.documents | "WriteDown" >> beam.ParDo(WriteDown(str(path), seconds))


def started(module: str, arguments: list[str], path: Path) -> subprocess.Popen[bytes]:
    """A module in processes of their own, one group that can be killed as a whole; what they print is kept."""
    with Path(f"{path}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments], start_new_session=True, stdout=log, stderr=log
        )


@contextlib.contextmanager
def running(options: PipelineOptions, construct: Callable[[beam.Pipeline], object]) -> Iterator[PipelineResult]:
    """A job, cancelled in the end."""
    pipeline = beam.Pipeline(options=options)
    construct(pipeline)
    result = pipeline.run()
    try:
        yield result
    finally:
        if not PipelineState.is_terminal(result.state):
            result.cancel()
        with contextlib.suppress(RuntimeError):  # "failed in state CANCELLED"
            result.wait_until_finish()


def counter(result: PipelineResult, name: str) -> int:
    """A counter of a running job; the result's own ``metrics`` are those of the first time they were asked for."""
    request = beam_job_api_pb2.GetJobMetricsRequest(job_id=result._job_id)
    metrics = PortableMetrics(result._job_service.GetJobMetrics(request))
    return sum(found.result for found in metrics.query(MetricsFilter().with_name(name))["counters"])


def start(settings: ReadSettings, runner: list[str], path: Path, seconds: float = 0) -> subprocess.Popen[bytes]:
    """The job in processes of their own, one group that can be killed as a whole."""
    command = [sys.executable, "-m", "tests.integration.pubsub.jobs", f"--subscription={settings.subscription}"]
    command += [f"--lease={settings.lease_seconds}", f"--path={path}", f"--seconds={seconds}", *runner]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--subscription")
    parser.add_argument("--lease", type=int)
    parser.add_argument("--path", type=Path)
    parser.add_argument("--seconds", type=float)
    args, rest = parser.parse_known_args()
    pipeline = beam.Pipeline(options=PipelineOptions(rest, streaming=True))
    build(pipeline, ReadSettings(args.subscription, lease_seconds=args.lease), args.path, args.seconds)
    pipeline.run().wait_until_finish()


if __name__ == "__main__":
    main()
