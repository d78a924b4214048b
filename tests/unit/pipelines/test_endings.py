"""What people are told of an error, out of what runners say."""

from __future__ import annotations

import logging

import pytest

from pipelines import endings

# As Prism says it.
OF_A_WORKER = """bundle inst003 stage-002 failed:Traceback (most recent call last):
  File "sdk_worker.py", line 310, in _execute
    response = task()
               ^^^^^^
  File "apache_beam/runners/common.py", line 1543, in apache_beam.runners.common.DoFnRunner.process
  File "/srv/intake.py", line 94, in take
    raise self._failure
transforms.ingest.pubsub.settings.SubscriptionError: Reading s failed with NOT_FOUND: it is gone.
Create the subscription, or name another.
"""
TOLD = "SubscriptionError: Reading s failed with NOT_FOUND: it is gone.\nCreate the subscription, or name another."


def test_the_innermost_exception_is_the_cause() -> None:
    assert endings.cause_of(RuntimeError(OF_A_WORKER)) == TOLD


# As Flink's job server says it: of its own, and of a worker.
OF_JAVA = """Pipeline p failed in state FAILED: org.apache.flink.runtime.JobException: Recovery is suppressed
\tat org.apache.flink.runtime.executiongraph.ExecutionFailureHandler.handle(ExecutionFailureHandler.java:219)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.lang.NumberFormatException: For input string: "300 ms"
\tat java.base/java.lang.Long.parseLong(Long.java:711)
\t... 44 more
"""
OF_BOTH = f"java.lang.RuntimeException: Error received from SDK harness for instruction 5: {OF_A_WORKER}\n\
\tat org.apache.beam.runners.fnexecution.control.FnApiControlClient.onNext(FnApiControlClient.java:181)\n\
\t... 1 more\n"


def test_of_java_the_last_cause_counts_and_of_both_the_worker() -> None:
    assert endings.cause_of(RuntimeError(OF_JAVA)) == 'NumberFormatException: For input string: "300 ms"'
    assert endings.cause_of(RuntimeError(OF_JAVA.partition("Caused")[0])).endswith("Recovery is suppressed")
    assert endings.cause_of(RuntimeError(OF_BOTH)) == TOLD


def test_of_tracebacks_one_after_the_other_the_last_counts() -> None:
    earlier = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    f()\nKeyError: 1\n\nDuring it:\n\n'
    assert endings.innermost(earlier + OF_A_WORKER) == TOLD


def test_what_it_was_raised_from_is_the_cause() -> None:
    error = RuntimeError("the step failed")
    error.__cause__ = OSError("no space left")
    assert endings.cause_of(error) == "no space left"


def test_an_error_that_says_nothing_is_named() -> None:
    assert endings.cause_of(KeyError()) == "KeyError"


def test_a_failure_is_told_and_kept_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("VERBOSE", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    endings.tell_failure(RuntimeError(OF_A_WORKER))
    said = capsys.readouterr().err
    assert said.startswith(f"error: the job failed: {TOLD}\n")
    assert "Traceback" not in said
    [kept] = tmp_path.iterdir()
    assert str(kept) in said
    assert OF_A_WORKER in kept.read_text()


@pytest.mark.parametrize(("verbose", "lines"), [("", 2), ("1", 9)])
def test_log_records_are_brief_unless_all_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, verbose: str, lines: int
) -> None:
    monkeypatch.setenv("VERBOSE", verbose)
    record = logging.LogRecord("beam", logging.ERROR, "f", 1, OF_A_WORKER, None, None)
    text = endings.Brief(logging.BASIC_FORMAT).format(record)
    assert text.startswith("ERROR:beam:bundle inst003 stage-002 failed:")
    assert TOLD in text
    assert len(text.strip().splitlines()) == lines
