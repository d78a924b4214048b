"""Whether documents of archives that one thread reads go through a shuffle, so that all workers share what follows."""

from __future__ import annotations

import re
from typing import NamedTuple

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, WorkerOptions

from pipelines import sizing
from pipelines.pricing import GB, NEEDS, PRICES

AUTO, ALWAYS, NEVER = "auto", "always", "never"
# Files that are looked at to decide. Where there are more, they keep the workers busy by themselves.
_LOOKED_AT = 2_000
# What Dataflow may start where nothing is said: its machines, and fewer workers than it allows.
_WORKERS, _VCPUS = 10, 1
# Documents below which one thread is done in minutes, and a shuffle is not worth its trouble.
_FEW = 200_000


class Decision(NamedTuple):
    """Whether to spread, and why, for people."""

    spread: bool
    why: str


def decide(asked: str, options: PipelineOptions, patterns: str) -> Decision:
    """Lists as little of the input as suffices. ``asked`` is AUTO, ALWAYS or NEVER. Raises InputError as listing
    does."""
    if asked != AUTO:
        return Decision(asked == ALWAYS, f"--spread={asked}")
    if shuffles_in_memory(options):
        return Decision(False, "this runner shuffles in memory")
    return worth_it(sizing.measure(patterns, most=_LOOKED_AT), vcpus(options))


def worth_it(found: sizing.Input, threads: int) -> Decision:
    """Whether most documents come from fewer archives than there are vCPUs."""
    if not found.whole:
        return Decision(False, f"more than {found.files:,} files share the work")
    if not found.only_streams or found.streamed_documents < _FEW:
        return Decision(False, "few documents are in archives that one thread must read")
    if found.streams >= threads:
        return Decision(False, f"{found.streams:,} archives keep {threads:,} vCPUs busy")
    gigabytes = found.streamed_documents * NEEDS["spread_bytes"].value / GB
    return Decision(
        True,
        f"{found.streams:,} archives for {threads:,} vCPUs, one thread each: their {found.streamed_documents:,} "
        f"documents, about, are spread behind it. That is {gigabytes:,.1f} GB of shuffle, "
        f"${gigabytes * PRICES['shuffle_gb'].value:,.2f}; --spread=never saves it and takes longer",
    )


def vcpus(options: PipelineOptions) -> int:
    """vCPUs that the job may have, by its options; Dataflow's default machine has one."""
    worker = options.view_as(WorkerOptions)
    cores = re.search(r"-(\d+)$", worker.machine_type or "")
    return (worker.max_num_workers or worker.num_workers or _WORKERS) * (int(cores[1]) if cores else _VCPUS)


def shuffles_in_memory(options: PipelineOptions) -> bool:
    """Whether everything shuffled is held in this machine's memory, as Beam's local runners do."""
    runner = options.view_as(StandardOptions).runner or "DirectRunner"
    return not any(name in runner for name in ("Dataflow", "Flink", "Spark"))
