"""Launching a job: running its pipeline, waiting for it, and what becomes of its end on the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from pipelines import command_line, endings, flink, stores, telling
from pipelines.guard import guarded, reason_of
from pipelines.launch import Launch, waits
from pipelines.portable import cancel, lasting_streams
from pipelines.prose import note
from pipelines.telling import Launched
from transforms.language import mark

R = TypeVar("R")
INTERRUPTED = mark("Interrupted. The same command can be given again: it finishes what it began.")


def launch(
    pipeline: beam.Pipeline, launch: Launch, total: int | None = None, reads: str = "", wait_for_it: bool = False
) -> Launched:
    """Runs the pipeline; on local runners waits for its end, and tells how far it is.

    ``total``: the number of inputs expected, if known. ``reads``: what a stream reads. ``wait_for_it``: wait on any
    runner.
    """
    options = pipeline.options
    if not waits(options) and not wait_for_it:
        return Launched(run(pipeline), options, launch, 0.0)
    with telling.watched(options, launch, partial(stores.problem, options), total, reads) as watch:
        on_flink = flink.runner_of(options) in flink.NAMES  # Beam takes the runner out of the options
        result = run(pipeline)
        wait(result, options if on_flink else None)
    return Launched(result, options, launch, watch.seconds)


def run(pipeline: beam.Pipeline) -> PipelineResult:
    """Starts the pipeline."""
    with lasting_streams():
        return pipeline.run()


def wait(result: PipelineResult, of_flink: PipelineOptions | None) -> None:
    """Waits until the job ends. Ctrl-C cancels it, also if the runner is a service that would go on. ``of_flink``: the
    options of a job of Flink's runner."""
    try:
        result.wait_until_finish()
    except KeyboardInterrupt:
        note(cancel(result, of_flink))
        raise


def main(
    run: Callable[[Sequence[str] | None], R],
    argv: Sequence[str] | None,
    status: Callable[[R], int] = lambda _: 0,
    failed: int = 1,
    interrupted: str = INTERRUPTED,
) -> int:
    """Runs a job for the command line; returns the exit status, which ``status`` makes of what ``run`` returns.

    It is ``failed`` where the job failed, 2 where it could not start, 130 where it was stopped.
    """

    def work(given: Sequence[str] | None) -> int:
        endings.at_console()
        if {"-h", "--help"} & set(sys.argv[1:] if given is None else given):
            command_line.parser(sys.modules[run.__module__]).print_help()
            return 0
        try:
            found = run(given)
            if isinstance(found, Launched):
                telling.tell(found, on_dataflow=not waits(found.options))
            return int(status(found))
        except Exception as error:
            if reason_of(error) is not None:
                raise
            endings.tell_failure(error)
            return failed

    return guarded(work, interrupted=interrupted)(argv)
