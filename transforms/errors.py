"""The base of every error that is told to people."""

from __future__ import annotations


class AcervoError(Exception):
    """Something is wrong for a reason outside the code.

    The message is for the person who asked: what is wrong, with which input, and what to do. A command prints it after
    ``error:`` and ends with exit status 2; any other exception is a fault of the code and keeps its traceback.
    """
