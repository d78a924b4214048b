"""A server for tests that can be killed, and started again with what it had."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from local.stack.process import HOST, Process, free_port, listens


class Server:
    """One of the modules of ``local`` that run a server, on a port of its own, with its data in a folder."""

    def __init__(self, name: str, module: str, folder: Path, arguments: Sequence[str] = ()) -> None:
        self.port = free_port()
        self.address = f"{HOST}:{self.port}"
        self._name = name
        self._folder = folder
        command = [sys.executable, "-m", module, "--port", str(self.port), "--data", str(folder)]
        self._command = [*command, *arguments]
        self._process: Process | None = None
        self.start()

    def start(self) -> None:
        """Up, with what it had."""
        log = self._folder.parent / f"{self._folder.name}.log"
        self._process = Process(self._name, self._command, log, {})
        assert self._process.wait_until(lambda: listens(self.port), 90), self._process.tail(40)

    def kill(self) -> None:
        """Gone without a word: Java itself is killed."""
        assert self._process is not None
        for pid in below(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.stop()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()


def below(pid: int) -> Iterator[int]:
    """The processes that a process started, and those that they started."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from below(int(child))
        yield int(child)
