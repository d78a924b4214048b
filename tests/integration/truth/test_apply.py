"""The transforms, in pipelines, against the emulator."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing import test_pipeline
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from tests.dump import dump
from tests.unit.truth.samples import fresh_key, record
from transforms.model import DUPLICATE, NEW, RESUMED, Applied, Arrival, DeadLetter, Record
from transforms.truth import rows
from transforms.truth.config import TruthConfig
from transforms.truth.errors import TruthError
from transforms.truth.read import HistoryReader
from transforms.truth.transform import ApplyToTruth, StoreDeadLetters


def run_job(config: TruthConfig, found: Sequence[Record], run: str, job: str, expected: dict[str, int]) -> Any:
    """A job that applies these records and must count these outcomes; its metrics."""
    pipeline = test_pipeline.TestPipeline(runner="FnApiRunner")
    result = pipeline | beam.Create(found) | ApplyToTruth(config, run, job)
    counted = result.applied | beam.Map(lambda applied: applied.arrival.outcome) | beam.combiners.Count.PerElement()
    assert_that(counted, equal_to(list(expected.items())))
    finished = pipeline.run()
    finished.wait_until_finish()
    metrics = finished.metrics().query()
    return {metric.key.metric.name: metric.committed for kind in metrics.values() for metric in kind}


def test_new_then_resumed_then_duplicate(config: TruthConfig, reader: HistoryReader) -> None:
    many = [record(fresh_key()) for _ in range(30)]
    assert run_job(config, many, "backfill", "job-1", {NEW: 30})["records_new"] == 30
    before = list(dump(config))
    changes = {h.key: h.changes for h in reader.scan()}
    assert run_job(config, many, "backfill", "job-2", {RESUMED: 30})["records_resumed"] == 30
    assert run_job(config, many, "stream", "job-3", {DUPLICATE: 30})["records_duplicate"] == 30
    assert list(dump(config)) == before
    assert {h.key: h.changes for h in reader.scan()} == changes
    for history in reader.scan():
        assert Counter((a.run, a.job, a.outcome) for _, a in history.arrivals) == Counter(
            [("backfill", "job-1", NEW), ("backfill", "job-2", RESUMED), ("stream", "job-3", DUPLICATE)]
        )


def test_the_same_input_twice_in_one_job_is_new_once(config: TruthConfig) -> None:
    key = fresh_key()
    twice = [record(key, origin="a.zip#1.xml"), record(key, origin="a.zip#copy/1.xml")]
    run_job(config, twice, "run", "job", {NEW: 1, DUPLICATE: 1})


def test_what_is_handed_on_is_what_was_stored(config: TruthConfig, reader: HistoryReader) -> None:
    stored = record(fresh_key(), protocol_status=100)
    pipeline = test_pipeline.TestPipeline(runner="FnApiRunner")
    result = pipeline | beam.Create([stored]) | ApplyToTruth(config, "run", "job")
    seen = result.applied | beam.Map(lambda a: Applied(a.entry, a.arrival._replace(applied_at=0), None))
    arrival = Arrival("run", stored.raw.origin, "job", stored.raw.received_at, 0, NEW)
    assert_that(seen, equal_to([Applied(stored.entry, arrival, None)]))
    pipeline.run().wait_until_finish()
    history = reader.history(stored.entry.key)
    assert history and history.state["status"] == "authorised"
    assert history.records[0].applied().change == history.changes[0]


def test_each_result_keeps_the_timestamp_and_window_of_its_record(config: TruthConfig) -> None:
    # More than one hand-over, so that some come out while others are processed and some at the bundle's end.
    many = [record(fresh_key()) for _ in range(50)]
    at = {stored.entry.key: 60 * number for number, stored in enumerate(many)}

    def where(
        applied: Applied, timestamp: Any = beam.DoFn.TimestampParam, window: Any = beam.DoFn.WindowParam
    ) -> tuple[str, Timestamp, Timestamp]:
        return applied.entry.key, timestamp, window.start

    pipeline = test_pipeline.TestPipeline(runner="FnApiRunner")
    result = (
        pipeline
        | beam.Create(many)
        | beam.Map(lambda stored, at: TimestampedValue(stored, at[stored.entry.key]), at)
        | beam.WindowInto(FixedWindows(30))
        | ApplyToTruth(config, "run", "job")
    )
    assert_that(
        result.applied | beam.Map(where),
        equal_to([(key, Timestamp(seconds), Timestamp(seconds)) for key, seconds in at.items()]),
    )
    pipeline.run().wait_until_finish()


def test_what_does_not_fit_is_a_dead_letter_and_the_rest_goes_on(
    config: TruthConfig, reader: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MAX_CELL_BYTES", 2_000)
    noise = random.Random(1).randbytes(4_000).hex()
    large, small = record(fresh_key(), noise, origin="large.xml"), record(fresh_key())
    pipeline = test_pipeline.TestPipeline(runner="FnApiRunner")
    result = pipeline | beam.Create([large, small]) | ApplyToTruth(config, "run", "job")
    dead = result.dead_letters | beam.Map(lambda d: (d.code, d.origin, d.payload))
    assert_that(dead, equal_to([("cell_too_large", "large.xml", large.raw.payload)]), label="dead")
    assert_that(result.applied | beam.Map(lambda a: a.entry.key), equal_to([small.entry.key]), label="applied")
    pipeline.run().wait_until_finish()
    assert reader.history(large.entry.key) is None


def test_a_bundle_that_cannot_be_written_fails_the_job(config: TruthConfig) -> None:
    missing = TruthConfig(config.project, config.instance, "nowhere")
    with pytest.raises(TruthError, match="acervo tables"):
        run_job(missing, [record(fresh_key())], "run", "job", {})


def test_dead_letters_are_stored_with_their_bytes_before_they_are_handed_on(
    config: TruthConfig, reader: HistoryReader
) -> None:
    letters = [
        DeadLetter("not_xml", "line 1: no element", "parse", "a.txt", b"no xml", 5, 6),
        DeadLetter("empty", "nothing in it", "ingest", "b.xml", b"", 6, 0),
        DeadLetter("too_large", "more than 10 MB", "ingest", "c.zip#\udce7.xml", bytes(9_000_000), 7, 10**9, True),
    ]
    for job in ("job-1", "job-2"):
        pipeline = test_pipeline.TestPipeline(runner="FnApiRunner")
        stored = pipeline | beam.Create(letters) | StoreDeadLetters(config, "run", job)
        assert_that(stored, equal_to(letters))
        pipeline.run().wait_until_finish()
    found = {each.dead_letter_id: each for each in reader.dead_letters()}
    assert set(found) == {letter.dead_letter_id for letter in letters}
    for letter in letters[:2]:
        assert found[letter.dead_letter_id].letter == letter
    truncated = reader.dead_letter(letters[2].dead_letter_id)
    assert truncated and truncated.letter.payload == letters[2].payload
    assert (truncated.letter.size, truncated.letter.truncated, truncated.letter.origin) == (
        10**9,
        True,
        "c.zip#\\udce7.xml",
    )
    assert [(a.run, a.job) for a in truncated.arrivals] == [("run", "job-2")], "the same arrival, met again"
