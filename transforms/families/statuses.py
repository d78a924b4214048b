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
SUBSTITUTED = "substituted"
ANNULLED = "annulled"
ADJUSTED = "adjusted"

STATUSES = (
    UNKNOWN, UNPROTOCOLED, AUTHORISED, AUTHORISED_LATE, DENIED, CLOSED, ADJUSTED, ANNULLED, SUBSTITUTED, CANCELLED,
    CANCELLED_LATE, VOIDED,
)  # fmt: skip

# What counts as a document that holds: not what was replaced, taken back, rejected, or only asked for.
IN_FORCE = (AUTHORISED, AUTHORISED_LATE, CLOSED, ADJUSTED)

# What outranks what when one key has evidence of several: a cancellation follows an authorisation, never the reverse.
# Late outranks in time: a document is authorised once and cancelled once, and summaries of it do not tell which. A
# CT-e that was annulled is then substituted: the substitution is the end of it.
PRECEDENCE = (
    CANCELLED_LATE, CANCELLED, SUBSTITUTED, ANNULLED, ADJUSTED, CLOSED, DENIED, AUTHORISED_LATE, AUTHORISED, VOIDED,
)  # fmt: skip
