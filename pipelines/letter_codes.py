"""All codes of dead letters, from every stage."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable

from pipelines import screen
from transforms.errors import AcervoError
from transforms.ingest import foreign, limits
from transforms.ingest.queue.message import MESSAGE_WITHOUT_ID, TOMBSTONE
from transforms.language import mark, say, tr
from transforms.parse import codes
from transforms.truth import transaction
from transforms.views.refused import ROW_REFUSED

CODES: dict[str, str] = {
    **limits.CODES,
    **foreign.CODES,
    MESSAGE_WITHOUT_ID: mark("a message that Pub/Sub gave no id"),
    TOMBSTONE: mark("a message of Kafka without a value"),
    **codes.DEAD_LETTER_CODES,
    **transaction.CODES,
    ROW_REFUSED: mark("a row that BigQuery cannot hold; its record is in Bigtable"),
}
"""From code to what it says of the input."""


UNKNOWN = mark("--codes {code}: no dead letter has this code. Known codes:\n{known}")
UNKNOWN_BUT_NEAR = mark("--codes {code}: no dead letter has this code. Did you mean {near}? Known codes:\n{known}")


class UnknownCodeError(AcervoError):
    """A code that no dead letter has; the message lists those that there are."""


def check(wanted: Iterable[str]) -> None:
    """Raises UnknownCodeError for a code that no dead letter has."""
    for code in wanted:
        if code not in CODES:
            near = next(iter(difflib.get_close_matches(code, CODES, n=1)), "")
            raise UnknownCodeError(say(UNKNOWN_BUT_NEAR if near else UNKNOWN, code=code, near=near, known=_known()))


def _known() -> str:
    """All codes with what they say, as wide as the terminal that errors go to."""
    table = screen.plain_table("", ("", "left"), ("", "left"))
    for code, text in CODES.items():
        table.add_row(code, tr(text))
    return screen.text_of(table, sys.stderr)
