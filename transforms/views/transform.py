"""``KeepRefused``: rows that BigQuery refused in, their dead letters out, stored and served."""

from __future__ import annotations

from typing import NamedTuple

import apache_beam as beam

from transforms.model import DeadLetter
from transforms.truth.config import TruthConfig
from transforms.truth.transform import StoreDeadLetters
from transforms.views.refused import Refusal, dead_letter_of, fail_on
from transforms.views.write import WriteRows, Written


class Kept(NamedTuple):
    """The dead letters, once they are stored and their rows written, and what ``WriteRows`` returned for these rows."""

    dead_letters: beam.PCollection[DeadLetter]
    written: beam.PCollection[tuple[str, int]]


class KeepRefused(beam.PTransform):
    """PCollection[Refusal] -> ``Kept``. ``rows``: from a dead letter to its rows, written to ``project.dataset``."""

    def __init__(
        self, truth: TruthConfig, run: str, job: str, project: str, dataset: str, rows: beam.PTransform
    ) -> None:
        super().__init__()
        self._truth = truth
        self._run = run
        self._job = job
        self._project = project
        self._dataset = dataset
        self._rows = rows

    def expand(self, refusals: beam.PCollection[Refusal]) -> Kept:
        letters = (
            refusals
            | "DeadLettersOfRefused" >> beam.Map(dead_letter_of).with_output_types(DeadLetter)
            | "StoreRefused" >> StoreDeadLetters(self._truth, self._run, self._job)
        )
        rows = letters | "RowsOfRefused" >> self._rows
        told: Written = rows | "WriteRefused" >> WriteRows(self._project, self._dataset)
        _ = told.refused | "NothingLeft" >> beam.Map(fail_on)
        return Kept(letters, told.written)
