"""``python -m local.kafka_broker --port N [--data FOLDER]``: an Apache Kafka broker that is its own controller (KRaft).

A folder that has data in it is used as it is, so a broker that was killed comes back with what it had. Without one,
what it holds is gone when it ends. Other settings of ``server.properties`` are given as ``name=value``.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.stack import find
from local.stack.process import HOST, free_port, terminate
from transforms.language import tr

CLUSTER = "YWNlcnZvLWxvY2FsLWtrYQ"
# A second less to start than Java's own choice for a server, and small.
FLAGS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
LISTENER = "CLIENT"


def properties(port: int, controller: int, data: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Of ``server.properties``. One node, so that nothing is replicated; topics are made by whoever wants them."""
    inner = free_port()
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "BROKER",
        "listeners": f"{LISTENER}://{HOST}:{port},BROKER://{HOST}:{inner},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"{LISTENER}://{HOST}:{port},BROKER://{HOST}:{inner}",
        "listener.security.protocol.map": f"{LISTENER}:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data / "log"),
        "auto.create.topics.enable": "false",
        "num.partitions": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "message.max.bytes": "20000000",
        **more,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Formats the folder where it is new, and runs the broker until it ends."""
    parser = argparse.ArgumentParser(prog="python -m local.kafka_broker", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--scram", action="append", default=[], help=tr("NAME=PASSWORD of a user, at the first start"))
    parser.add_argument("settings", nargs="*", help=tr("name=value of server.properties"))
    given = parser.parse_args(argv)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    with contextlib.ExitStack() as cleanup:
        if given.data is None:
            given.data = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="acervo-kafka-")))
        given.data.mkdir(parents=True, exist_ok=True)
        file = given.data / "server.properties"
        more = dict(setting.split("=", 1) for setting in given.settings)
        settings = properties(given.port, free_port(), given.data, more)
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        command = [*find.kafka(), *FLAGS]
        if not (given.data / "log" / "meta.properties").is_file():
            users = [word for user in given.scram for word in ("--add-scram", _scram(user))]
            done = subprocess.run(
                [*command, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(file), *users],
                capture_output=True,
                text=True,
            )
            if done.returncode:
                shutil.rmtree(given.data / "log", ignore_errors=True)
                print(done.stdout + done.stderr, file=sys.stderr)
                return 1
        broker = subprocess.Popen([*command, "kafka.Kafka", str(file)])
        # Ends with this one, however it ends.
        cleanup.callback(terminate, broker)
        return broker.wait()


def _scram(user: str) -> str:
    name, _, password = user.partition("=")
    return f"SCRAM-SHA-512=[name={name},password={password}]"


if __name__ == "__main__":
    sys.exit(main())
