"""Where errors and Ctrl-C are told to people: around the ``main`` of every command, and nowhere else."""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Callable, Sequence

from pipelines import prose
from transforms import language
from transforms.errors import AcervoError
from transforms.language import mark, say, tr

Main = Callable[[Sequence[str] | None], int]

FAILED, INTERRUPTED = 2, 130
INTERRUPTED_TEXT = mark("Interrupted.")
DISK_FULL = mark("the disk is full{where}. Make room, and give the same command again.")
DISK_FULL_AT = mark(", writing {file}")


def guarded(main: Main, interrupted: str = INTERRUPTED_TEXT) -> Callable[..., int]:
    """``main`` with its errors told: ``error: <reason>`` and exit status 2, or 130 after Ctrl-C.

    An exception that no person can act on is raised as it is.
    """

    @functools.wraps(main)
    def told(argv: Sequence[str] | None = None) -> int:
        try:
            with language.speaking(sys.argv[1:] if argv is None else argv) as rest:
                return _run(main, rest, interrupted)
        except language.LanguageError as error:
            prose.tell_error(error)
            return FAILED

    return told


def _run(main: Main, argv: Sequence[str], interrupted: str) -> int:
    try:
        return main(argv)
    except KeyboardInterrupt:
        prose.tell(tr(interrupted), sys.stderr)
        return INTERRUPTED
    except Exception as error:
        reason = reason_of(error)
        if reason is None:
            raise
        prose.tell_error(reason)
        return FAILED


def reason_of(error: BaseException) -> str | None:
    """What to tell people of an error; None when it is a fault of the code."""
    if isinstance(error, AcervoError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = say(DISK_FULL_AT, file=error.filename) if error.filename else ""
        return say(DISK_FULL, where=where)
    # An error of a library that was never imported cannot have been raised, and importing these takes a second.
    auth, api = sys.modules.get("google.auth.exceptions"), sys.modules.get("google.api_core.exceptions")
    if auth and isinstance(error, auth.GoogleAuthError):
        return say(
            "no credentials: {error}\n"
            "Run: gcloud auth application-default login; or start the local stack with: make stack",
            error=error,
        )
    if api and isinstance(error, api.GoogleAPICallError | api.RetryError):
        return str(error)
    return None
