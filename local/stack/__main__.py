"""``python -m local.stack`` (``make stack``): keeps the local stack up until Ctrl-C, and tells how to use it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from local.session import STARTING, STOPPED
from local.stack import Stack, StackError, discover, find, stack
from local.stack.process import PROJECT, is_free
from local.stack.services import SERVICES
from pipelines.guard import guarded
from transforms.language import mark, say, tr

UP = mark("""The local stack is up (logs in {logs}).
It keeps everything in memory: what you load is gone when it stops.

Commands of this project find it by themselves, in any other terminal:
  make run                                       load the demo archive into it; or INPUT=<file, folder or glob>
  .venv/bin/python -m pipelines.query "SELECT outcome, COUNT(*) AS inputs FROM arrivals GROUP BY outcome"
  .venv/bin/python -m pipelines.lookup <access key>

For other clients:
{exports}

Ctrl-C stops it.""")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local.stack",
        description=tr("Keeps the local stack up until Ctrl-C: emulators of Bigtable, BigQuery and Pub/Sub, and more."),
    )
    for service in SERVICES:
        for name, usual in service.ports.items():
            parser.add_argument(
                f"--{name}-port",
                type=int,
                default=os.environ.get(f"ACERVO_{name.upper()}_PORT"),
                help=say(
                    "port of {name}; also {variable} (otherwise {usual}, or any when that is taken)",
                    name=name,
                    variable=f"ACERVO_{name.upper()}_PORT",
                    usual=usual,
                ),
            )
    parser.add_argument("--no-pubsub", action="store_true", help=tr("leave Pub/Sub out"))
    parser.add_argument("--kafka", action="store_true", help=tr("an Apache Kafka broker too"))
    parser.add_argument("--sqs", action="store_true", help=tr("ElasticMQ too, a server of the protocol of SQS"))
    parser.add_argument(
        "--logs", type=Path, default=PROJECT / "out" / "stack", help=tr("folder of the emulators' logs")
    )
    return parser.parse_args(argv)


def chosen_ports(options: argparse.Namespace) -> dict[str, int]:
    """The ports asked for, and the usual ones where they are free; the rest may be any."""
    chosen = {}
    for service in SERVICES:
        for name, usual in service.ports.items():
            given = getattr(options, f"{name}_port")
            if given or is_free(usual):
                chosen[name] = given or usual
    return chosen


def pubsub_is_there() -> bool:
    """The stack is of use without Pub/Sub, so its absence is told and no error."""
    try:
        find.pubsub_emulator()
    except StackError as missing:
        print(f"{missing}\n{tr('Going on without Pub/Sub.')}\n", file=sys.stderr)
        return False
    return True


def describe(running: Stack) -> str:
    exports = "\n".join(f"  export {name}={value}" for name, value in sorted(running.env.items()))
    return say(UP, logs=running.logs, exports=exports)


def keep_up(running: Stack) -> int:
    """Waits until a signal, or until a service ends by itself."""
    while True:
        time.sleep(0.5)
        if ended := running.stopped():
            told = say("Ended by itself: {names}. Its log is in {logs}.", names=", ".join(ended), logs=running.logs)
            print(told, file=sys.stderr)
            return 1


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@guarded
def main(argv: Sequence[str] | None = None) -> int:
    options = parse(argv)
    if found := discover.running():
        listed = "".join(f"\n  {name}={value}" for name, value in sorted(found.items()))
        print(say("A stack is up already, and all commands find it:{listed}", listed=listed), file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        print(tr(STARTING), file=sys.stderr)
        pubsub = not options.no_pubsub and pubsub_is_there()
        with stack(
            pubsub=pubsub, kafka=options.kafka, sqs=options.sqs, ports=chosen_ports(options), logs=options.logs
        ) as running:
            discover.write_state(running.env)
            try:
                print(describe(running), flush=True)
                return keep_up(running)
            finally:
                discover.remove_state()
    except KeyboardInterrupt:
        print(tr(STOPPED), file=sys.stderr)
        return 0


if __name__ == "__main__":
    sys.exit(main())
