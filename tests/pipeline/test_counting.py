"""Counts of a stream: windows on arrival, panes, late arrivals; and that both modes share one composite."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pipeline import AppliedPTransform, PipelineVisitor
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.test_stream import TestStream
from apache_beam.testing.util import assert_that
from apache_beam.transforms.window import TimestampedValue

from local.stack.find import prism as find_prism
from pipelines import backfill, stream
from pipelines.ingest import IngestDocuments
from pipelines.options import Launch
from transforms.counting.contributions import UF
from transforms.counting.transform import CountChanges
from transforms.model import Change

LAUNCH = Launch("run", "job/1", 1_000_000)


def change(number: int, before: str | None = None, after: str = "authorised", total: str = "10.10") -> Change:
    dimensions = {"status": after, "uf": "SP", "model": "55", "issuer_id": "1", "total": total}
    earlier = {**dimensions, "status": before} if before else None
    return Change(f"key{number}", 1, "r", "run", "o", "job", 0, 0, None, {}, earlier, dimensions)


def counted(events: TestStream, check: Any) -> None:
    options = PipelineOptions(["--count_window_seconds=60", "--count_early_seconds=5", "--streaming"])
    with TestPipeline(runner="BundleBasedDirectRunner", options=options) as pipeline:
        partials = (
            pipeline
            | events
            | "CountWindows" >> stream.count_windows(options)
            | "CountChanges" >> CountChanges(LAUNCH.job, LAUNCH.started_at)
            | "OfStates" >> beam.Filter(lambda partial: partial["dimension"] == UF)
        )
        assert_that(partials, check)


def sums(partials: Iterable[dict[str, Any]]) -> dict[str, tuple[int, Decimal]]:
    found: dict[str, tuple[int, Decimal]] = {}
    for partial in partials:
        documents, total = found.get(partial["status"], (0, Decimal(0)))
        found[partial["status"]] = (documents + partial["documents"], total + Decimal(partial["total"]))
    return found


def at(seconds: int, *changes: Change) -> list[TimestampedValue]:
    return [TimestampedValue(each, seconds) for each in changes]


def names_differ(partials: list[dict[str, Any]]) -> None:
    names = [(partial["partial"], partial["status"]) for partial in partials]
    assert len(set(names)) == len(names), names


def test_early_firings_of_one_window_are_partials_of_their_own_that_add_up() -> None:
    def check(partials: list[dict[str, Any]]) -> None:
        names_differ(partials)
        assert sums(partials) == {"authorised": (3, Decimal("30.30"))}
        assert len(partials) == 2, partials

    events = (
        TestStream()
        .advance_watermark_to(0)
        .add_elements(at(10, change(1), change(2)))
        .advance_processing_time(6)
        .add_elements(at(20, change(3)))
        .advance_watermark_to(120)
        .advance_watermark_to_infinity()
    )
    counted(events, check)


def test_late_arrival_is_counted_in_its_window_under_a_name_of_its_own() -> None:
    def check(partials: list[dict[str, Any]]) -> None:
        names_differ(partials)
        assert sums(partials) == {"authorised": (2, Decimal("20.20"))}
        assert len({partial["partial"].split("/")[2] for partial in partials}) == 1, "one window"

    events = (
        TestStream()
        .advance_watermark_to(0)
        .add_elements(at(10, change(1)))
        .advance_watermark_to(3600)
        .add_elements(at(11, change(2)))
        .advance_watermark_to_infinity()
    )
    counted(events, check)


def test_watermark_that_jumps_past_several_windows_closes_each() -> None:
    def check(partials: list[dict[str, Any]]) -> None:
        names_differ(partials)
        assert sums(partials) == {"authorised": (3, Decimal("30.30"))}
        assert len({partial["partial"].split("/")[2] for partial in partials}) == 3

    events = (
        TestStream()
        .advance_watermark_to(0)
        .add_elements(at(10, change(1)) + at(70, change(2)) + at(130, change(3)))
        .advance_watermark_to(7200)
        .advance_watermark_to_infinity()
    )
    counted(events, check)


def test_cancellation_in_a_later_window_takes_back_what_the_earlier_one_counted() -> None:
    def check(partials: list[dict[str, Any]]) -> None:
        assert sums(partials) == {"authorised": (0, Decimal("0.00")), "cancelled": (1, Decimal("10.10"))}

    events = (
        TestStream()
        .advance_watermark_to(0)
        .add_elements(at(10, change(1)))
        .advance_watermark_to(100)
        .add_elements(at(110, change(1, "authorised", "cancelled")))
        .advance_watermark_to(300)
        .advance_watermark_to_infinity()
    )
    counted(events, check)


def test_arrivals_out_of_order_within_and_across_windows_add_up() -> None:
    def check(partials: list[dict[str, Any]]) -> None:
        names_differ(partials)
        assert sums(partials) == {"authorised": (4, Decimal("40.40"))}
        by_window = {partial["partial"].split("/")[2]: partial["documents"] for partial in partials}
        assert sorted(by_window.values()) == [1, 3]

    events = (
        TestStream()
        .advance_watermark_to(0)
        .add_elements(at(130, change(4)))
        .add_elements(at(50, change(2)) + at(5, change(1)))
        .add_elements(at(20, change(3)))
        .advance_watermark_to(600)
        .advance_watermark_to_infinity()
    )
    counted(events, check)


def test_panes_of_one_window_early_on_time_and_late_have_names_of_their_own() -> None:
    def check(partials: list[dict[str, Any]]) -> None:
        panes = {partial["partial"].rsplit("/", 1)[1]: partial["documents"] for partial in partials}
        assert panes == {"0": 1, "1": 2, "2": 1}
        assert sums(partials) == {"authorised": (4, Decimal("40.40"))}

    events = (
        TestStream()
        .advance_watermark_to(0)
        .add_elements(at(1, change(1)))
        .advance_processing_time(6)
        .add_elements(at(2, change(2), change(3)))
        .advance_watermark_to(70)
        .add_elements(at(3, change(4)))
        .advance_watermark_to(600)
        .advance_watermark_to_infinity()
    )
    counted(events, check)


def test_a_watermark_that_stands_still_does_not_hold_back_early_counts() -> None:
    """As on a subscription with one old message that is not acknowledged."""

    def check(partials: list[dict[str, Any]]) -> None:
        assert sums(partials) == {"authorised": (2, Decimal("20.20"))}
        assert [partial["documents"] for partial in partials] == [1, 1]

    events = (
        TestStream()
        .advance_watermark_to(0)
        .add_elements(at(10_000, change(1)))
        .advance_processing_time(6)
        .add_elements(at(10_001, change(2)))
        .advance_processing_time(6)
        .advance_watermark_to(20_000)
        .advance_watermark_to_infinity()
    )
    counted(events, check)


def test_a_document_issued_long_ago_is_not_late_and_counts_on_its_own_day() -> None:
    def check(partials: list[dict[str, Any]]) -> None:
        assert [(partial["day"], partial["documents"]) for partial in partials] == [("2019-03-04", 1)]

    old = change(1)
    old.dimensions_after.update(day="2019-03-04", month="2019-03-01")
    now = 1_774_000_000
    events = (
        TestStream()
        .advance_watermark_to(now)
        .add_elements(at(now + 1, old))
        .advance_watermark_to(now + 600)
        .advance_watermark_to_infinity()
    )
    counted(events, check)


def test_what_comes_later_than_the_lateness_allowed_is_in_no_live_count() -> None:
    """Reconcile finds it, rebuild counts it."""

    def check(partials: list[dict[str, Any]]) -> None:
        assert sums(partials) == {"authorised": (1, Decimal("10.10"))}

    week = 168 * 3600
    events = (
        TestStream()
        .advance_watermark_to(0)
        .add_elements(at(10, change(1)))
        .advance_watermark_to(week + 120)
        .add_elements(at(11, change(2)))
        .advance_watermark_to(week + 600)
        .advance_watermark_to_infinity()
    )
    counted(events, check)


def test_a_drain_counts_what_is_in_open_windows() -> None:
    """To a window it is the end of all input, as it is here."""
    prism = find_prism()
    if prism is None:
        pytest.skip("Prism is not there: make prism")

    def check(partials: list[dict[str, Any]]) -> None:
        names_differ(partials)
        assert sums(partials) == {"authorised": (3, Decimal("30.30"))}
        assert len({partial["partial"].split("/")[2] for partial in partials}) == 2

    counting = ["--count_window_seconds=3600", "--count_early_seconds=600"]
    options = PipelineOptions([*counting, f"--prism_location={prism}", "--prism_log_level=error"])
    with TestPipeline(runner="PrismRunner", options=options) as pipeline:
        partials = (
            pipeline
            | beam.Create(at(10, change(1), change(2)) + at(4_000, change(3)))
            | beam.Map(lambda timed: timed).with_output_types(Change)
            | "CountWindows" >> stream.count_windows(options)
            | "CountChanges" >> CountChanges(LAUNCH.job, LAUNCH.started_at)
            | "OfStates" >> beam.Filter(lambda partial: partial["dimension"] == UF)
        )
        assert_that(partials, check)


def test_a_change_that_a_runner_hands_on_twice_counts_twice() -> None:
    """Why the job wants exactly-once mode: sums of windows cannot tell a repeated element from another."""

    def check(partials: list[dict[str, Any]]) -> None:
        assert sums(partials) == {"authorised": (2, Decimal("20.20"))}

    events = (
        TestStream()
        .advance_watermark_to(0)
        .add_elements(at(10, change(1), change(1)))
        .advance_watermark_to(600)
        .advance_watermark_to_infinity()
    )
    counted(events, check)


class _Composites(PipelineVisitor):
    def __init__(self) -> None:
        self.found: list[IngestDocuments] = []
        self.labels: list[str] = []

    def enter_composite_transform(self, transform_node: AppliedPTransform) -> None:
        if isinstance(transform_node.transform, IngestDocuments):
            self.found.append(transform_node.transform)
        if transform_node.full_label.startswith("Ingest/"):
            self.labels.append(transform_node.full_label)

    def visit_transform(self, transform_node: AppliedPTransform) -> None:
        if transform_node.full_label.startswith("Ingest/"):
            self.labels.append(transform_node.full_label)


def _composites(build: Any, *arguments: str) -> _Composites:
    options = PipelineOptions(["--project=acervo-local", *arguments])
    pipeline = beam.Pipeline(runner="FnApiRunner", options=options)
    build(pipeline, options, LAUNCH)
    visitor = _Composites()
    pipeline.visit(visitor)
    return visitor


def test_backfill_and_stream_apply_the_same_composite_with_the_same_steps() -> None:
    bounded = _composites(backfill.build, "--input=/nowhere/*.xml")
    unbounded = _composites(stream.build, "--subscription=documents", "--source=sdf", "--streaming")
    assert [type(found) for found in bounded.found + unbounded.found] == [IngestDocuments, IngestDocuments]
    assert bounded.labels == unbounded.labels and len(bounded.labels) > 20
