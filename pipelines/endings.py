"""How the end of a job is told: in a sentence, with the whole error in a file.

``VERBOSE=1`` shows the whole error at once, as Python and Beam print it.
"""

from __future__ import annotations

import itertools
import logging
import os
import re
import signal
import sys
import tempfile
import threading
import traceback

import grpc
from apache_beam.runners.worker import sdk_worker

from pipelines import exits, screen
from pipelines.portable import ended_runner
from pipelines.prose import tell_error
from transforms.language import mark, say

_TRACEBACK = "Traceback (most recent call last):"
# A frame of Java's, and what stands for those left out.
_JAVA_FRAME = re.compile(r"^\s+(?:at [\w.$/<>-]+\(|\.\.\. \d+ )")
_JAVA_CAUSE = "Caused by: "
_MODULE = re.compile(r"^(?:\w+\.)+(?=\w+(?::|$))")


CUT = mark("the connection to the runner ended with {status}: {details}")
RUNNER = mark("The runner is gone: {how}.")


def verbose() -> bool:
    """Whether errors are to be shown in full."""
    return bool(os.environ.get("VERBOSE"))


def cause_of(error: BaseException) -> str:
    """The cause of an error, without what runners wrap around it: exceptions, and tracebacks of workers as text."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, grpc.RpcError) and hasattr(error, "code"):
        cut = say(CUT, status=error.code().name, details=error.details())
        code = ended_runner()
        return cut if code is None else f"{cut}. {say(RUNNER, how=exits.told(code))}"
    text = str(error).strip()
    return innermost(text) if is_traceback(text) else text or type(error).__name__


def is_traceback(text: str) -> bool:
    """Whether there is a traceback in a text, of Python or of Java."""
    return _TRACEBACK in text or any(map(_JAVA_FRAME.match, text.splitlines()))


def innermost(text: str) -> str:
    """The exception at the end of the last traceback in a text. Python's counts, where Java's has one in it."""
    if _TRACEBACK not in text:
        lines = [line for line in text.splitlines() if not _JAVA_FRAME.match(line)]
        causes = [line.removeprefix(_JAVA_CAUSE) for line in lines if line.startswith(_JAVA_CAUSE)]
        return _MODULE.sub("", (causes or lines or [text])[-1 if causes else 0].strip())
    lines = text.rpartition(_TRACEBACK)[2].strip("\n").splitlines()
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    last = frames[-1] + 1 if frames else 0
    while last < len(lines) and lines[last].startswith("    "):
        last += 1
    told = itertools.takewhile(lambda line: not _JAVA_FRAME.match(line), lines[last:])
    said = "\n".join(line for line in told if line.strip())
    return _MODULE.sub("", said.strip())


def _is_news(record: logging.LogRecord) -> bool:
    """False for Ctrl-C, which workers log as an error of their own: the job's end reports it."""
    return verbose() or KeyboardInterrupt.__name__ not in record.getMessage()


class Brief(logging.Formatter):
    """Log records in which a traceback is no more than the exception at its end."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if verbose() or not is_traceback(text):
            return text
        head, said = text.partition(_TRACEBACK)[0].strip(), innermost(text)
        if _TRACEBACK not in text:
            head = text.partition("\n")[0]
        return head if said.partition(": ")[2] and said.partition(": ")[2] in head else f"{head} {said}"


def at_console() -> None:
    """From now on this process tells things as a command does: logs are brief, workers in it tell of errors in the log
    alone, and SIGTERM stops the job as Ctrl-C does."""
    brief_logs()
    if threading.current_thread() is threading.main_thread():
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # As shells start what is to run in the background. Beam stops its runner all the same, and says nothing.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))


def brief_logs() -> None:
    """Makes this process's logs brief, on stderr, the only place where errors of workers in it are told."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(screen.StderrHandler())
        root.setLevel(logging.WARNING)
    for handler in root.handlers:
        if type(handler) in (logging.StreamHandler, screen.StderrHandler):
            handler.setFormatter(Brief(logging.BASIC_FORMAT))
            handler.addFilter(_is_news)
    if not verbose():
        # Beam prints each traceback that it logs on the next line.
        setattr(sdk_worker, "print", lambda *args, **more: None)  # noqa: B010
        if threading.excepthook is threading.__excepthook__:
            threading.excepthook = _thread_ended


def _thread_ended(args: threading.ExceptHookArgs) -> None:
    """Drops a thread's message that the connection to the runner ended: the job's end reports it."""
    if not issubclass(args.exc_type, grpc.RpcError):
        threading.__excepthook__(args)


FAILED = mark("the job failed: {cause}\nStarted again, it finishes what it began: nothing is lost.")
WHOLE = mark("The whole error is in {file}.")


def tell_failure(error: BaseException) -> None:
    """Says on stderr why a job failed, and what to do."""
    tell_error(failure(error))


def failure(error: BaseException) -> str:
    """Why a job failed, what to do, and where the whole error is: on stderr already, or in a file."""
    whole, told = "".join(traceback.format_exception(error)), say(FAILED, cause=cause_of(error))
    if verbose():
        print(whole, file=sys.stderr)
        return told
    try:
        with tempfile.NamedTemporaryFile("w", prefix="acervo-error-", suffix=".log", delete=False) as file:
            file.write(whole)
    except OSError:  # such as a disk that is full, which may be what failed the job
        return told
    return f"{told} {say(WHOLE, file=file.name)}"
