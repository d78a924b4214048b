"""A local Flink for tests, and what is killed of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from local.bench.processes import below
from local.flink import session
from local.flink.cluster import Cluster, cluster
from local.stack import StackError, find
from tests.processes import eventually


@contextmanager
def started(logs: Path) -> Iterator[Cluster]:
    """A cluster for the block; skips where Java is missing or the jars cannot be fetched."""
    try:
        find.flink()
    except StackError as missing:
        pytest.skip(str(missing))
    with cluster(logs=logs) as running:
        yield running


def arguments(running: Cluster) -> list[str]:
    """What a job is given to run there, with the emulators of this process."""
    return session.arguments(session.place_of(running))


def kill_task_manager(running: Cluster, name: str) -> None:
    """Kills Java without a word, and has it started again, as an operator of Kubernetes does."""
    process = running.processes[name]
    [java] = [pid for pid in below(process.pid) if "TaskManagerRunner" in command_of(pid)]
    os.kill(java, signal.SIGKILL)
    assert eventually(lambda: not process.running), "the process outlives its Java"
    assert running.mend() == []


def kill_worker(running: Cluster) -> bool:
    """Kills one Python worker; False where there is none at the moment."""
    for process in running.processes.values():
        for pid in below(process.pid):
            if "local.flink.worker" in command_of(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    return True
    return False


def command_of(pid: int) -> str:
    """The command line of a process; empty where it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def unfinished(running: Cluster) -> list[str]:
    """States of jobs that have not ended."""
    return [state for state in running.states() if state not in ("FINISHED", "CANCELED", "FAILED")]
