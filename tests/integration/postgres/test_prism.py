"""A runner that splits a range while it is read: Prism does, when a worker makes no headway."""

from __future__ import annotations

import time
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from local.stack import find
from tests.integration.postgres.database import Database
from tests.integration.postgres.test_pipeline import Note, noted, once, read
from transforms.ingest.postgres.transform import ReadFromPostgres
from transforms.model import RawDocument

ROWS = 4000


class Stall(beam.DoFn):
    """Stands still now and then."""

    def __init__(self) -> None:
        self.count = 0

    def process(self, document: RawDocument) -> list[RawDocument]:
        self.count += 1
        if self.count in (500, 1000, 1500):
            time.sleep(2)
        return [document]


@pytest.mark.parametrize("split_by", ["ctid", "id"])
def test_ranges_split_by_the_runner_in_mid_read_give_every_row_once(
    database: Database, tmp_path: Path, split_by: str
) -> None:
    prism = find.prism()
    if prism is None:
        pytest.skip("Prism is not on this machine: make prism")
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text)")
    database.fill("docs", ROWS, 1500)
    database.execute("VACUUM ANALYZE docs")
    size = 8 << 20 if split_by == "ctid" else 512 << 10
    options = PipelineOptions(["--runner=PrismRunner", f"--prism_location={prism}", "--environment_type=LOOPBACK"])
    with beam.Pipeline(options=options) as pipeline:
        documents = read(pipeline, database.source(split_by=split_by, range_bytes=size))[ReadFromPostgres.DOCUMENTS]
        documents | beam.ParDo(Stall()) | beam.ParDo(Note(str(tmp_path)))
    assert noted(tmp_path) == once(ROWS)
    assert len(list(tmp_path.iterdir())) > 1, "one bundle read it all"
