"""What commands of the local stack share: its emulators, the console, quiet logs, and being interrupted."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

from local.stack import discover, stack
from local.steps import Steps
from pipelines import screen
from transforms.errors import AcervoError
from transforms.language import mark, say, tr

STORES = discover.STORES
PUBSUB = "PUBSUB_EMULATOR_HOST"
STARTING = mark("Starting the local stack")
STOPPED = mark("Stopped.")
KAFKA = discover.LOCAL_BROKER
SQS = discover.LOCAL_QUEUES
LEFT_OUT = {
    KAFKA: mark("the stack that is up has no broker of Kafka: stop it, and start it with make stack KAFKA=1"),
    SQS: mark("the stack that is up has no SQS: stop it, and start it with make stack SQS=1"),
}


class RunError(AcervoError):
    """The run cannot start, or failed; the message says why."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. The runner wraps it in an error of its own when a step is interrupted."""


def interrupt(number: int, frame: FrameType | None) -> None:
    """Handler of both signals."""
    logging.disable()
    raise Interrupted


def interruptible() -> None:
    """From now on Ctrl-C and SIGTERM raise Interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)


def quieten(verbose: bool) -> None:
    """Beam logs much that is no news to users. On the handler: some of its loggers set their own level."""
    logging.basicConfig(handlers=[screen.StderrHandler()])
    for handler in logging.getLogger().handlers:
        handler.setLevel(logging.INFO if verbose else logging.ERROR)
    logging.getLogger().setLevel(logging.INFO if verbose else logging.WARNING)


def services(needed: Sequence[str]) -> dict[str, Any]:
    """What a stack has to have besides the stores, as ``stack`` takes it."""
    return {"pubsub": PUBSUB in needed, "kafka": KAFKA in needed, "sqs": SQS in needed}


@contextmanager
def emulators(told: Steps, needed: Sequence[str] = STORES) -> Iterator[None]:
    """The running stack where there is one, else one for the time of the run.

    ``needed``: the variables that must name an emulator. Raises RunError where only some of them do, or one that
    does not answer.
    """
    if discover.adopt():
        missing = [name for name in needed if not os.environ.get(name)]
        if len(missing) == 1 and missing[0] in LEFT_OUT:
            raise RunError(tr(LEFT_OUT[missing[0]]))
        if missing:
            raise RunError(
                say(
                    "the environment names an emulator, but not {missing}. Set all of {needed}, or none of them.",
                    missing=", ".join(missing),
                    needed=", ".join(needed),
                )
            )
        unreachable = discover.unreachable()
        if unreachable:
            raise RunError(unreachable)
        told.console.print(tr("Using the local stack that is up"))
        yield
        return
    with ExitStack() as cleanup:
        with told.step(tr(STARTING)):
            running = cleanup.enter_context(stack(**services(needed)))
            cleanup.enter_context(running.exported())
        yield
