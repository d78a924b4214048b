"""How commands in another terminal find the stack that ``make stack`` keeps up.

A stack that stays up writes ``.stack.json`` at the root of the project (``ACERVO_STACK_FILE`` names another place).
Standard library only. An environment that already names an emulator is always left as it is.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

LOCAL_PROJECT = "acervo-local"
STORES = ("BIGTABLE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST", "BIGQUERY_STORAGE_EMULATOR_HOST")
VARIABLES = (*STORES, "PUBSUB_EMULATOR_HOST")


def state_file() -> Path:
    """Where the running stack says how it is reached."""
    given = os.environ.get("ACERVO_STACK_FILE")
    return Path(given) if given else Path(__file__).resolve().parents[2] / ".stack.json"


def write_state(environment: Mapping[str, str]) -> None:
    """Announces a stack of this process."""
    path = state_file()
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(json.dumps({"pid": os.getpid(), "environment": dict(environment)}, indent=2) + "\n")
    partial.replace(path)


def remove_state() -> None:
    """Withdraws what this process announced; another stack's file stays."""
    if _read().get("pid") == os.getpid():
        state_file().unlink(missing_ok=True)


def running() -> dict[str, str] | None:
    """The environment of the announced stack, or None when there is none or it no longer answers."""
    environment = _read().get("environment")
    if not isinstance(environment, dict) or not environment:
        return None
    addresses = [value for name, value in environment.items() if name in VARIABLES]
    return environment if all(map(_answers, addresses)) else None


def emulated() -> bool:
    """Whether the environment of this process names an emulator."""
    return any(os.environ.get(name) for name in VARIABLES)


def adopt(project: str | None = None) -> bool:
    """Makes this process a client of emulators where it should be one; True when it is.

    A given ``project`` other than the local one means the real service: then the environment alone decides.
    """
    if emulated():
        os.environ.setdefault("GOOGLE_CLOUD_PROJECT", LOCAL_PROJECT)
        return True
    if project not in (None, "", LOCAL_PROJECT):
        return False
    environment = running()
    if environment is None:
        return False
    os.environ.update(environment)
    return True


def silent() -> str | None:
    """What to tell people when an emulator that the environment names for a store does not answer; None when all do.

    Clients would try for a minute and more, and then tell of a connection and not of the stack.
    """
    for name in STORES:
        address = os.environ.get(name)
        if address and not _answers(address):
            return f"nothing answers at {address} ({name}). Is the local stack still up? make stack starts it."
    return None


def _read() -> dict[str, object]:
    try:
        state = json.loads(state_file().read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _answers(address: str) -> bool:
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1):
            return True
    except OSError:
        return False
