"""A runner that splits a range while it is read: Prism does, when a worker makes no headway."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.worker.sdk_worker import SdkWorker

from local.stack import find
from tests.integration.postgres.database import Database
from tests.integration.postgres.reading import Note, noted, once, read
from transforms.model import RawDocument

ROWS = 4000
SPLIT = threading.Event()


class Stall(beam.DoFn):
    """Stands still in mid-read until the runner has split what is read, and some more later."""

    def __init__(self) -> None:
        self.count = 0

    def process(self, document: RawDocument) -> list[RawDocument]:
        self.count += 1
        if self.count == 100:
            assert SPLIT.wait(200), "the runner splits nothing"
        if self.count in (1000, 1500):
            time.sleep(2)
        return [document]


@pytest.fixture(autouse=True)
def asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prism asks for a split when two reports say the same, which a slow start is enough for.

    Told that there is nothing to split yet, it would not ask again, and read all of it in one bundle. So it is told to
    split behind the end instead, which it takes for nothing to split by now.
    """
    split = SdkWorker.process_bundle_split

    def answer(worker: SdkWorker, request: Any, instruction_id: str) -> Any:
        response = split(worker, request, instruction_id)
        splits = response.process_bundle_split.channel_splits
        if splits:
            SPLIT.set()
        elif not response.error:
            for transform, wanted in request.desired_splits.items():
                end = wanted.estimated_input_elements
                splits.add(transform_id=transform, last_primary_element=end, first_residual_element=end + 1)
        return response

    SPLIT.clear()
    monkeypatch.setattr(SdkWorker, "process_bundle_split", answer)


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
        documents = read(pipeline, database.source(split_by=split_by, range_bytes=size)).documents
        documents | beam.ParDo(Stall()) | beam.ParDo(Note(str(tmp_path)))
    assert noted(tmp_path) == once(ROWS)
    assert len(list(tmp_path.iterdir())) > 1, "one bundle read it all"
