"""A stream that waits for messages leaves the machine alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from local.bench.processes import below, use_of
from local.generate import documents as generated
from tests.integration.jobs.stores import NewStores
from tests.integration.jobs.streams import DocumentQueue, Streaming

SECONDS = 6.0
# Of a core. Where bundles have no output, or wait for Beam's sampler, Prism takes a tenth and more.
MOST = 0.06


def of_prism(pid: int) -> float:
    """Seconds of CPU that Prism has used, below a launcher."""
    uses = [use for one in below(pid) if (use := use_of(one)) and "prism" in use.command]
    assert uses
    return sum(use.cpu for use in uses)


@pytest.mark.long
def test_idle_stream_costs_prism_nothing(new_stores: NewStores, running_stack: object, tmp_path: Path) -> None:
    queue = DocumentQueue()
    payloads = [one.payload for one in generated(5, 20, nfe=1)]
    with Streaming(new_stores(), queue, tmp_path / "log") as stream:
        queue.publish(payloads)
        stream.wait_for_arrivals(len(payloads))
        time.sleep(2)
        before = of_prism(stream.process.pid)
        time.sleep(SECONDS)
        assert (of_prism(stream.process.pid) - before) / SECONDS < MOST
