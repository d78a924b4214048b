"""Flink: options that a job here is likely to be given, what a stream needs, and how a job on a cluster is cancelled.

Flink's runner has some fifty options more: its job server knows them, and they are passed on as they are given.
"""

from __future__ import annotations

import argparse
import json
import time
import urllib.request
from typing import Any

from apache_beam.options.pipeline_options import FlinkRunnerOptions, PipelineOptions, StandardOptions

from transforms.ingest.queue.reader import Bounds
from transforms.language import mark, say, tr

NAMES = ("flink", "flinkrunner")
CHECKPOINTS_MILLIS = 3_000
BUNDLE_MILLIS = 100
IDLE_SECONDS = 5.0
"""How long a splittable DoFn goes on where nothing comes: each resumption leaves 2 kB in every later checkpoint."""
_ENDED = ("FINISHED", "CANCELED", "FAILED")
_CANCEL_SECONDS = 3.0
_ANSWER_SECONDS = 5.0
NO_MASTER = mark(
    "Beam's job server does not cancel a job on a cluster. Cancel it on Flink's page; with --flink_master=HOST:PORT of "
    "its REST interface that is done from here."
)
NOT_CANCELLED = mark("the job was not cancelled on {master}: {error}. Cancel it on Flink's page.")


class FlinkOptions(PipelineOptions):
    """Flink: the runner is FlinkRunner, or PortableRunner with a job server of Flink."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--checkpointing_interval",
            type=int,
            help=tr(
                "Milliseconds from checkpoint to checkpoint. Messages of a stream are acknowledged at checkpoints, so "
                "a stream has them in any case: every 3000."
            ),
        )
        parser.add_argument(
            "--max_bundle_time_mills",
            type=int,
            help=tr(
                "Longest bundle, in milliseconds: how long a message may wait for others that are written with it. "
                "Default of a stream: 100, of the rest Flink's."
            ),
        )
        parser.add_argument(
            "--savepoint_path",
            help=tr("Savepoint that the job begins with. A stream needs none: its place is in its queue."),
        )


def runner_of(options: PipelineOptions) -> str:
    """The runner's name in small letters, without modules."""
    return (options.view_as(StandardOptions).runner or "").rpartition(".")[2].lower()


def is_flink(options: PipelineOptions) -> bool:
    """Whether the job runs on Flink, or on a job server, which may be one of Flink."""
    return runner_of(options) in (*NAMES, "portable", "portablerunner")


def settle_stream(options: PipelineOptions) -> None:
    """Gives a stream on Flink the settings that it cannot do without, where none were given.

    Without checkpoints nothing is ever acknowledged. Bundles end after a second otherwise, and with them what is
    written to BigQuery.
    """
    if is_flink(options):
        given = options.view_as(FlinkOptions)
        if given.checkpointing_interval is None:
            given.checkpointing_interval = CHECKPOINTS_MILLIS
        if given.max_bundle_time_mills is None:
            given.max_bundle_time_mills = BUNDLE_MILLIS


def bounds_of(options: PipelineOptions) -> Bounds:
    """Of a bundle of a stream's source."""
    return Bounds(idle_seconds=IDLE_SECONDS) if is_flink(options) else Bounds()


def sweeping_of(options: PipelineOptions) -> float:
    """Seconds for which one bundle of the sweeper goes on."""
    return IDLE_SECONDS if is_flink(options) else 0.0


def cancel(options: PipelineOptions, job_id: str) -> str:
    """Cancels a job of Beam's job server on its cluster, and waits a little for that; what people should know, or "".

    ``job_id``: as the job server has it, which is the job's name in Flink and something random behind it. The job
    server (seen with 2.70) takes back its own call and leaves the job running.
    """
    master = options.view_as(FlinkRunnerOptions).flink_master
    if master.startswith("["):
        return tr(NO_MASTER)
    page = master if "://" in master else f"http://{master}"
    try:
        until = time.monotonic() + _CANCEL_SECONDS
        for job in _running(page, job_id):
            _ask(f"{page}/jobs/{job}?mode=cancel", "PATCH")
        while _running(page, job_id) and time.monotonic() < until:
            time.sleep(0.2)
    except (OSError, ValueError) as error:
        return say(NOT_CANCELLED, master=master, error=error)
    return ""


def _running(page: str, job_id: str) -> list[str]:
    """Ids in Flink of the jobs of this name that have not ended."""
    found = _ask(f"{page}/jobs/overview")["jobs"]
    return [job["jid"] for job in found if job["name"] == job_id.rpartition("_")[0] and job["state"] not in _ENDED]


def _ask(address: str, method: str = "GET") -> Any:
    with urllib.request.urlopen(urllib.request.Request(address, method=method), timeout=_ANSWER_SECONDS) as answer:
        return json.load(answer)
