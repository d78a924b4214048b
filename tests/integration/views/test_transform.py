"""``KeepRefused``: a row that BigQuery refuses is a dead letter with the row's bytes, stored and served."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import orjson
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from local.stack import PROJECT_ID
from tests import views_world as world
from tests.integration.views.dataset import Dataset
from transforms.model import DeadLetter
from transforms.truth import admin
from transforms.truth.config import TruthConfig
from transforms.truth.read import HistoryReader
from transforms.views import schema
from transforms.views.refused import ROW_REFUSED, Refusal
from transforms.views.rows import TableRow, rows_of_dead_letter
from transforms.views.transform import KeepRefused

ROW = {"record_id": "r", "origin": "notes.zip#1.xml", "received_at": world.RECEIVED_AT, "total": "1" * 40}
REFUSAL: Refusal = (schema.DOCUMENTS, ROW, "column total cannot hold it")


@beam.typehints.with_input_types(DeadLetter)
@beam.typehints.with_output_types(TableRow)
class Rows(beam.DoFn):
    """Rows of a dead letter; ``named``: what they call it, where that is not what it is called."""

    def __init__(self, named: Any = None) -> None:
        self._named = named

    def process(self, letter: DeadLetter) -> Iterator[TableRow]:
        for table, row in rows_of_dead_letter(letter, "run", "job", world.RECEIVED_AT):
            yield table, row if self._named is None else {**row, "payload_size": self._named}


@pytest.fixture(scope="module")
def truth(dataset: Dataset) -> TruthConfig:
    """Tables of these tests alone."""
    config = TruthConfig(PROJECT_ID, "refused", f"refused-{os.getpid()}")
    admin.create_tables(config)
    return config


def keep(truth: TruthConfig, dataset: Dataset, refusals: list[Refusal], rows: Rows) -> None:
    with TestPipeline(runner="FnApiRunner") as pipeline:
        keep_refused = KeepRefused(truth, "run", "job", PROJECT_ID, dataset.name, beam.ParDo(rows))
        kept = pipeline | beam.Create(refusals) | "KeepRefused" >> keep_refused
        assert_that(kept.dead_letters | beam.Map(lambda letter: letter.code), equal_to([ROW_REFUSED] * len(refusals)))


def test_a_refused_row_is_stored_with_its_bytes_and_told_of_by_a_row(truth: TruthConfig, dataset: Dataset) -> None:
    keep(truth, dataset, [REFUSAL], Rows())
    reader = HistoryReader(truth)
    (stored,) = reader.dead_letters()
    reader.close()
    assert orjson.loads(stored.letter.payload) == ROW
    assert (stored.letter.code, stored.letter.origin) == (ROW_REFUSED, "notes.zip#1.xml#row:documents")
    (told,) = dataset.emulated("SELECT dead_letter_id, code, origin, message FROM dead_letters")
    assert told == {
        "dead_letter_id": stored.dead_letter_id,
        "code": ROW_REFUSED,
        "origin": "notes.zip#1.xml#row:documents",
        "message": "table documents cannot hold this row: column total cannot hold it",
    }


def test_when_its_row_is_refused_too_the_job_fails_and_the_dead_letter_is_in_bigtable(
    truth: TruthConfig, dataset: Dataset
) -> None:
    other: Refusal = (schema.EVENTS, {**ROW, "record_id": "other"}, "column total cannot hold it")
    with pytest.raises(RuntimeError, match="dead letter [0-9a-f]+ .*column payload_size with 'no number'"):
        keep(truth, dataset, [other], Rows(named="no number"))
    reader = HistoryReader(truth)
    assert "other" in {orjson.loads(stored.letter.payload)["record_id"] for stored in reader.dead_letters()}
    reader.close()
