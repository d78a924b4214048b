"""The error of an input that was asked for."""

from __future__ import annotations

from transforms.errors import AcervoError


class InputError(AcervoError, ValueError):
    """The input that was asked for is not there, or cannot be listed. The message is for the person who asked."""
