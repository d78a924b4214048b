"""The statuses that a key can have, and which of them wins."""

from __future__ import annotations

UNKNOWN = "unknown"
UNPROTOCOLED = "unprotocoled"
AUTHORISED = "authorised"
AUTHORISED_LATE = "authorised_late"
DENIED = "denied"
CLOSED = "closed"
CANCELLED = "cancelled"
CANCELLED_LATE = "cancelled_late"
VOIDED = "voided"

STATUSES = (
    UNKNOWN, UNPROTOCOLED, AUTHORISED, AUTHORISED_LATE, DENIED, CLOSED, CANCELLED, CANCELLED_LATE, VOIDED,
)  # fmt: skip

# What outranks what when one key has evidence of several: a cancellation follows an authorisation, never the reverse.
# Late outranks in time: a document is authorised once and cancelled once, and summaries of it do not tell which.
PRECEDENCE = (CANCELLED_LATE, CANCELLED, CLOSED, DENIED, AUTHORISED_LATE, AUTHORISED, VOIDED)
