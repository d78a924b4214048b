"""Runs one command and makes sure that it does not outlive whoever asked for it.

``python guard.py COMMAND...`` with a pipe as standard input: when the pipe closes (its holder stopped, crashed or was
killed), or on SIGTERM or SIGINT, the command's whole process group gets SIGTERM and, ``GRACE`` seconds later, SIGKILL.
Standard library only and no import of the project: it must start in no time.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

GRACE = 5.0


def die_with_parent() -> None:
    """Asks Linux to kill this process when the guard itself is killed; elsewhere there is no such call."""
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def signal_group(group: int, number: int) -> bool:
    """True when the process group still had somebody to signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end(child: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the group of ``child``, and SIGKILL to what is left of it after the grace."""
    signal_group(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        child.poll()
        if not signal_group(child.pid, 0):
            return
        time.sleep(0.02)
    signal_group(child.pid, signal.SIGKILL)
    child.wait()


def main(command: list[str]) -> int:
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent, close_fds=True
    )
    while child.poll() is None:
        ready, _, _ = select.select([0, wake_reader], [], [])
        if 0 in ready:
            break
        if any(number != signal.SIGCHLD for number in os.read(wake_reader, 64)):
            break
    end(child)
    return child.returncode if child.returncode is not None else 0


if __name__ == "__main__":
    code = 127
    with contextlib.suppress(KeyboardInterrupt):
        code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
