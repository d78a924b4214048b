"""The emulators of the local stack: how each is started, when it is ready, and how clients find it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from local.stack import find
from local.stack.process import HOST, Process, StackError, free_port, is_free, listens
from pipelines.discover import LOCAL_BROKER, LOCAL_QUEUES
from transforms.language import say

PROJECT_ID = "acervo-local"
ATTEMPTS = 3


@dataclass(frozen=True)
class Service:
    """One emulator.

    ``ports`` are the names of the ports it listens on, with their usual numbers. ``command`` and ``environment`` (of
    its clients) are given the chosen numbers in that order. ``seconds`` is how long it may take to answer.
    """

    name: str
    ports: Mapping[str, int]
    command: Callable[[Sequence[int]], list[str]]
    environment: Callable[[Sequence[int]], dict[str, str]]
    ready: Callable[[Sequence[int]], bool]
    seconds: float
    settings: Mapping[str, str] = field(default_factory=dict)


def _bigtable_command(ports: Sequence[int]) -> list[str]:
    return [str(find.bigtable_emulator()), "-host", HOST, "-port", str(ports[0])]


def _bigquery_command(ports: Sequence[int]) -> list[str]:
    rest, grpc = (str(port) for port in ports)
    start = [sys.executable, "-m", "local.bigquery_emulator", "--ephemeral", "--project", PROJECT_ID]
    return [*start, "--rest-host", HOST, "--rest-port", rest, "--grpc-host", HOST, "--grpc-port", grpc]


def _pubsub_command(ports: Sequence[int]) -> list[str]:
    return [str(find.pubsub_emulator()), f"--host={HOST}", f"--port={ports[0]}"]


def _kafka_command(ports: Sequence[int]) -> list[str]:
    find.kafka()
    return [sys.executable, "-m", "local.kafka_broker", "--port", str(ports[0])]


def _sqs_command(ports: Sequence[int]) -> list[str]:
    find.elasticmq()
    return [sys.executable, "-m", "local.elasticmq", "--port", str(ports[0])]


def _bigquery_ready(ports: Sequence[int]) -> bool:
    with contextlib.closing(HTTPConnection(HOST, ports[0], timeout=2)) as connection:
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200 and listens(ports[1])
        except (OSError, HTTPException):
            return False


def _all_listen(ports: Sequence[int]) -> bool:
    return all(listens(port) for port in ports)


BIGTABLE = Service(
    name="Bigtable",
    ports={"bigtable": 8086},
    command=_bigtable_command,
    environment=lambda ports: {"BIGTABLE_EMULATOR_HOST": f"{HOST}:{ports[0]}"},
    ready=_all_listen,
    seconds=30,
)
BIGQUERY = Service(
    name="BigQuery",
    ports={"bigquery": 9050, "bigquery_storage": 9060},
    command=_bigquery_command,
    environment=lambda ports: {
        "BIGQUERY_EMULATOR_HOST": f"http://{HOST}:{ports[0]}",
        "BIGQUERY_STORAGE_EMULATOR_HOST": f"{HOST}:{ports[1]}",
    },
    ready=_bigquery_ready,
    seconds=90,
    settings={"BQEMU_ENABLE_FORMAT_EXTENSIONS": "false", "BQEMU_LOG_LEVEL": "warning"},
)
PUBSUB = Service(
    name="Pub/Sub",
    ports={"pubsub": 8085},
    command=_pubsub_command,
    environment=lambda ports: {"PUBSUB_EMULATOR_HOST": f"{HOST}:{ports[0]}"},
    ready=_all_listen,
    seconds=60,
    # It keeps every message that was ever published, acknowledged or not.
    settings={"JAVA_OPTS": "-Xmx3g"},
)
KAFKA = Service(
    name="Kafka",
    ports={"kafka": 9092},
    command=_kafka_command,
    environment=lambda ports: {LOCAL_BROKER: f"{HOST}:{ports[0]}"},
    ready=_all_listen,
    seconds=90,
)
SQS = Service(
    name="SQS",
    ports={"sqs": 9324},
    command=_sqs_command,
    environment=lambda ports: {LOCAL_QUEUES: f"http://{HOST}:{ports[0]}"},
    ready=_all_listen,
    seconds=60,
)
SERVICES = (BIGTABLE, BIGQUERY, PUBSUB, KAFKA, SQS)


@dataclass
class Running:
    """A service that answers: its process and the environment that its clients need."""

    service: Service
    process: Process
    ports: tuple[int, ...]

    @property
    def environment(self) -> dict[str, str]:
        return self.service.environment(self.ports)


def launch(service: Service, logs: Path, wanted: Mapping[str, int] | None = None) -> tuple[Process, tuple[int, ...]]:
    """Starts the process of a service and does not wait for it.

    ``wanted`` fixes ports by name; the others are any free ones. Raises StackError when the program is missing or a
    wanted port is taken.
    """
    ports = []
    for name in service.ports:
        port = (wanted or {}).get(name) or free_port()
        if not is_free(port):
            raise StackError(
                say(
                    "port {port}, wanted for {name}, is in use. Free it, or name another.", port=port, name=service.name
                )
            )
        ports.append(port)
    log = logs / f"{next(iter(service.ports))}.log"
    told = say("the {name} emulator", name=service.name)
    return Process(told, service.command(ports), log, service.settings), tuple(ports)


def await_ready(
    service: Service,
    started: tuple[Process, tuple[int, ...]],
    logs: Path,
    wanted: Mapping[str, int] | None = None,
) -> Running:
    """Waits until a launched service answers. Raises StackError with the end of its log when it does not.

    A free port can be taken between being chosen and being listened on: then the process ends, and is started again.
    """
    for attempt in range(1, ATTEMPTS + 1):
        process, ports = started
        if process.wait_until(partial(service.ready, ports), service.seconds):
            return Running(service, process, ports)
        if attempt < ATTEMPTS:
            started = launch(service, logs, wanted)
    raise StackError(
        say("{name} does not start. Its log, {log}:\n{tail}", name=process.name, log=process.log, tail=process.tail())
    )
