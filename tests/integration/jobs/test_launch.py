"""How jobs on a portable runner live and end, seen by who launched them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import grpc
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from google.cloud import pubsub_v1

from local.bench.processes import below, use_of
from local.stack.find import prism as find_prism
from pipelines import launching
from pipelines.launch import Launch
from tests.integration.jobs.stores import NewStores
from tests.integration.jobs.streams import DocumentQueue, Streaming
from tests.processes import alive, eventually

DEADLINE = 8


def slow_job() -> beam.Pipeline:
    """On Prism; it takes longer than the deadline that its launcher gives the job server."""
    prism = find_prism()
    if prism is None:
        pytest.skip("Prism is not there: make prism")
    options = PipelineOptions(["--runner=PrismRunner", f"--prism_location={prism}", f"--job_server_timeout={DEADLINE}"])
    pipeline = beam.Pipeline(options=options)
    _ = pipeline | beam.Create([DEADLINE + 4]) | beam.Map(time.sleep)
    return pipeline


@pytest.mark.long
def test_a_batch_job_outlives_the_deadline_of_its_launch() -> None:
    # By its code: what the text says is which of two ends of the connection saw the deadline first.
    with pytest.raises(grpc.RpcError) as ended:
        slow_job().run().wait_until_finish()
    assert ended.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert launching.launch(slow_job(), Launch("slow", "slow/1", 0, "backfill")).result.state == "DONE"


@pytest.mark.slow
def test_a_stream_outlives_the_deadline_of_its_launch(
    new_stores: NewStores, running_stack: object, tmp_path: Path
) -> None:
    queue, stores = DocumentQueue(), new_stores()
    with Streaming(stores, queue, tmp_path / "log", "--job_server_timeout", str(DEADLINE)) as job:
        queue.publish([b"no xml"])
        job.wait_for_arrivals(1)
        time.sleep(2 * DEADLINE)
        queue.publish([b"no xml, again"])
        job.wait_for_arrivals(2)


@pytest.fixture
def in_background() -> Iterator[None]:
    """What is started ignores SIGINT, as what a shell starts with ``&``."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow
def test_a_stream_in_the_background_is_stopped_as_another(
    new_stores: NewStores, running_stack: object, tmp_path: Path, in_background: None
) -> None:
    queue, log = DocumentQueue(), tmp_path / "log"
    with Streaming(new_stores(), queue, log) as job:
        queue.publish([b"no xml"])
        job.wait_for_arrivals(1)
        job.process.terminate()
        assert job.process.wait(120) == 130, log.read_text()[-3000:]
    assert "the job failed" not in log.read_text()


def interrupted(job: Streaming, queue: DocumentQueue) -> None:
    job.process.send_signal(signal.SIGINT)


def terminated(job: Streaming, queue: DocumentQueue) -> None:
    job.process.send_signal(signal.SIGTERM)


def without_subscription(job: Streaming, queue: DocumentQueue) -> None:
    with pubsub_v1.SubscriberClient() as client:
        client.delete_subscription(subscription=queue.subscription)


def without_runner(job: Streaming, queue: DocumentQueue) -> None:
    uses = {pid: use_of(pid) for pid in below(job.process.pid)}
    [prism] = [pid for pid, use in uses.items() if use and "--job_port" in use.command]
    os.kill(prism, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "status", "said"),
    [
        (interrupted, 130, "Interrupted. The same command can be given again"),
        (terminated, 130, "Interrupted. The same command can be given again"),
        (without_subscription, 1, "NOT_FOUND: Subscription does not exist"),
        (without_runner, 1, "the connection to the runner ended with UNAVAILABLE"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_stream_ends_in_a_message_and_leaves_no_process_behind(
    new_stores: NewStores,
    running_stack: object,
    tmp_path: Path,
    end,
    status: int,
    said: str,  # type: ignore[no-untyped-def]
) -> None:
    queue, stores, log = DocumentQueue(), new_stores(), tmp_path / "log"
    with Streaming(stores, queue, log) as job:
        queue.publish([b"no xml"])
        job.wait_for_arrivals(1)
        processes = below(job.process.pid)
        assert processes
        # It is told at the next look of the launcher, which may come after the first arrival.
        ready = f"Ready: {queue.subscription} is being read"
        assert eventually(lambda: ready in log.read_text(), 20)
        end(job, queue)
        assert job.process.wait(120) == status, log.read_text()[-3000:]
    text = log.read_text()
    assert said in text
    assert status != 130 or "stream: stopped after" in text
    assert "Traceback" not in text
    assert eventually(lambda: not any(map(alive, processes)), 20)
