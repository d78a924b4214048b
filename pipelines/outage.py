"""Which of the local stack's services do not answer while a job runs, since when, and whether they came back empty.

Of Google's services nothing is asked here: their clients wait and try again, and the log of the workers tells of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from pipelines import discover

SERVICES = {
    "BIGTABLE_EMULATOR_HOST": "Bigtable",
    "BIGQUERY_EMULATOR_HOST": "BigQuery",
    "BIGQUERY_STORAGE_EMULATOR_HOST": "BigQuery (Storage Write API)",
    "PUBSUB_EMULATOR_HOST": "Pub/Sub",
}
GONE = "{clock}  {service} at {address} does not answer. The job waits, and goes on when it is back."
BACK = "{clock}  {service} answers again, after {seconds:.0f} s."
EMPTY = (
    "{clock}  The stack was started again and is empty: what was loaded before is gone. Stop this job and start it "
    "again, after: {tables}\n          {problem}"
)
WAITING = "waiting for {services} since {clock}, {seconds:.0f} s"
CLOCK = "%H:%M:%S"


class Outages:
    """What is known of the services; ``look`` asks them again, and gives what people have to be told since.

    ``problem``: what is wrong with the stores, asked for when one of them came back; empty where nothing is.
    """

    def __init__(self, problem: Callable[[], str] = lambda: "", tables: str = "make run") -> None:
        self._problem = problem
        self._tables = tables
        self._gone: dict[str, tuple[float, str]] = {}
        self._emptied = False

    @property
    def waiting(self) -> str:
        """What is waited for, in a few words; empty where all answers."""
        if not self._gone:
            return ""
        began, clock = min(self._gone.values())
        services = ", ".join(SERVICES[name] for name in SERVICES if name in self._gone)
        return WAITING.format(services=services, clock=clock, seconds=time.monotonic() - began)

    def look(self) -> list[str]:
        """News, a line each."""
        silent = discover.silent()
        clock, told = datetime.now().strftime(CLOCK), []
        for name, address in silent.items():
            if name not in self._gone:
                self._gone[name] = time.monotonic(), clock
                told.append(GONE.format(clock=clock, service=SERVICES[name], address=address))
        back = [name for name in self._gone if name not in silent]
        for name in back:
            seconds = time.monotonic() - self._gone.pop(name)[0]
            told.append(BACK.format(clock=clock, service=SERVICES[name], seconds=seconds))
        if back and not self._gone:
            told += self._look_inside(clock)
        return told

    def _look_inside(self, clock: str) -> list[str]:
        """What came back may be another: a stack keeps everything in memory."""
        problem = "" if self._emptied else self._problem()
        if not problem:
            return []
        self._emptied = True
        return [EMPTY.format(clock=clock, tables=self._tables, problem=problem)]
