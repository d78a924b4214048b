"""Whether documents of archives that one thread reads go through a shuffle, so that all workers share what follows."""

from __future__ import annotations

import re
from typing import NamedTuple

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, WorkerOptions

from pipelines import sizing
from pipelines.pricing import GB, NEEDS, PRICES
from transforms.ingest.listing import list_files
from transforms.language import say, tr

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
        return Decision(False, tr("this runner shuffles in memory"))
    return worth_it(sizing.measure(list_files(patterns), most=_LOOKED_AT), vcpus(options))


def worth_it(found: sizing.Input, threads: int) -> Decision:
    """Whether most documents come from fewer archives than there are vCPUs."""
    if not found.whole:
        return Decision(False, say("more than {files:,} files share the work", files=found.files))
    if not found.only_streams or found.streamed_documents < _FEW:
        return Decision(False, tr("few documents are in archives that one thread must read"))
    if found.streams >= threads:
        busy = say("{archives:,} archives keep {vcpus:,} vCPUs busy", archives=found.streams, vcpus=threads)
        return Decision(False, busy)
    gigabytes = found.streamed_documents * NEEDS["spread_bytes"].value / GB
    return Decision(
        True,
        say(
            "{archives:,} archives for {vcpus:,} vCPUs, one thread each: their documents, about {documents:,}, are "
            "spread behind it. That is {size:,.1f} GB of shuffle, ${dollars:,.2f}; --spread=never saves it and takes "
            "longer",
            archives=found.streams,
            vcpus=threads,
            documents=found.streamed_documents,
            size=gigabytes,
            dollars=gigabytes * PRICES["shuffle_gb"].value,
        ),
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
