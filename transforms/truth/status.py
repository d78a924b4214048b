"""What a failed call says, and whether another attempt may help. Pure."""

from __future__ import annotations

from typing import TypeAlias

import grpc
import grpc.aio

from transforms.language import mark, say, tr

_RETRYABLE = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
)
# A connection cut in the middle of a call may also be reported as an internal error with one of these texts.
_CUT = ("rst_stream", "rst stream", "unexpected eos", "end-of-stream", "connection reset")
_ADVICE = {
    grpc.StatusCode.NOT_FOUND: mark("Create the tables first: acervo tables"),
    grpc.StatusCode.PERMISSION_DENIED: mark("Give the worker's service account the role roles/bigtable.user."),
    grpc.StatusCode.UNAUTHENTICATED: mark("Log in: gcloud auth application-default login, or set the service account."),
    grpc.StatusCode.FAILED_PRECONDITION: mark(
        "The app profile must route to one cluster and allow single-row transactions."
    ),
}


_CODES = {code.value[0]: code for code in grpc.StatusCode}


class NotWritten(Exception):
    """Why one row of many was not written: number of a gRPC code, and message."""

    def __init__(self, code: int, details: str) -> None:
        super().__init__(details)
        self._code = _CODES.get(code, grpc.StatusCode.UNKNOWN)
        self._details = details

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


Failure: TypeAlias = grpc.aio.AioRpcError | NotWritten


def may_help(error: Failure) -> bool:
    """Whether the same call may succeed later."""
    if error.code() in _RETRYABLE:
        return True
    details = (error.details() or "").lower()
    return error.code() is grpc.StatusCode.INTERNAL and any(text in details for text in _CUT)


def refused(call: str, error: Failure) -> str:
    """For people: a call that it is no use to retry, and what to do."""
    told = say("Bigtable refused {call}: {status}", call=call, status=_text_of(error))
    return f"{told} {tr(_ADVICE.get(error.code(), ''))}".rstrip()


def given_up(call: str, attempts: int, error: Failure) -> str:
    """For people: a call that failed at every attempt."""
    return say(
        "Bigtable did not accept {call} after {attempts} attempts; the last answer: {status} Nothing was skipped: "
        "start the same run again when the service is well.",
        call=call,
        attempts=attempts,
        status=_text_of(error),
    )


def _text_of(error: Failure) -> str:
    return f"{error.code().name}: {error.details() or tr('no details')}."
