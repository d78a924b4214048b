"""What the intakes of all queues share: when leases are moved on and given back, and when an intake ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

from tests.processes import eventually
from transforms.errors import AcervoError
from transforms.ingest.queue.backlog import Backlog, Delivery, Lease
from transforms.ingest.queue.leasing import LeasingIntake
from transforms.ingest.queue.message import Message


class Intake(LeasingIntake):
    """Of a queue that has three messages, and writes down what it is told."""

    def __init__(self, lease_seconds: int = 60) -> None:
        super().__init__("test", Backlog(100, 10_000), lease_seconds)
        self.told: list[object] = []
        self._start({"receive": self._receive})

    def acknowledge(self, lease: Lease) -> None:
        self._backlog.settle(lease)

    def _receive(self) -> None:
        self._backlog.add([Delivery(f"ack {one}", Message(b"<doc/>", one, {}, 1)) for one in "abc"])
        self._stop.wait()
        self.told.append("received the last")

    def _set_leases(self, ack_ids: Sequence[str], seconds: int) -> None:
        self.told.append((list(ack_ids), seconds))

    def _end_receiving(self) -> None:
        self._join(5)

    def _disconnect(self) -> None:
        self.told.append("disconnected")

    def fail(self, text: str) -> None:
        self._fail(AcervoError(text))


def test_what_is_held_is_given_back_once_nothing_is_received_any_more() -> None:
    intake = Intake()
    lease = intake.take(1, 100, 5)
    assert [message.message_id for message in lease.messages] == ["a"] and intake.held() == 3
    intake.acknowledge(lease)
    assert intake.held() == 2
    intake.close()
    intake.close()
    assert intake.told == ["received the last", (["ack b", "ack c"], 0), "disconnected"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("test-")]


def test_a_lease_that_is_given_back_ends_at_once() -> None:
    intake = Intake()
    intake.give_back(intake.take(2, 100, 5))
    assert intake.told == [(["ack a", "ack b"], 0)] and intake.held() == 1
    intake.close()


def test_leases_of_all_that_is_held_are_moved_on() -> None:
    intake = Intake(lease_seconds=1)
    lease = intake.take(1, 100, 5)
    assert eventually(lambda: (["ack a", "ack b", "ack c"], 1) in intake.told, 10)
    intake.acknowledge(lease)
    assert eventually(lambda: (["ack b", "ack c"], 1) in intake.told, 10)
    intake.close()


def test_a_queue_that_cannot_be_read_is_told_to_whoever_takes_with_its_first_error() -> None:
    intake = Intake()
    intake.fail("it is gone")
    intake.fail("so it is")
    with pytest.raises(AcervoError, match="it is gone"):
        intake.take(10, 1_000, 5)
    intake.close()


def test_a_process_that_ends_gives_back_what_it_holds() -> None:
    program = f"""
from {__name__} import Intake
class Told(Intake):
    def _set_leases(self, ack_ids, seconds):
        print(*ack_ids, seconds)
intake = Told()
intake.take(1, 100, 5)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "ack a ack b ack c 0\n"
