"""A bounded job in several processes of this machine: Beam's FnApiRunner with workers that are watched.

Beam can start worker processes itself (``--direct_running_mode=multi_processing``), but when one of them is killed
its runner waits for it without end, and they get none of the job's options.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from typing import Any, ClassVar

from apache_beam import Pipeline
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_fn_api_pb2, endpoints_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner, worker_handlers
from apache_beam.runners.worker import data_plane
from apache_beam.transforms import environments
from google.protobuf import text_format

from pipelines import endings, exits, tallies, worker
from transforms.language import mark, say

ENDED = mark("a worker process of the job ended: {how}")
_COMMAND = (sys.executable, "-m", worker.__name__)
# For an idle worker to close its connections.
_PATIENCE_SECONDS = 10.0
_MOMENT_SECONDS = 0.5


class ProcessesRunner(FnApiRunner):
    """Runs the steps of a pipeline in that many processes. Work is shared out at every shuffle."""

    def __init__(self, processes: int, options: PipelineOptions) -> None:
        super().__init__(environments.SubprocessSDKEnvironment.from_command_string(" ".join(_COMMAND)))
        self._processes = processes
        level = {"default_sdk_harness_log_level": logging.getLevelName(logging.getLogger().level)}
        _Worker.options = json.dumps(level | options.get_all_options(drop_default=True), default=str)

    def run_via_runner_api(self, pipeline_proto: Any, options: PipelineOptions) -> Any:
        """Raises RuntimeError where a worker ended, whatever Beam made of that."""
        self._num_workers = self._processes
        _Worker.ended.clear()
        if not endings.verbose():
            # They tell of the connections of a worker that ended.
            for module in (data_plane, worker_handlers):
                logging.getLogger(module.__name__).setLevel(logging.CRITICAL)
        try:
            with tallies.shared():
                return super().run_via_runner_api(pipeline_proto, options)
        except Exception:
            if _Worker.ended:
                raise RuntimeError(say(ENDED, how=exits.told(_Worker.ended[0]))) from None
            raise


def pipeline(options: PipelineOptions, processes: int) -> Pipeline:
    """A pipeline that runs in so many processes; with one, in this one, or wherever its options say."""
    runner = ProcessesRunner(processes, options) if processes > 1 else None
    return Pipeline(runner=runner, options=options)


@worker_handlers.WorkerHandler.register_environment(python_urns.SUBPROCESS_SDK, bytes)
class _Worker(worker_handlers.GrpcWorkerHandler):
    """One worker process, in the place of Beam's handler; whatever command that would run."""

    options = "{}"
    # Statuses of workers that ended by themselves, the first one first.
    ended: ClassVar[list[int]] = []

    def __init__(self, command: bytes, state: Any, provision_info: Any, grpc_server: Any) -> None:
        super().__init__(state, provision_info, grpc_server)
        self._closing = False

    def start_worker(self) -> None:
        control = endpoints_pb2.ApiServiceDescriptor(url=self.control_address)
        settings = {
            "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(control),
            "PIPELINE_OPTIONS": self.options,
            worker.LAUNCHER: str(os.getpid()),
            "WORKER_ID": self.worker_id,
        }
        self._process = subprocess.Popen(_COMMAND, env={**os.environ, **settings})
        self._thread = threading.Thread(target=self._wait, name="worker_process", daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        status = self._process.wait()
        if not self._closing:
            self.ended.append(status)
            self._fail(exits.told(status))

    def _fail(self, error: str) -> None:
        """Answers what the worker was asked, and will be asked, with an error; nobody else would."""
        connection, done = self.control_conn, worker_handlers.BeamFnControlServicer._DONE_MARKER

        def refuse(request: Any) -> Any:
            if request is done:
                return None
            answer = beam_fn_api_pb2.InstructionResponse(instruction_id=request.instruction_id, error=error)
            return worker_handlers.ControlFuture(request.instruction_id, answer)

        connection.push = refuse
        for number, future in list(connection._futures_by_id.items()):
            future.set(beam_fn_api_pb2.InstructionResponse(instruction_id=number, error=error))

    def close(self) -> None:
        """Lets an idle worker end; one that is at work in a job that failed or was stopped is killed."""
        failed = sys.exc_info()[0] is not None
        if failed and not self.ended:
            # What it was sending breaks off a moment before it has ended.
            self._thread.join(_MOMENT_SECONDS)
        self._closing = True
        if failed:
            self._process.kill()
        else:
            self.control_conn.push(worker_handlers.BeamFnControlServicer._DONE_MARKER)
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        super().close()

    def stop_worker(self) -> None:
        self._thread.join()
