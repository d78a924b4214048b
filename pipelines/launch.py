"""One launch of a job: its names, whether the launcher waits for it, and the error of one that cannot be."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions

from pipelines.options import IngestOptions
from transforms import instants
from transforms.errors import AcervoError


class LaunchError(AcervoError):
    """A job that cannot start; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Launch:
    """One launch of a job: its run (the unit of retry), its own name, when it started (micros), and which job it is."""

    run: str
    job: str
    started_at: int
    kind: str = ""


def launch_of(options: PipelineOptions, job: str, identity: Sequence[str]) -> Launch:
    """Names this launch. ``identity`` is what makes two launches the same run where ``--run`` is not given."""
    now = datetime.now(UTC)
    digest = hashlib.sha256("\0".join(sorted(identity)).encode()).hexdigest()[:12]
    run = options.view_as(IngestOptions).run or f"{job}-{digest}"
    given = options.view_as(GoogleCloudOptions).job_name
    unique = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    return Launch(run, f"{given or job}/{unique}", instants.micros_of(now), job)


def waits(options: PipelineOptions) -> bool:
    """Whether the launcher stays until the job ends: everywhere but on Dataflow."""
    return "Dataflow" not in (options.view_as(StandardOptions).runner or "")
