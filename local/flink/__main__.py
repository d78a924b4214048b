"""``python -m local.flink`` (``make flink``): keeps a local Flink up until Ctrl-C, and tells how to use it."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from local.flink import session
from local.flink.cluster import PORTS, TASK_MANAGERS, Cluster, cluster
from local.session import STOPPED, Interrupted, interruptible
from local.stack.process import PROJECT, is_free
from pipelines.guard import guarded
from transforms.language import mark, say, tr

UP = mark("""Flink is up: a JobManager, {managers} TaskManagers and Beam's job server (logs in {logs}).
  its page      {page}
  job server    {job_endpoint}

Commands of this project find it by themselves, in any other terminal:
  make run RUNNER=flink
  make stream RUNNER=flink

Any job, with its options:
  {arguments}

A TaskManager that ends is started again. Ctrl-C stops all of it.""")
IS_UP = mark("Flink is up already, and all commands find it: {page}")
ENDED = mark("Ended by itself: {names}. Its log is in {logs}.")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.flink",
        description=tr("Keeps a JobManager, two TaskManagers and Beam's job server up until Ctrl-C, on loopback."),
    )
    usual = say("(otherwise {rest} and {job_server}, or any where these are taken)", **PORTS)
    parser.add_argument("--rest-port", type=int, help=tr("port of Flink's page and REST interface") + f" {usual}")
    parser.add_argument("--job-server-port", type=int, help=tr("port of Beam's job server"))
    parser.add_argument("--logs", type=Path, default=PROJECT / "out" / "flink", help=tr("folder of the logs"))
    return parser.parse_args(argv)


def chosen_ports(options: argparse.Namespace) -> dict[str, int]:
    """The ports asked for, and the usual ones where they are free; the rest may be any."""
    asked = {name: getattr(options, f"{name}_port") for name in PORTS}
    return {name: asked[name] or usual for name, usual in PORTS.items() if asked[name] or is_free(usual)}


def described(running: Cluster) -> str:
    """What is told once it is up."""
    place = session.place_of(running)
    shown = " ".join(word if "{" not in word else f"'{word}'" for word in session.arguments(place))
    return say(
        UP,
        managers=TASK_MANAGERS,
        logs=running.logs,
        page=place.page,
        job_endpoint=place.job_endpoint,
        arguments=shown,
    )


def keep_up(running: Cluster) -> int:
    """Waits until a signal, or until what cannot be started again ends."""
    while True:
        time.sleep(0.5)
        if ended := running.mend():
            print(say(ENDED, names=", ".join(ended), logs=running.logs), file=sys.stderr)
            return 1


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    options = parse(argv)
    if place := session.running():
        print(say(IS_UP, page=place.page), file=sys.stderr)
        return 1
    interruptible()
    signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
    try:
        print(tr(session.STARTING), file=sys.stderr)
        with cluster(chosen_ports(options), options.logs) as running, session.announced(session.place_of(running)):
            print(described(running), flush=True)
            return keep_up(running)
    except Interrupted:
        print(tr(STOPPED), file=sys.stderr)
        return 0


if __name__ == "__main__":
    sys.exit(main())
