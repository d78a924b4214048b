"""Which of the local stack's services do not answer while a job runs, since when, and whether they came back empty.

Google's services are not asked: their clients wait and try again, and the workers' log says so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from pipelines import discover
from transforms.language import mark, say

SERVICES = {
    "BIGTABLE_EMULATOR_HOST": "Bigtable",
    "BIGQUERY_EMULATOR_HOST": "BigQuery",
    "BIGQUERY_STORAGE_EMULATOR_HOST": "BigQuery (Storage Write API)",
    "PUBSUB_EMULATOR_HOST": "Pub/Sub",
    discover.LOCAL_BROKER: "Kafka",
    discover.LOCAL_QUEUES: "SQS",
}
GONE = mark("{clock}  No answer from {services}. The job waits, and goes on when it comes.")
AT = "{service} ({address})"
BACK = mark("{clock}  Answering again, after {seconds:.0f} s: {services}.")
EMPTY = mark(
    "{clock}  The stack was started again and is empty: what was loaded before is gone. Stop this job and start it "
    "again, after: {tables}\n          {problem}"
)
WAITING = mark("waiting for {services} since {clock}, {seconds:.0f} s")
CLOCK = "%H:%M:%S"
EVERY_SECONDS = 1.0


class Outages:
    """What is known of the services; ``look`` asks them again, and gives what people have to be told since.

    ``problem``: what is wrong with the stores, asked for when one of them came back; empty where nothing is.
    """

    def __init__(self, problem: Callable[[], str] = lambda: "", tables: str = "make tables") -> None:
        self._problem = problem
        self._tables = tables
        self._gone: dict[str, tuple[float, str]] = {}
        self._seen = self._emptied = False

    @property
    def emptied(self) -> bool:
        """Whether what came back was another stack, with nothing in it."""
        return self._emptied

    @property
    def waiting(self) -> str:
        """What is waited for, in a few words; empty where all answers."""
        gone = dict(self._gone)  # another thread may look
        if not gone:
            return ""
        began, clock = min(gone.values())
        services = ", ".join(SERVICES[name] for name in SERVICES if name in gone)
        return say(WAITING, services=services, clock=clock, seconds=time.monotonic() - began)

    def look(self) -> list[str]:
        """News, a line each."""
        silent = discover.silent()
        clock, told = datetime.now().strftime(CLOCK), []
        gone = [name for name in silent if name not in self._gone]
        if gone:
            services = ", ".join(AT.format(service=SERVICES[name], address=silent[name]) for name in gone)
            told.append(say(GONE, clock=clock, services=services))
            self._seen = True
            self._gone |= {name: (time.monotonic(), clock) for name in gone}
        back = [name for name in self._gone if name not in silent]
        if back:
            seconds = time.monotonic() - min(self._gone.pop(name)[0] for name in back)
            services = ", ".join(SERVICES[name] for name in back)
            told.append(say(BACK, clock=clock, services=services, seconds=seconds))
        # Bigtable can be asked without the others, and is what a job asks first.
        if back and (not self._gone or "BIGTABLE_EMULATOR_HOST" in back):
            told += self._look_inside(clock)
        return told

    def last_look(self) -> list[str]:
        """News after a job has failed, which may have happened before it was seen that a service came back."""
        told = self.look()
        return told if not self._seen or self._emptied else told + self._look_inside(datetime.now().strftime(CLOCK))

    @contextmanager
    def told(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Looks every second and tells news at once, in a thread, while the block runs."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(EVERY_SECONDS):
                with suppress(Exception):
                    for line in self.look():
                        tell(line)

        thread = threading.Thread(target=watch, name="outages", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(timeout=5)

    def _look_inside(self, clock: str) -> list[str]:
        """News if what came back is another stack, and empty: a stack keeps everything in memory."""
        problem = "" if self._emptied else self._problem()
        if not problem:
            return []
        self._emptied = True
        return [say(EMPTY, clock=clock, tables=self._tables, problem=problem)]
