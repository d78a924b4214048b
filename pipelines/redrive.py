"""Redrive: dead letters go through ingestion again, after a parser was mended or a layout added. Bounded.

    python -m pipelines.redrive --project P --bigtable_instance I --dataset D [--codes not_xml,unknown_root]
        [--since 2026-01-01] [--until 2026-02-01] [--origin_prefix gs://bucket/2025/]

A dead letter keeps its origin and the time at which it was first received, whatever becomes of it. One that becomes a
record is marked as redriven, in Bigtable and in BigQuery, where ``dead_letters_by_code`` shows open ones only.

All redrives are one run (``--run`` makes another), so a record is new or resumed, never doubled. Counts of a run are
sums over all of it: each redrive takes along what earlier ones of its run began or did, whatever it is asked to
select, and never what another run began. One at a time.

Inputs that were cut, and those that could not even be taken out of their archive, are read again where they came from,
if that is a file. Rows that BigQuery refused are not inputs: rebuild writes them.
"""

from __future__ import annotations

from pipelines import command

if __name__ == "__main__":
    raise SystemExit(command.start("redrive"))

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import TaggedOutput

from pipelines import command_line, launching, letter_codes, stores
from pipelines.ingest import IngestDocuments, Ingested
from pipelines.launch import Launch, LaunchError, launch_of
from pipelines.options import IngestOptions
from pipelines.telling import Launched
from transforms import instants, metrics
from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import Limits
from transforms.ingest.reread import NotThereError, inputs_of
from transforms.language import mark, say, tr
from transforms.model import Applied, DeadLetter, RawDocument
from transforms.truth.dead_letters import BEGUN, DONE, FAILED, Redrive, StoredDeadLetter
from transforms.truth.redrive_marks import MarkDeadLetters
from transforms.truth.scan import ReadDeadLetters
from transforms.views.refused import ROW_REFUSED, fail_on
from transforms.views.rows import TableRow
from transforms.views.stored import rows_of_redriven
from transforms.views.write import WriteRows, Written

JOB = "redrive"
_LETTERS, _APPLIED, _DEAD = "letters", "applied", "dead"
_ByOrigin = tuple[str, str]
_LetterByOrigin = tuple[str, StoredDeadLetter]


