"""A bundle that fails after its commit, as when a worker crashes, is run again by the runner: counts stay exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_stream import TestStream
from apache_beam.transforms.window import TimestampedValue

from pipelines import launching, stream
from pipelines.ingest import IngestDocuments, Inputs
from pipelines.options import launch_of
from tests.integration.jobs.stores import Stores
from tests.integration.jobs.test_backfill import NewStores, payloads_of
from transforms.model import DUPLICATE, DeadLetter, RawDocument
from transforms.truth.transform import WriterDoFn


class CrashesAfterCommit:
    """Every other bundle of records is lost once, after Bigtable has all of it and before the runner hears of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.crashes = 0
        self._bundles = 0
        original = WriterDoFn.finish_bundle

        def finish_bundle(do_fn: WriterDoFn) -> Iterator[Any]:
            results = list(original(do_fn))
            self._bundles += 1
            if results and self._bundles % 2:
                self.crashes += 1
                raise RuntimeError("the worker crashes here")
            yield from results

        monkeypatch.setattr(WriterDoFn, "finish_bundle", finish_bundle)


def run_stream(stores: Stores, payloads: list[bytes]) -> None:
    """The composite with the windows of a stream, a few documents at a time, on the runner that retries bundles."""
    options = launching.options_of(
        [*stores.arguments("-")[2:-2], "--streaming", "--run=stream", "--count_window_seconds=60"], stream.StreamOptions
    )
    launch = launch_of(options, "stream", [])
    events = TestStream().advance_watermark_to(0)
    for begin in range(0, len(payloads), 40):
        numbered = enumerate(payloads[begin : begin + 40], begin)
        events = events.add_elements([TimestampedValue(RawDocument(p, f"m/{n}", n), n) for n, p in numbered])
        events = events.advance_processing_time(6)
    events = events.advance_watermark_to(100_000).advance_watermark_to_infinity()
    with beam.Pipeline(runner="BundleBasedDirectRunner", options=options) as pipeline:
        documents = pipeline | events | beam.Map(lambda one: one).with_output_types(RawDocument)
        dead = documents | beam.Filter(lambda one: False) | beam.Map(lambda one: one).with_output_types(DeadLetter)
        config = launching.config_of(options, launch, partials=launch.job)
        _ = Inputs(documents, dead) | IngestDocuments(config, stream.count_windows(options))


@pytest.mark.slow
def test_crashes_after_the_commit_lose_nothing_and_double_nothing_counts_included(
    new_stores: NewStores, few_documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payloads = payloads_of(few_documents)
    clean, crashed = new_stores(), new_stores()
    clean.backfill(few_documents)
    faults = CrashesAfterCommit(monkeypatch)
    run_stream(crashed, payloads)
    assert faults.crashes >= 3
    assert crashed.content() == clean.content()
    assert crashed.views() == clean.views()
    outcomes = {row["outcome"] for row in crashed.query("SELECT DISTINCT outcome FROM unique_arrivals")}
    assert DUPLICATE in outcomes, "the generator repeats itself"
