"""``IngestDocuments``: everything between raw documents and the stores, the same for every job.

    inputs -> Parse -> ApplyToTruth -> rows -> WriteRows
                 \\            \\-> changes -> CountChanges -> StoreCounts -> rows, or LogChanges
                  \\-> dead letters -> StoreDeadLetters -> rows

A job chooses its source and how it counts; nothing here asks which job it is in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam

from pipelines.launch import Launch
from transforms import instants, metrics
from transforms.counting.live import LogChanges
from transforms.counting.store import StoreCounts
from transforms.counting.transform import CountChanges
from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import STAGE as INGEST_STAGE
from transforms.model import Applied, Change, DeadLetter
from transforms.parse.parser import ParseOptions
from transforms.parse.transform import Parsed, ParseDocuments
from transforms.parse.ways import SAX
from transforms.truth.config import TruthConfig
from transforms.truth.transform import ApplyToTruth, Committed, StoreDeadLetters
from transforms.views.refused import Refusal
from transforms.views.rows import TableRow, row_of_count, rows_of, rows_of_dead_letter
from transforms.views.transform import KeepRefused, Kept
from transforms.views.write import WriteRows, Written


@dataclass(frozen=True)
class IngestConfig:
    """The composite's configuration.

    ``live``: changes are counted by way of the change log, which ``SweepLog`` adds up. Otherwise the job is bounded,
    and counts what its run changed once it has seen all of it.
    """

    launch: Launch
    truth: TruthConfig
    project: str
    dataset: str
    max_input_bytes: int
    live: bool = False
    strict: bool = False
    fallback_encoding: str | None = None
    parser: str = SAX


class Ingested(NamedTuple):
    """What became of the inputs, each emitted only after its commit to the source of truth.

    ``logged``: nothing, from the step that writes the change log; of a live job only.
    """

    applied: beam.PCollection[Applied]
    changes: beam.PCollection[Change]
    dead_letters: beam.PCollection[DeadLetter]
    logged: beam.PCollection[None] | None


class IngestDocuments(beam.PTransform):
    """``Inputs`` -> ``Ingested``; everything is in Bigtable first and in BigQuery after."""

    def __init__(self, config: IngestConfig) -> None:
        super().__init__()
        self._config = config

    def expand(self, inputs: Inputs) -> Ingested:
        config, launch = self._config, self._config.launch
        parsed: Parsed = inputs.documents | "ParseDocuments" >> ParseDocuments(
            ParseOptions(
                max_bytes=config.max_input_bytes,
                strict=config.strict,
                fallback_encoding=config.fallback_encoding,
                way=config.parser,
            )
        )
        apply = ApplyToTruth(config.truth, launch.run, launch.job, config.live)
        committed: Committed = parsed.records | "ApplyToTruth" >> apply
        changes = committed.applied | "Changes" >> beam.FlatMap(_changes).with_output_types(Change)
        dead = (
            (inputs.dead_letters, parsed.dead_letters, committed.dead_letters)
            | "AllDeadLetters" >> beam.Flatten()
            | "StoreDeadLetters" >> StoreDeadLetters(config.truth, launch.run, launch.job)
        )
        logged = changes | "LogChanges" >> LogChanges(config.truth) if config.live else None
        refusals = [*self._serve(committed.applied, dead), *self._count(changes)]
        kept: Kept = refusals | "AllRefused" >> beam.Flatten() | "KeepRefused" >> keep_refused(config)
        all_dead = (dead, kept.dead_letters) | "DeadLetters" >> beam.Flatten()
        return Ingested(committed.applied, changes, all_dead, logged)

    def _count(self, changes: beam.PCollection[Change]) -> list[beam.PCollection[Refusal]]:
        """Counts changes by run, unless the log counts them; gives the rows of sums that BigQuery refused."""
        config, launch = self._config, self._config.launch
        if config.live:
            return []
        rows = (
            changes
            | "OfRuns" >> beam.Filter(_is_of_run).with_output_types(Change)
            | "CountChanges" >> CountChanges(launch.run, launch.started_at)
            | "StoreCounts" >> StoreCounts(config.truth)
            | "RowsOfCounts" >> beam.Map(row_of_count).with_output_types(TableRow)
        )
        return [self._write("Counts", rows)]

    def _serve(
        self, records: beam.PCollection[Applied], dead: beam.PCollection[DeadLetter]
    ) -> list[beam.PCollection[Refusal]]:
        """Writes the rows of everything but counts; gives those that BigQuery refused."""
        letters = beam.ParDo(_DeadLetterRows(self._config.launch))
        # Not flattened: each stays fused with what makes it, and its rows travel in larger batches.
        return [
            self._write("Records", records | "RowsOfRecords" >> beam.FlatMap(rows_of).with_output_types(TableRow)),
            self._write("DeadLetters", dead | "RowsOfDeadLetters" >> letters),
        ]

    def _write(self, name: str, rows: beam.PCollection[TableRow]) -> beam.PCollection[Refusal]:
        written: Written = rows | f"Write{name}" >> WriteRows(self._config.project, self._config.dataset, in_time=True)
        return written.refused


def keep_refused(config: IngestConfig) -> KeepRefused:
    """For rows of a job that BigQuery refuses; their dead letters are counted as all others are."""
    launch = config.launch
    rows = beam.ParDo(_DeadLetterRows(launch))
    return KeepRefused(config.truth, launch.run, launch.job, config.project, config.dataset, rows)


def _is_of_run(change: Change) -> bool:
    return not change.logged


def _changes(applied: Applied) -> Iterator[Change]:
    if applied.change is not None:
        yield applied.change


@beam.typehints.with_input_types(DeadLetter)
@beam.typehints.with_output_types(TableRow)
class _DeadLetterRows(beam.DoFn):
    """Rows of a dead letter, and its counters: in all, and by code."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._dead_letters = metrics.counter("dead_letters")
        # Parsing counts what it is given; an input that was dead before it is counted here.
        self._inputs = metrics.counter("inputs")
        self._by_code: dict[str, Any] = {}

    def process(self, letter: DeadLetter) -> Iterator[TableRow]:
        if letter.code not in self._by_code:
            self._by_code[letter.code] = metrics.counter("dead_letter_<code>", letter.code)
        self._by_code[letter.code].inc()
        self._dead_letters.inc()
        if letter.stage == INGEST_STAGE:
            self._inputs.inc()
        yield from rows_of_dead_letter(letter, self._launch.run, self._launch.job, instants.now())
