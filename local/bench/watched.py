"""What one command takes in a process of its own: wall clock, CPU, memory. The emulators beside it are not measured."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Watched(NamedTuple):
    """One process: ``seconds`` of wall clock and of CPU, resident memory in bytes (at its peak, and at the middle)."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    middle_bytes: int


class Resident(NamedTuple):
    """Memory of a process in bytes: at a moment, and at its highest until then."""

    now: int
    peak: int


def run(command: Sequence[str], quiet: bool = False) -> Watched:
    """Runs a command to its end. Raises SystemExit when it fails; ``quiet``: what it prints is not shown."""
    started = time.monotonic()
    job = start(command, quiet)
    samples: list[Resident] = []
    watcher = threading.Thread(target=_watch, args=(job.pid, samples), daemon=True)
    watcher.start()
    _, status, usage = os.wait4(job.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command[:4])} failed; its messages are above")
    wall = time.monotonic() - started
    return Watched(wall, usage.ru_utime + usage.ru_stime, samples[-1].peak, samples[len(samples) // 2].now)


def start(command: Sequence[str], quiet: bool = False) -> subprocess.Popen[bytes]:
    """Starts a command with what the benchmark has in its environment."""
    out = subprocess.DEVNULL if quiet else None
    return subprocess.Popen(command, env={**os.environ, "GRPC_VERBOSITY": "ERROR"}, stdout=out, stderr=out)


def _watch(pid: int, samples: list[Resident]) -> None:
    """Looks twice a second until the process ends. The peak that ``wait4`` tells may be that of the parent."""
    # A process that has ended, and is not yet waited for, has no memory to tell of.
    with suppress(OSError, KeyError):
        while True:
            samples.append(_resident(pid))
            time.sleep(0.5)


def _resident(pid: int) -> Resident:
    found = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, peak = (int(found[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return Resident(now, peak)
