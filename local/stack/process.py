"""A supervised process: started on a free port, waited for until it answers, and never left behind."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from transforms.errors import AcervoError
from transforms.language import say

GUARD = Path(__file__).with_name("guard.py")
PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"


class StackError(AcervoError):
    """Something of the local stack is missing or did not start; the message says what to do."""


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether the port can be listened on."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Whether a connection to the port is accepted."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def terminate(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that this one started: asked first, and killed where it does not within some seconds."""
    process.terminate()
    try:
        process.wait(4)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Process:
    """One command under the guard, with its output in a log file."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        search = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
        with log.open("ab") as output:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", str(GUARD), *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": search, **environment},
            )

    @property
    def pid(self) -> int:
        """Of the guard, whose child the command is."""
        return self._guard.pid

    @property
    def running(self) -> bool:
        return self._guard.poll() is None

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """True once ``ready`` says so; False when the process ended first.

        Raises StackError, with the end of the log, when neither happened in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.running:
                return False
            if ready():
                return self.running
            time.sleep(0.05)
        self.stop()
        raise StackError(
            say(
                "{name} did not answer within {seconds:.0f} s. Its log, {log}:\n{tail}",
                name=self.name,
                seconds=seconds,
                log=self.log,
                tail=self.tail(),
            )
        )

    def stop(self) -> None:
        """Ends the process and all it started, and waits for that. Safe to call again."""
        if self._guard.stdin is not None:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        self._guard.wait()

    def tail(self, lines: int = 15) -> str:
        """The end of the log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""
