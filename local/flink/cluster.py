"""The processes of a local Flink: up together on loopback, gone together."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.flink import settings
from local.stack import find
from local.stack.process import HOST, PROJECT, Process, StackError, free_port, is_free, listens
from transforms.language import say

PORTS = {"rest": 8081, "job_server": 8099}
"""The usual ones, by name."""
TASK_MANAGERS = 2
_PACKAGE = "org.apache.flink.runtime"
_SECONDS = 180.0


@dataclass
class Cluster:
    """A Flink that answers. ``page``: its web page, ``job_endpoint``: Beam's job server, ``boot``: what starts a Python
    worker, ``logs``: the folder of all logs."""

    page: str
    job_endpoint: str
    boot: Path
    logs: Path
    java: Path
    jars: Path
    folder: Path
    processes: dict[str, Process] = field(default_factory=dict)

    def start_task_manager(self, name: str) -> Process:
        """Starts one; also in the place of one that is gone."""
        process = self._java(
            name,
            *settings.WORKER,
            main=f"{_PACKAGE}.taskexecutor.TaskManagerRunner",
            arguments=["--configDir", str(self.folder), "-D", f"taskmanager.resource-id={name}"],
        )
        self.processes[name] = process
        return process

    def start(self, ports: Mapping[str, int]) -> None:
        """Starts all of it, and waits until jobs can be sent. Raises StackError."""
        self.processes["jobmanager"] = self._java(
            "jobmanager",
            *settings.SMALL,
            main=f"{_PACKAGE}.entrypoint.StandaloneSessionClusterEntrypoint",
            arguments=["--configDir", str(self.folder), "--executionMode", "cluster"],
        )
        for number in range(1, TASK_MANAGERS + 1):
            self.start_task_manager(f"taskmanager{number}")
        server = ["--flink-master", f"{HOST}:{ports['rest']}"]
        server += ["--job-host", HOST, "--job-port", str(ports["job_server"])]
        server += ["--artifact-port", "0", "--expansion-port", "0", "--artifacts-dir", str(self.folder / "artifacts")]
        self.processes["jobserver"] = self._java(
            "jobserver",
            *settings.SMALL,
            main="org.apache.beam.runners.flink.FlinkJobServerDriver",
            arguments=server,
            classpath=settings.server_path(self.jars),
        )
        if not self.processes["jobserver"].wait_until(lambda: bool(self._ended()) or self.ready(), _SECONDS):
            raise StackError(self._failure("jobserver"))
        for name in self._ended():
            raise StackError(self._failure(name))

    def _ended(self) -> list[str]:
        return [name for name, process in self.processes.items() if not process.running]

    def _failure(self, name: str) -> str:
        process = self.processes[name]
        return say("{name} does not start. Its log, {log}:\n{tail}", name=name, log=process.log, tail=process.tail())

    def ready(self) -> bool:
        """Whether all TaskManagers are known, and the job server takes jobs."""
        with contextlib.suppress(OSError, ValueError):
            found = self.ask("/taskmanagers")["taskmanagers"]
            return len(found) >= TASK_MANAGERS and listens(int(self.job_endpoint.rpartition(":")[2]))
        return False

    def ask(self, path: str) -> Any:
        """What Flink's REST interface says. Raises OSError where it does not answer."""
        with urllib.request.urlopen(f"{self.page}{path}", timeout=5) as response:
            return json.load(response)

    def states(self) -> list[str]:
        """The state of every job that the cluster remembers."""
        return [job["state"] for job in self.ask("/jobs/overview")["jobs"]]

    def mend(self) -> list[str]:
        """Starts TaskManagers again that have ended; the names of what else has ended."""
        ended = self._ended()
        for name in [name for name in ended if name.startswith("taskmanager")]:
            self.start_task_manager(name)
        return [name for name in ended if not name.startswith("taskmanager")]

    def stop(self) -> None:
        for process in self.processes.values():
            process.stop()

    def _java(self, name: str, *flags: str, main: str, arguments: list[str], classpath: str = "") -> Process:
        path = classpath or settings.cluster_path(self.jars)
        command = [str(self.java), *flags, *settings.OPENS, *settings.LOGS, "-cp", path, main, *arguments]
        # Flink, and what it starts, keep temporary files where the rest of it is.
        environment = {"TMPDIR": str(self.folder / "tmp")}
        return Process(name, command, self.logs / f"{name}.log", environment)


@contextlib.contextmanager
def cluster(ports: Mapping[str, int] | None = None, logs: Path | None = None) -> Iterator[Cluster]:
    """Starts a Flink and stops it at the end, whatever happens.

    ``ports`` fixes some of PORTS; the others are any free ones. ``logs`` keeps the logs in a folder, otherwise they go
    with the cluster. Raises StackError with what to do when something is missing or does not start.
    """
    java, jars = find.flink()
    chosen = {name: (ports or {}).get(name) or free_port() for name in PORTS}
    for name, port in chosen.items():
        if not is_free(port):
            raise StackError(
                say("port {port}, wanted for {name}, is in use. Free it, or name another.", port=port, name=name)
            )
    folder = Path(tempfile.mkdtemp(prefix="acervo-flink-"))
    try:
        for place in (folder / "tmp", folder / "checkpoints", logs or folder / "logs"):
            place.mkdir(parents=True, exist_ok=True)
        lines = settings.config(chosen["rest"], free_port(), folder)
        (folder / "config.yaml").write_text("".join(f"{name}: {json.dumps(value)}\n" for name, value in lines.items()))
        running = Cluster(
            page=f"http://{HOST}:{chosen['rest']}",
            job_endpoint=f"{HOST}:{chosen['job_server']}",
            boot=_write_boot(folder / "worker"),
            logs=logs or folder / "logs",
            java=java,
            jars=jars,
            folder=folder,
        )
        try:
            running.start(chosen)
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_boot(path: Path) -> Path:
    """A program that starts a worker with this Python: what a TaskManager runs takes no arguments of ours."""
    command = shlex.join([sys.executable, "-m", "local.flink.worker"])
    path.write_text(f'#!/bin/sh\nexec env PYTHONPATH={shlex.quote(str(PROJECT))} {command} "$@"\n')
    path.chmod(0o755)
    return path
