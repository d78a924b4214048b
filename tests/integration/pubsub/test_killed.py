"""What processes that were killed had leased, and streams that are ended while messages come."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from tests.integration.queues import Queue
from transforms.ingest.pubsub.intake import _ENDING_SECONDS, Intake
from transforms.ingest.pubsub.settings import ReadSettings

LEASE, STREAM = 10, 4.0

# Takes all that comes, acknowledges nothing, and tells how much it holds.
HOLDER = f"""
import sys
from transforms.ingest.pubsub.intake import Intake
from transforms.ingest.pubsub.settings import ReadSettings
intake = Intake(ReadSettings(sys.argv[1], lease_seconds={LEASE}, stream_seconds={STREAM}))
held = 0
while True:
    held += len(intake.take(1_000, 10**8, 0.2))
    print(held, flush=True)
"""


def hold_and_die(queue: Queue, messages: int) -> None:
    """A process of its own that is killed once it holds so many messages."""
    command = [sys.executable, "-c", HOLDER, queue.subscription]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= messages:
                process.kill()
                return
    raise AssertionError("the process ended by itself")


@pytest.mark.long
def test_what_killed_processes_held_is_back_after_a_stream_and_a_lease(queue: Queue) -> None:
    """The emulator serves streams of clients that are gone; one that has no deadline, for ever."""
    for _ in range(3):
        queue.publish([b"<doc/>"] * 50)
        hold_and_die(queue, 50)
    time.sleep(STREAM + _ENDING_SECONDS + LEASE + 2)
    for _ in range(20):
        queue.publish([b"<doc/>"])
        time.sleep(0.1)
    assert len({message.message_id for message in queue.pulled(170, 3)}) == 170


def test_streams_that_are_ended_while_messages_come_miss_none_and_repeat_none(queue: Queue) -> None:
    intake = Intake(replace(ReadSettings(queue.subscription), streams=2, stream_seconds=0.3))
    sent: list[str] = []

    def publish() -> None:
        for _ in range(200):
            sent.extend(queue.publish([b"<doc/>"]))
            time.sleep(0.015)

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        received: list[str] = []
        deadline = time.monotonic() + 60
        while (publisher.is_alive() or len(received) < len(sent)) and time.monotonic() < deadline:
            lease = intake.take(1_000, 10**8, 0.2)
            received += [delivery.message.message_id for delivery in lease.deliveries]
            intake.acknowledge(lease)
        assert sorted(received) == sorted(sent)
        assert intake.redelivered() == 0
    finally:
        publisher.join()
        intake.close()


def test_the_emulators_own_settings_are_for_the_emulator_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    service = ReadSettings("projects/p/subscriptions/s")
    assert (service.lease_seconds, service.stream_seconds) == (60, None)
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "localhost:1")
    local = ReadSettings("projects/p/subscriptions/s")
    assert (local.lease_seconds, local.stream_seconds) == (20, 15.0)
