"""Settings of a local Flink: what Java is told, and ``config.yaml``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from local.stack.process import HOST

# What Flink's own scripts open for Java 17: its serializers look into these.
_OPENED = "lang lang.reflect util util.concurrent util.concurrent.atomic util.concurrent.locks net io nio text time"
OPENS = tuple(f"--add-opens=java.base/java.{package}=ALL-UNNAMED" for package in _OPENED.split())
_LOGGED = {
    "showDateTime": "true",
    "dateTimeFormat": "HH:mm:ss.SSS",
    # Two lines for every checkpoint.
    "log.org.apache.flink.runtime.checkpoint": "warn",
}
LOGS = tuple(f"-Dorg.slf4j.simpleLogger.{name}={value}" for name, value in _LOGGED.items())
SMALL = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
WORKER = ("-Xmx512m", "-XX:MaxDirectMemorySize=256m", "-XX:+UseSerialGC")

# Of a TaskManager: heap 512 MiB (WORKER), direct 192 MiB. Flink's scripts compute these, and are not used here.
_MEMORY = {
    "taskmanager.cpu.cores": "1.0",
    "taskmanager.memory.framework.heap.size": "128m",
    "taskmanager.memory.task.heap.size": "384m",
    "taskmanager.memory.managed.size": "64m",
    "taskmanager.memory.network.min": "64m",
    "taskmanager.memory.network.max": "64m",
    "taskmanager.memory.framework.off-heap.size": "128m",
    "taskmanager.memory.task.off-heap.size": "0b",
    "taskmanager.memory.jvm-metaspace.size": "256m",
    "taskmanager.memory.jvm-overhead.min": "192m",
    "taskmanager.memory.jvm-overhead.max": "192m",
}
SLOTS = 2
"""Of a TaskManager: as many as a job takes, so that one TaskManager alone goes on when the other is gone."""

# A job server stages what is on its classpath with every job. A cluster that has the same on its own needs none of it;
# what only the cluster loads is left away, which is most of the bytes.
_CLUSTER_ONLY = ("flink-rpc-akka-loader", "flink-shaded-zookeeper", "flink-runtime-web", "commons-math3", "snappy-java")


def config(rest: int, rpc: int, folder: Path) -> dict[str, str]:
    """``config.yaml`` of all processes. ``folder`` holds checkpoints and temporary files."""
    return {
        "jobmanager.rpc.address": HOST,
        "jobmanager.rpc.port": str(rpc),
        "jobmanager.bind-host": HOST,
        "jobmanager.memory.process.size": "1024m",
        "rest.address": HOST,
        "rest.bind-address": HOST,
        "rest.port": str(rest),
        "taskmanager.host": HOST,
        "taskmanager.bind-host": HOST,
        "taskmanager.numberOfTaskSlots": str(SLOTS),
        # Otherwise the first TaskManager gets every task that fits.
        "taskmanager.load-balance.mode": "SLOTS",
        **_MEMORY,
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "30",
        "restart-strategy.fixed-delay.delay": "2 s",
        # Everything is on the classpath: nothing has to be loaded again for each job, whose classes would pile up.
        "classloader.resolve-order": "parent-first",
        # In the JobManager's memory a checkpoint may have 5 MB.
        "state.checkpoints.dir": f"file://{folder / 'checkpoints'}",
        "io.tmp.dirs": str(folder / "tmp"),
        # Milliseconds. A process that is gone is noticed in seconds, one that starts first tries again at once.
        "heartbeat.interval": "2000",
        "heartbeat.timeout": "20000",
        "cluster.registration.error-delay": "300",
        "cluster.registration.refused-registration-delay": "300",
    }


def cluster_path(jars: Path) -> str:
    """Classpath of the JobManager and the TaskManagers."""
    return _path(sorted(jars.glob("*.jar")))


def server_path(jars: Path) -> str:
    """Classpath of Beam's job server."""
    return _path(jar for jar in sorted(jars.glob("*.jar")) if not jar.name.startswith(_CLUSTER_ONLY))


def _path(jars: Iterable[Path]) -> str:
    return os.pathsep.join(map(str, jars))
