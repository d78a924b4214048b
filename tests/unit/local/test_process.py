from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.stack import StackError, guard
from local.stack.process import PROJECT, Process, free_port, is_free, listens
from local.stack.services import BIGTABLE, launch
from tests.processes import alive, eventually

# A process that starts another one, says both ids, and sits there.
PARENT_AND_CHILD = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def start(tmp_path: Path, code: str) -> Process:
    return Process("A test process", [sys.executable, "-c", code], tmp_path / "log", {})


def ids_in(log: Path) -> list[int]:
    assert eventually(lambda: log.exists() and len(log.read_text().split()) >= 2)
    return [int(word) for word in log.read_text().split()]


def test_stop__ends_the_process_and_its_children(tmp_path: Path) -> None:
    process = start(tmp_path, PARENT_AND_CHILD)
    ids = ids_in(process.log)
    assert all(map(alive, ids))
    process.stop()
    assert not process.running
    assert eventually(lambda: not any(map(alive, ids)))
    process.stop()


def test_killed_owner__leaves_no_process(tmp_path: Path) -> None:
    log = tmp_path / "log"
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\nfrom pathlib import Path\nfrom local.stack.process import Process\n"
            f"p = Process('x', [sys.executable, '-c', {PARENT_AND_CHILD!r}], Path({str(log)!r}), {{}})\n"
            "time.sleep(600)",
        ],
        cwd=PROJECT,
    )
    try:
        ids = ids_in(log)
    finally:
        owner.kill()
        owner.wait()
    assert eventually(lambda: not any(map(alive, ids)))


def test_killed_guard__leaves_no_emulator(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux ends a process together with its parent")
    process = start(tmp_path, "import os, time; print(os.getpid(), 'alone', flush=True); time.sleep(600)")
    assert eventually(lambda: "alone" in process.tail())
    pid = int(process.tail().split()[0])
    process._guard.send_signal(signal.SIGKILL)
    assert eventually(lambda: not alive(pid))
    process.stop()


def test_end__process_that_ignores_sigterm__is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "GRACE", 0.2)
    ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    stubborn = f"{ignore}; print(1, flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", stubborn], start_new_session=True, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        guard.end(child)
        assert child.returncode == -signal.SIGKILL


def test_wait_until__process_ends_first__is_false(tmp_path: Path) -> None:
    process = start(tmp_path, "print('cannot bind'); raise SystemExit(3)")
    assert process.wait_until(lambda: False, seconds=30) is False
    assert "cannot bind" in process.tail()


def test_wait_until__never_ready__says_where_the_log_is_and_stops(tmp_path: Path) -> None:
    process = start(tmp_path, "import time; print('thinking', flush=True); time.sleep(600)")
    assert eventually(lambda: "thinking" in process.tail())
    with pytest.raises(StackError, match="(?s)did not answer.*thinking"):
        process.wait_until(lambda: False, seconds=0.2)
    assert not process.running


def test_wait_until__somebody_else_answers_on_the_port__is_not_ready(tmp_path: Path) -> None:
    process = start(tmp_path, "raise SystemExit(1)")
    assert eventually(lambda: not process.running)
    assert process.wait_until(lambda: True, seconds=5) is False


def test_launch__wanted_port_is_taken__names_service_and_port(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert listens(port)
        with pytest.raises(StackError, match=f"port {port}.*Bigtable"):
            launch(BIGTABLE, tmp_path, {"bigtable": port})
    assert is_free(free_port())
