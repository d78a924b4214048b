"""Libraries that only pages need: a plain installation, and the image of the jobs, does without them."""

from __future__ import annotations

from importlib.util import find_spec

from transforms.errors import AcervoError
from transforms.language import say

EXTRA = "acervo[report]"


class MissingError(AcervoError):
    """A library of the extra is not installed."""


def needed(*modules: str) -> None:
    """Raises MissingError where one of these modules cannot be imported."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise MissingError(
            say(
                "pages need {modules}, which are not installed. Install them: pip install '{extra}'",
                modules=", ".join(missing),
                extra=EXTRA,
            )
        )
