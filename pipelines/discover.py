"""How commands find the local stack that ``make stack`` keeps up in another terminal.

A stack that stays up describes itself in ``.stack.json``, at the root of the work tree. A command looks for that file
where its own code is, then in the current folder; ``ACERVO_STACK_FILE`` names another place.
Standard library only, and the texts. An environment that already names an emulator is always left as it is.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from transforms.errors import AcervoError
from transforms.language import mark, say, tr

LOCAL_PROJECT = "acervo-local"
STORES = ("BIGTABLE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST", "BIGQUERY_STORAGE_EMULATOR_HOST")
LOCAL_BROKER = "ACERVO_KAFKA_BOOTSTRAP"
"""A broker of Kafka is no emulator: its address says where a topic is, and nothing of the stores."""
LOCAL_QUEUES = "AWS_ENDPOINT_URL_SQS"
"""By which AWS's clients find a server of SQS; no emulator either, for the same reason."""
QUEUES = (LOCAL_BROKER, LOCAL_QUEUES)
VARIABLES = (*STORES, "PUBSUB_EMULATOR_HOST", *QUEUES)
PROJECT = "GOOGLE_CLOUD_PROJECT"
STATE_FILE = ".stack.json"
NO_PROJECT = mark("no project: give --project, or start the local stack with: make stack")
UNREACHABLE = mark("nothing answers at {address} ({name}). Is the local stack still up? make stack starts it.")


class NoProjectError(AcervoError):
    """Nothing says which project is meant."""


def state_file() -> Path:
    """Where the running stack says how it is reached; the file need not exist."""
    given = os.environ.get("ACERVO_STACK_FILE")
    if given:
        return Path(given)
    beside_the_code, here = Path(__file__).resolve().parents[1] / STATE_FILE, Path(STATE_FILE).absolute()
    return beside_the_code if beside_the_code.is_file() else here


def read_state() -> dict[str, object]:
    """What the state file says; empty when there is none, or none that can be read."""
    try:
        state = json.loads(state_file().read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def running() -> dict[str, str] | None:
    """The environment of the announced stack, or None when there is none or it no longer answers."""
    announced = read_state().get("environment")
    if not isinstance(announced, dict):
        return None
    environment = {name: str(announced[name]) for name in (*VARIABLES, PROJECT) if name in announced}
    addresses = [value for name, value in environment.items() if name in VARIABLES]
    return environment if addresses and all(map(_answers, addresses)) else None


def emulated() -> bool:
    """Whether the environment of this process names an emulator."""
    return any(os.environ.get(name) for name in VARIABLES if name not in QUEUES)


def adopt(project: str | None = None) -> bool:
    """Makes this process a client of emulators where it should be one; True when it is.

    A given ``project`` other than the local one means the real service: then the environment alone decides.
    """
    if emulated():
        os.environ.setdefault(PROJECT, LOCAL_PROJECT)
        return True
    if project not in (None, "", LOCAL_PROJECT):
        return False
    environment = running()
    if environment is None:
        return False
    os.environ.update(environment)
    return True


def project_of(given: str | None) -> str:
    """The project of a command: the given one, else the running stack's, which the process then uses, else that of the
    environment. Raises NoProjectError.
    """
    local = adopt(given)
    project = given or (LOCAL_PROJECT if local else os.environ.get(PROJECT))
    if not project:
        raise NoProjectError(tr(NO_PROJECT))
    return project


def unreachable() -> str | None:
    """What to tell people when an emulator that the environment names for a store does not answer; None when all do.

    Clients would try for a minute and more, and then tell of a connection and not of the stack.
    """
    for name in STORES:
        address = os.environ.get(name)
        if address and not _answers(address):
            return say(UNREACHABLE, address=address, name=name)
    return None


def silent() -> dict[str, str]:
    """The emulators of the environment that do not answer at this moment: variable and address."""
    named = {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
    return {name: address for name, address in named.items() if not _answers(address)}


def _answers(address: str) -> bool:
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1):
            return True
    except OSError:
        return False
