"""A message is acknowledged behind all its effects: a store stands still under load, and the job is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.bench.processes import below
from local.generate import documents as generated
from local.generate import leaves
from local.stack import Stack
from local.stack.services import BIGQUERY, BIGTABLE, Service
from tests.integration.jobs.stores import NewStores
from tests.integration.jobs.streams import SHORT_LEASES, DocumentQueue, Streaming

BEFORE, MEANWHILE = 30, 120


@contextlib.contextmanager
def standing_still(running_stack: Stack, service: Service) -> Iterator[None]:
    """The emulator of a service takes connections and requests, and answers nothing."""
    [guard] = [one.process.pid for one in running_stack.services if one.service is service]
    processes = below(guard)
    assert processes
    try:
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.slow
@pytest.mark.parametrize(
    "service", [BIGTABLE, pytest.param(BIGQUERY, marks=pytest.mark.long)], ids=["Bigtable", "BigQuery"]
)
def test_what_has_not_reached_every_store_comes_again(
    new_stores: NewStores, running_stack: Stack, tmp_path: Path, service: Service
) -> None:
    queue, stores = DocumentQueue(), new_stores()
    payloads = [one.payload for each in generated(41, BEFORE + MEANWHILE, nfe=1) for one in leaves(each)]
    with Streaming(stores, queue, tmp_path / "log", module=SHORT_LEASES) as job:
        queue.publish(payloads[:BEFORE])
        job.wait_for_arrivals(BEFORE)
        with standing_still(running_stack, service):
            sent: set[str] = set()
            for payload in payloads[BEFORE : BEFORE + MEANWHILE]:
                sent.update(queue.publish([payload]))
                time.sleep(0.05)
            time.sleep(3)
            job.kill()
    found = {message.message_id for message in queue.pulled(BEFORE + MEANWHILE, 45)}
    assert sent <= found, f"{len(sent - found)} of {len(sent)} were acknowledged before their effects"
