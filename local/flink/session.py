"""How jobs reach a local Flink: the one that ``make flink`` keeps up, or one for the time of a run."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from local.flink.cluster import TASK_MANAGERS, Cluster, cluster
from local.stack import discover
from local.stack.process import PROJECT, listens
from local.steps import Steps
from pipelines.flink import NAMES
from transforms.language import mark, say, tr

STATE_FILE = ".flink.json"
STARTING = mark("Starting Flink")
USING = mark("Using the Flink that is up: {page}")
# Of this process, for its workers, wherever the emulators are by the time that a job is sent.
_HANDED_ON = (*discover.VARIABLES, "GOOGLE_CLOUD_PROJECT", "MALLOC_MMAP_THRESHOLD_")


class Place(NamedTuple):
    """Where a Flink is: its web page, the address of its job server, and what starts a Python worker."""

    page: str
    job_endpoint: str
    boot: str


def place_of(running: Cluster) -> Place:
    return Place(running.page, running.job_endpoint, str(running.boot))


def is_flink(runner: str | None) -> bool:
    """Whether a name, as Beam takes it for ``--runner``, is that of its Flink runner."""
    return (runner or "").rpartition(".")[2].lower() in NAMES


def arguments(place: Place) -> list[str]:
    """What a job is given to run there. Its workers get the emulators of this process's environment."""
    handed_on = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    worker = {"command": place.boot, "env": handed_on}
    return [
        "--runner=FlinkRunner",
        f"--job_endpoint={place.job_endpoint}",
        f"--flink_master={place.page.removeprefix('http://')}",
        "--environment_type=PROCESS",
        f"--environment_config={json.dumps(worker)}",
        f"--parallelism={TASK_MANAGERS}",
    ]


def state_file() -> Path:
    """Where the Flink of ``make flink`` announces itself."""
    given = os.environ.get("ACERVO_FLINK_FILE")
    return Path(given) if given else PROJECT / STATE_FILE


@contextlib.contextmanager
def announced(place: Place) -> Iterator[None]:
    """Other commands find this Flink during the block."""
    file = state_file()
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    partial.write_text(json.dumps({"pid": os.getpid(), **place._asdict()}, indent=2) + "\n")
    partial.replace(file)
    try:
        yield
    finally:
        if _read().get("pid") == os.getpid():
            file.unlink(missing_ok=True)


def running() -> Place | None:
    """The announced Flink, if it answers."""
    said = _read()
    try:
        place = Place(*(str(said[name]) for name in Place._fields))
        return place if listens(int(place.job_endpoint.rpartition(":")[2])) else None
    except (KeyError, ValueError):
        return None


def _read() -> dict[str, object]:
    try:
        said = json.loads(state_file().read_text())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


@contextlib.contextmanager
def flink(told: Steps) -> Iterator[list[str]]:
    """Arguments for a job on the Flink that is up, or on one that is started for the block. Raises StackError."""
    if place := running():
        told.console.print(say(USING, page=place.page))
        yield arguments(place)
        return
    with contextlib.ExitStack() as cleanup:
        with told.step(tr(STARTING)):
            place = place_of(cleanup.enter_context(cluster()))
        yield arguments(place)
