"""The local stack as one context: the emulators that a job needs, up together and gone together."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.stack.services import (
    BIGQUERY,
    BIGTABLE,
    KAFKA,
    PROJECT_ID,
    PUBSUB,
    SQS,
    Running,
    Service,
    await_ready,
    launch,
)


@dataclass
class Stack:
    """Emulators that answer. ``env`` is what clients need in their environment, ``logs`` the folder of their logs."""

    env: dict[str, str]
    services: tuple[Running, ...]
    logs: Path

    @contextlib.contextmanager
    def exported(self) -> Iterator[None]:
        """Puts ``env`` into the environment of this process, and what was there back at the end."""
        with exported(self.env):
            yield

    def stopped(self) -> list[str]:
        """Names of the services whose process has ended."""
        return [running.service.name for running in self.services if not running.process.running]


@contextlib.contextmanager
def exported(environment: Mapping[str, str]) -> Iterator[None]:
    """Sets variables of this process for the length of a ``with`` block."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def stack(
    *,
    bigtable: bool = True,
    bigquery: bool = True,
    pubsub: bool = False,
    kafka: bool = False,
    sqs: bool = False,
    ports: Mapping[str, int] | None = None,
    logs: Path | None = None,
) -> Iterator[Stack]:
    """Starts the emulators asked for, on free ports, and stops them at the end whatever happens.

    ``ports`` fixes some (``bigtable``, ``bigquery``, ``bigquery_storage``, ``pubsub``, ``kafka``, ``sqs``); ``logs``
    keeps their logs in a folder, otherwise they go with the stack. Raises StackError with what to do when one is
    missing or does not start.
    """
    all_services = ((BIGTABLE, bigtable), (BIGQUERY, bigquery), (PUBSUB, pubsub), (KAFKA, kafka), (SQS, sqs))
    wanted = [service for service, asked in all_services if asked]
    with contextlib.ExitStack() as cleanup:
        folder = logs or Path(tempfile.mkdtemp(prefix="acervo-stack-"))
        if logs is None:
            cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        services = _start_all(wanted, folder, ports, cleanup)
        env = {"GOOGLE_CLOUD_PROJECT": PROJECT_ID}
        for running in services:
            env |= running.environment
        yield Stack(env, services, folder)


def _start_all(
    wanted: list[Service], folder: Path, ports: Mapping[str, int] | None, cleanup: contextlib.ExitStack
) -> tuple[Running, ...]:
    """All at once, since each takes its time to come up; whatever was started is stopped by ``cleanup``."""
    launched = []
    for service in wanted:
        started = launch(service, folder, ports)
        cleanup.callback(started[0].stop)
        launched.append(started)
    services = []
    for service, started in zip(wanted, launched, strict=True):
        running = await_ready(service, started, folder, ports)
        cleanup.callback(running.process.stop)
        services.append(running)
    return tuple(services)
