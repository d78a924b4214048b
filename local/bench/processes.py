"""What processes use, from /proc (Linux)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class Use(NamedTuple):
    """One process at one moment. ``memory``: MiB resident; ``cpu``: seconds used so far."""

    command: str
    memory: float
    threads: int
    files: int
    cpu: float


def below(pid: int) -> list[int]:
    """All that descends from a process."""
    parents = {}
    for stat in _PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found[1:]


def cpu_below(pid: int) -> float:
    """Seconds of CPU that the processes below one have used."""
    return sum(use.cpu for one in below(pid) if (use := use_of(one)))


def use_of(pid: int) -> Use | None:
    """None for a process that is gone."""
    folder = _PROC / str(pid)
    with suppress(OSError):
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        ticks = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
        files = sum(1 for _ in (folder / "fd").iterdir())
        memory = int(status.get("VmRSS", "0 kB").split()[0]) / 1_024
        return Use(command, memory, int(status["Threads"]), files, sum(map(int, ticks)) / _TICKS)
    return None
