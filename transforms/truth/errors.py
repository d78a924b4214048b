"""The error of the source of truth."""

from __future__ import annotations


class TruthError(RuntimeError):
    """The source of truth could not be read or written; the message says what and what to do."""
