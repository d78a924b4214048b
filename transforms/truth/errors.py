"""The error of the source of truth."""

from __future__ import annotations

from transforms.errors import AcervoError


class SelectionError(AcervoError, ValueError):
    """What was asked for selects no keys; the message says why."""


class TruthError(AcervoError):
    """The source of truth could not be read or written; the message says what and what to do."""
