"""Rows that BigQuery refused. Pure."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from transforms.model import DeadLetter
from transforms.views.rows import Row

Refusal = tuple[str, Row, str]
"""Table, row, and why the table cannot hold it."""

ROW_REFUSED = "row_refused"


def dead_letter_of(refusal: Refusal) -> DeadLetter:
    """Dead letter of a refused row: its bytes are the row as JSON, its origin the row's own.

    The record itself is safe in Bigtable; what is missing is its row, which a rebuild writes once the cause is mended.
    """
    table, row, reason = refusal
    payload = orjson.dumps(row, option=orjson.OPT_SORT_KEYS, default=_text)
    message = f"table {table} cannot hold this row: {reason}"
    origin = f"{row.get('origin', '')}#row:{table}"
    received_at = row.get("received_at") or row.get("job_started_at") or 0
    return DeadLetter(ROW_REFUSED, message, "views", origin, payload, received_at, len(payload))


def fail_on(refusal: Refusal) -> None:
    """Fails for a refused row that itself describes a dead letter, as it cannot be reported any further. Raises
    RuntimeError."""
    table, row, reason = refusal
    raise RuntimeError(
        f"BigQuery refused the row that tells of dead letter {row.get('dead_letter_id')} (table {table}): {reason}. "
        "The dead letter is kept in Bigtable. Check that the tables are current: acervo tables"
    )


def _text(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
