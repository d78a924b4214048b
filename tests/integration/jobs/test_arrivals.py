"""Arrivals as a stream sees them: late, out of order, repeated, and in bundles that crash after their commit.

They end as one clean backfill, counts included.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_stream import TestStream
from apache_beam.transforms.window import TimestampedValue

from local.stack.discover import LOCAL_PROJECT
from pipelines import command_line, stream
from pipelines.ingest import IngestDocuments
from pipelines.launch import launch_of
from pipelines.stores import config_of
from tests.integration.jobs.stores import NewStores, Stores, payloads_of
from transforms.counting import sweep
from transforms.ingest.inputs import Inputs
from transforms.model import DUPLICATE, DeadLetter, RawDocument
from transforms.truth.transform import WriterDoFn
from transforms.views import connect
from transforms.views.sink import Destination


class CrashesAfterCommit:
    """Every bundle of records is lost once, after Bigtable has all of it and before the runner hears of it.

    Once, because a bundle that is lost four times ends the job. Its thread tries it again before it does anything else.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.crashes = 0
        thread = threading.local()
        original = WriterDoFn.finish_bundle

        def finish_bundle(do_fn: WriterDoFn) -> Iterator[Any]:
            results = list(original(do_fn))
            thread.lost = bool(results) and not getattr(thread, "lost", False)
            if thread.lost:
                self.crashes += 1
                raise RuntimeError("the worker crashes here")
            yield from results

        monkeypatch.setattr(WriterDoFn, "finish_bundle", finish_bundle)


def run_stream(stores: Stores, events: TestStream) -> None:
    """The composite as a stream has it, on the runner that retries bundles; then the log is swept."""
    options = command_line.options_of(
        [*stores.arguments("-")[2:-2], "--streaming", "--run=stream"], stream.StreamOptions
    )
    launch = launch_of(options, "stream", [])
    with beam.Pipeline(runner="BundleBasedDirectRunner", options=options) as pipeline:
        documents = pipeline | events | beam.Map(lambda one: one).with_output_types(RawDocument)
        dead = documents | beam.Filter(lambda one: False) | beam.Map(lambda one: one).with_output_types(DeadLetter)
        _ = Inputs(documents, dead) | IngestDocuments(config_of(options, launch, live=True))
    destination = Destination(LOCAL_PROJECT, stores.name, connect.storage_endpoint(), 30)
    assert sweep.drain(stores.truth, destination)["refused"] == []
    assert sweep.drain(stores.truth, destination)["slots"] == 0, "what is added up is not marked any more"


def in_order(payloads: list[bytes]) -> TestStream:
    """A few at a time."""
    events = TestStream().advance_watermark_to(0)
    for begin in range(0, len(payloads), 40):
        numbered = enumerate(payloads[begin : begin + 40], begin)
        events = events.add_elements([TimestampedValue(RawDocument(p, f"m/{n}", n), n) for n, p in numbered])
        events = events.advance_processing_time(6)
    return events.advance_watermark_to(100_000).advance_watermark_to_infinity()


def in_disorder(payloads: list[bytes]) -> TestStream:
    """Each up to three times, in any order, early and late, as the watermark jumps."""
    chance = random.Random(17)
    messages = [payload for payload in payloads for _ in range(chance.randint(1, 3))]
    chance.shuffle(messages)
    events = TestStream().advance_watermark_to(0)
    for begin in range(0, len(messages), 60):
        arrived = [
            TimestampedValue(RawDocument(payload, f"m/{number}", number), chance.randint(0, 600))
            for number, payload in enumerate(messages[begin : begin + 60], begin)
        ]
        events = events.add_elements(arrived).advance_processing_time(chance.choice((1, 6)))
        if begin % 180 == 60:
            events = events.advance_watermark_to(begin)
    return events.advance_watermark_to(100_000).advance_watermark_to_infinity()


@pytest.mark.slow
def test_crashes_after_the_commit_lose_nothing_and_double_nothing_counts_included(
    new_stores: NewStores, few_documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean, crashed = new_stores(), new_stores()
    clean.backfill(few_documents)
    faults = CrashesAfterCommit(monkeypatch)
    run_stream(crashed, in_order(payloads_of(few_documents)))
    assert faults.crashes >= 3
    assert crashed.content() == clean.content()
    assert crashed.views() == clean.views()
    outcomes = {row["outcome"] for row in crashed.query("SELECT DISTINCT outcome FROM unique_arrivals")}
    assert DUPLICATE in outcomes, "the generator repeats itself"


@pytest.mark.slow
def test_late_repeated_arrivals_out_of_order_end_as_one_clean_backfill(
    new_stores: NewStores, few_documents: Path
) -> None:
    clean, wild = new_stores(), new_stores()
    clean.backfill(few_documents)
    run_stream(wild, in_disorder(payloads_of(few_documents)))
    assert wild.content() == clean.content()
    assert wild.views() == clean.views()
