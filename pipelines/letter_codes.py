"""Every code of a dead letter, whichever part gives it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pipelines import launching
from transforms.ingest import foreign, limits
from transforms.ingest.pubsub.message import MESSAGE_WITHOUT_ID
from transforms.language import mark
from transforms.parse import codes
from transforms.truth import transaction
from transforms.views.refused import ROW_REFUSED

CODES: dict[str, str] = {
    **limits.CODES,
    **foreign.CODES,
    MESSAGE_WITHOUT_ID: mark("a message that Pub/Sub gave no id"),
    **codes.DEAD_LETTER_CODES,
    **transaction.CODES,
    ROW_REFUSED: mark("a row that BigQuery cannot hold; its record is in Bigtable"),
}
"""From code to what it says of the input."""


def check(wanted: Iterable[str]) -> None:
    """Raises LaunchError for a code that no dead letter has."""
    for code in wanted:
        if code not in CODES:
            near = difflib.get_close_matches(code, CODES, n=1)
            asked = f" Did you mean {near[0]}?" if near else ""
            known = "\n".join(f"  {name.ljust(26)}{text}" for name, text in CODES.items())
            raise launching.LaunchError(f"--codes {code}: no dead letter has this code.{asked} Known codes:\n{known}")
