"""A stream that comes to its end says why, whatever ended it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.integration.brokers import Broker
from tests.integration.jobs.stores import NewStores
from tests.integration.jobs.streams import DocumentTopic, Streaming
from tests.integration.jobs.test_faults import inputs
from tests.integration.servers import below


def prism_of(job: Streaming) -> int:
    """The process of the job's runner."""
    [found] = [pid for pid in below(job.process.pid) if "prism" in Path(f"/proc/{pid}/cmdline").read_text()]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "how"),
    [(signal.SIGKILL, "it was killed (SIGKILL), as the system does"), (signal.SIGTERM, "it ")],
)
def test_a_runner_that_is_killed_is_told(
    new_stores: NewStores, running_stack: object, broker: Broker, tmp_path: Path, number: signal.Signals, how: str
) -> None:
    topic, stores, log = DocumentTopic(broker, 1), new_stores(), tmp_path / "log"
    topic.publish(inputs(121, 10))
    with Streaming(stores, topic, log) as job:
        job.wait_for_arrivals(10)
        os.kill(prism_of(job), number)
        assert job.process.wait(120) == 1
    said = log.read_text().partition("error: the job failed: ")[2]
    assert f"The runner is gone: {how}" in said and "Started again, it finishes what it began" in said