class RedriveOptions(PipelineOptions):
    """Which open dead letters are taken; by default all."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--codes", default="", help=tr("Only these codes, separated by commas."))
        parser.add_argument("--since", default="", help=tr("Only those received at this instant (UTC) or later."))
        parser.add_argument("--until", default="", help=tr("Only those received before this instant (UTC)."))
        parser.add_argument("--origin_prefix", default="", help=tr("Only those whose origin begins so."))


class Choice(NamedTuple):
    """Which open dead letters a redrive takes: instants in micros, 0 for none."""

    codes: tuple[str, ...] = ()
    since: int = 0
    until: int = 0
    origin_prefix: str = ""

    def takes(self, letter: DeadLetter) -> bool:
        """Whether an open dead letter is chosen."""
        return (
            (not self.codes or letter.code in self.codes)
            and letter.received_at >= self.since
            and (not self.until or letter.received_at < self.until)
            and letter.origin.startswith(self.origin_prefix)
        )


def choice_of(options: PipelineOptions) -> Choice:
    """The choice that the options make. Raises AcervoError for an unknown code, and for an instant that is none."""
    given = options.view_as(RedriveOptions)
    codes = tuple(code.strip() for code in given.codes.split(",") if code.strip())
    letter_codes.check(codes)
    return Choice(codes, _micros("--since", given.since), _micros("--until", given.until), given.origin_prefix)


def _micros(option: str, text: str) -> int:
    if not text:
        return 0
    try:
        return instants.micros_of_text(text)
    except ValueError:
        told = mark("{option} {text}: write a date or an instant, 2026-01-31 or 2026-01-31T12:00:00")
        raise LaunchError(say(told, option=option, text=text)) from None


def build(pipeline: beam.Pipeline, options: PipelineOptions, launch: Launch) -> Ingested:
    """Adds the whole job to the pipeline and gives what it makes."""
    truth = stores.truth_of(options)
    limits = Limits(max_entry_bytes=options.view_as(IngestOptions).max_input_bytes)
    chosen = (
        pipeline
        | "ReadDeadLetters" >> ReadDeadLetters(truth)
        | "Choose" >> beam.ParDo(_Choose(choice_of(options), launch.run))
        | "Begun" >> _as(launch, BEGUN)
        | "Begin" >> MarkDeadLetters(truth)
    )
    read = chosen | "Inputs" >> beam.ParDo(_Inputs(limits)).with_outputs(
        _Inputs.DEAD, _Inputs.SKIPPED, main=_Inputs.DOCUMENTS
    )
    config = stores.config_of(options, launch)
    inputs = Inputs(read[_Inputs.DOCUMENTS], read[_Inputs.DEAD])
    ingested: Ingested = inputs | "Ingest" >> IngestDocuments(config)
    outcomes = (_became(chosen, ingested, launch), read[_Inputs.SKIPPED] | "Skipped" >> _as(launch, FAILED))
    written: Written = (
        outcomes
        | "Outcomes" >> beam.Flatten()
        | "End" >> MarkDeadLetters(truth)
        | "RowsOfRedriven" >> beam.FlatMap(rows_of_redriven).with_output_types(TableRow)
        | "WriteRedriven" >> WriteRows(config.project, config.dataset)
    )
    _ = written.refused | "NoneRefused" >> beam.Map(fail_on)
    return ingested


def _became(
    chosen: beam.PCollection[StoredDeadLetter], ingested: Ingested, launch: Launch
) -> beam.PCollection[StoredDeadLetter]:
    """Every chosen dead letter with what became of it, once all of them went through."""
    found = {
        _LETTERS: chosen | "LettersByOrigin" >> beam.Map(_letter_by_origin).with_output_types(_LetterByOrigin),
        _APPLIED: ingested.applied | "AppliedByOrigin" >> beam.FlatMap(_applied_by_origin).with_output_types(_ByOrigin),
        _DEAD: ingested.dead_letters | "DeadByOrigin" >> beam.FlatMap(_dead_by_origin).with_output_types(_ByOrigin),
    }
    judge = beam.FlatMap(_judge, launch).with_output_types(StoredDeadLetter)
    return found | "WhatBecame" >> beam.CoGroupByKey() | "Judge" >> judge


@beam.typehints.with_input_types(StoredDeadLetter)
@beam.typehints.with_output_types(StoredDeadLetter)
class _Choose(beam.DoFn):
    def __init__(self, choice: Choice, run: str) -> None:
        self._choice = choice
        self._run = run
        names = ("chosen", "again", "other_run", "refused_rows")
        self._counters = {name: metrics.counter(f"redrive_{name}") for name in names}

    def process(self, stored: StoredDeadLetter) -> Iterator[StoredDeadLetter]:
        taken = stored.redrive if stored.redrive and stored.redrive.state != FAILED else None
        if stored.letter.code == ROW_REFUSED:
            self._counters["refused_rows"].inc()
        elif taken is not None:
            mine = taken.run == self._run
            self._counters["again" if mine else "other_run"].inc()
            if mine:
                yield stored
        elif self._choice.takes(stored.letter):
            self._counters["chosen"].inc()
            yield stored


@beam.typehints.with_input_types(StoredDeadLetter)
@beam.typehints.with_output_types(RawDocument, dead_letters=DeadLetter, skipped=StoredDeadLetter)
class _Inputs(beam.DoFn):
    DOCUMENTS, DEAD, SKIPPED = "documents", "dead_letters", "skipped"

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._skipped = metrics.counter("redrive_skipped")

    def process(self, stored: StoredDeadLetter) -> Iterator[Any]:
        try:
            for outcome in inputs_of(stored.letter, self._limits):
                yield TaggedOutput(self.DEAD, outcome) if isinstance(outcome, DeadLetter) else outcome
        except NotThereError:
            self._skipped.inc()
            yield TaggedOutput(self.SKIPPED, stored)


def _as(launch: Launch, state: str) -> beam.Map:
    return beam.Map(_taken, launch, state).with_output_types(StoredDeadLetter)


def _taken(stored: StoredDeadLetter, launch: Launch, state: str) -> StoredDeadLetter:
    """What is done stays done."""
    if stored.redrive is not None and stored.redrive.state == DONE:
        return stored
    return stored._replace(redrive=Redrive(launch.run, launch.job, instants.now(), state))


def _letter_by_origin(stored: StoredDeadLetter) -> tuple[str, StoredDeadLetter]:
    # The bytes need not travel.
    return stored.letter.origin, stored._replace(letter=stored.letter._replace(payload=b""))


def _applied_by_origin(applied: Applied) -> Iterator[_ByOrigin]:
    for origin in _within(applied.arrival.origin):
        yield origin, ""


def _dead_by_origin(letter: DeadLetter) -> Iterator[_ByOrigin]:
    for origin in _within(letter.origin):
        yield origin, letter.dead_letter_id


def _within(origin: str) -> Iterator[str]:
    """The origin, and all that it is an entry of."""
    while origin:
        yield origin
        origin = origin.rpartition("#")[0]


def _judge(element: tuple[str, dict[str, Iterable[Any]]], launch: Launch) -> Iterator[StoredDeadLetter]:
    _, found = element
    dead, applied = set(found[_DEAD]), any(True for _ in found[_APPLIED])
    for stored in found[_LETTERS]:
        # Bytes that were cut, read in full, and are dead all the same are another dead letter, which is open instead.
        again = stored.dead_letter_id in dead
        if again or applied or dead:
            yield _taken(stored, launch, FAILED if again else DONE)


def run(argv: Sequence[str] | None = None) -> Launched:
    """Launches the job; waits for its end unless it runs on Dataflow. Raises LaunchError before anything is read."""
    options = command_line.options_of(argv, RedriveOptions)
    choice_of(options)
    stores.check(options)
    ingest = options.view_as(IngestOptions)
    ingest.run = ingest.run or JOB
    launch = launch_of(options, JOB, [])
    pipeline = beam.Pipeline(options=options)
    build(pipeline, options, launch)
    return launching.launch(pipeline, launch)


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv)
