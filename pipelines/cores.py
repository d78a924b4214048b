"""How many processes of this machine a bounded job is worth: its cores, where the input is large enough."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions

from pipelines import sizing

_PROCESSES_MODE = "multi_processing"
# What FnApiRunner runs; an own name of Beam's default, and none.
_RUNNERS = (None, "DirectRunner", "FnApiRunner")
# A process takes some 4 s of CPU to start, and a document about 1 ms: for fewer documents it is not worth it.
DOCUMENTS_EACH = 10_000
# A worker takes 250 MiB; the stores of a laptop want some too.
_MEMORY_EACH = 1 << 30
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


class Machine(NamedTuple):
    """Cores that this process may use, and bytes of memory."""

    cores: int
    memory: int


def machine() -> Machine:
    """This one; in a container, what its CPU quota leaves."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    # "max 100000", or microseconds of CPU in a period of so many.
    with suppress(OSError, ValueError):
        quota, period = _QUOTA.read_text().split()
        cores = min(cores, int(quota) / int(period))
    return Machine(max(1, math.floor(cores)), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def processes(argv: Sequence[str], options: PipelineOptions, files: sizing.Listed) -> int:
    """Processes for a job over these files; 1 where the runner decides. What ``argv`` asks for is what it gets."""
    if options.view_as(StandardOptions).runner not in _RUNNERS:
        return 1
    asked = _asked(argv)
    if asked.direct_running_mode == _PROCESSES_MODE:
        return int(options.view_as(DirectOptions).direct_num_workers or machine().cores)
    if asked.direct_running_mode or asked.direct_num_workers is not None:
        return 1
    here = machine()
    return worth_it(sizing.measure(files, most=here.cores * DOCUMENTS_EACH), here)


def worth_it(found: sizing.Input, here: Machine) -> int:
    """As many processes as there are cores, fewer for little memory, few documents, or few files to share."""
    most = min(here.cores, here.memory // _MEMORY_EACH, found.documents // DOCUMENTS_EACH)
    if found.whole and found.only_streams:
        most = min(most, found.streams)
    return max(1, most)


def _asked(argv: Sequence[str]) -> argparse.Namespace:
    """The options of FnApiRunner that were given; Beam does not tell them from its defaults."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--direct_running_mode")
    parser.add_argument("--direct_num_workers", type=int)
    return parser.parse_known_args(list(argv))[0]
