"""A board's look at the tables: no more often than it should, whoever asks, and drawn again only when it changed."""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import UTC, datetime
from typing import NamedTuple

from pipelines import query, standing
from pipelines.pages import draw, live
from pipelines.pages.section import statement
from transforms.language import say

WIDTHS = (draw.WIDE, draw.HALF, draw.NARROW)


class Answer(NamedTuple):
    """What changes of the page, and a tag that is another when it is."""

    text: str
    tag: str


class Watcher:
    """Looks for all browsers at once; of any thread."""

    def __init__(self, tables: standing.Tables, place: str, every: float) -> None:
        self.place, self.every = place, every
        self._tables = tables
        self._began = datetime.now(UTC)
        self._rate = standing.Rate()
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._seen: live.Seen | None = None
        self._answer = Answer("", "")

    def now(self) -> Answer:
        """What is to be shown, not older than ``every``. Raises QueryError only where nothing was seen yet.

        When the tables cannot be asked, what was seen last is shown with the reason.
        """
        with self._lock:
            if time.monotonic() - self._looked >= self.every:
                seen = self._look()
                # The clock alone is no reason to draw.
                if self._seen is None or seen._replace(at=self._seen.at) != self._seen:
                    text = live.now(seen, draw.svg, WIDTHS)
                    self._answer = Answer(text, f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"')
                self._seen = seen
                self._looked = time.monotonic()
            return self._answer

    def _look(self) -> live.Seen:
        try:
            found = standing.standing(self._tables, self._began)
            rows = {section.name: self._tables.rows(statement(section.sql)) for section in live.SECTIONS}
        except query.QueryError as error:
            if self._seen is None:
                raise
            return self._seen._replace(problem=say("This is not of now. {error}", error=error))
        rate = self._rate.of(time.monotonic(), found.arrived)
        return live.Seen(datetime.now(UTC), found, rate, rows)
