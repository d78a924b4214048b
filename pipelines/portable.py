"""Portable runners (Prism, Flink, any job server): jobs that run longer than Beam's deadline for calls.

Beam gives ``--job_server_timeout`` (300 s) to each call of the launcher, and also to the two streams by which it
follows the job's states and messages as long as the job runs. It takes their end for the job's: the job fails with
DEADLINE_EXCEEDED after five minutes. Here the calls keep the deadline, so that a job server that hangs is reported in
time, and the streams have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import grpc
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_job_api_pb2
from apache_beam.runners.portability import portable_runner
from apache_beam.runners.runner import PipelineResult
from apache_beam.utils import subprocess_server

from pipelines import flink


class _LastingStreams:
    """A job service whose streams end only with the job."""

    def __init__(self, job_service: Any) -> None:
        self._job_service = job_service

    def __getattr__(self, name: str) -> Any:
        return getattr(self._job_service, name)

    def GetStateStream(self, request: beam_job_api_pb2.GetJobStateRequest, timeout: float | None = None) -> Any:
        return self._job_service.GetStateStream(request)

    def GetMessageStream(self, request: beam_job_api_pb2.JobMessagesRequest, timeout: float | None = None) -> Any:
        return self._job_service.GetMessageStream(request)


class _Handle(portable_runner.JobServiceHandle):
    def __init__(self, job_service: Any, *args: Any, **more: Any) -> None:
        super().__init__(_LastingStreams(job_service), *args, **more)


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Jobs that are started within the block are followed as long as they run, on any portable runner.

    Patches Beam's module, because ``DirectRunner`` makes the portable runner that it uses itself.
    """
    original = portable_runner.JobServiceHandle
    portable_runner.JobServiceHandle = _Handle
    try:
        yield
    finally:
        portable_runner.JobServiceHandle = original


def ended_runner() -> int | None:
    """Exit status of a runner that this process started and that has ended; None where there is none such.

    Looks into Beam's cache of processes, which has no way to ask.
    """
    with suppress(AttributeError, TypeError, IndexError):
        for entry in list(subprocess_server.SubprocessServer._cache._cache.values()):
            process = entry.obj[0]
            if process is not None and process.poll() is not None:
                return int(process.returncode)
    return None


def cancel(result: PipelineResult, of_flink: PipelineOptions | None = None) -> str:
    """Cancels a job of a portable runner, which would go on without its launcher. One that runs here ends with it.

    ``of_flink``: the options of a job of Flink's runner. Gives what people should know, or "".
    """
    if not isinstance(result, portable_runner.PipelineResult):
        return ""
    # The runner is gone already, or its channel is closed.
    with suppress(grpc.RpcError, ValueError):
        result.cancel()
    return flink.cancel(of_flink, result._job_id) if of_flink else ""
