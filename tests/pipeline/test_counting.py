"""Counts of a run and counts made again; and that both modes share one composite."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pipeline import AppliedPTransform, PipelineVisitor
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that

from pipelines import backfill, stream
from pipelines.ingest import IngestDocuments
from pipelines.launch import Launch
from transforms.counting.contributions import UF
from transforms.counting.recount import CountAgain
from transforms.counting.transform import CountChanges
from transforms.model import Change

LAUNCH = Launch("run", "job/1", 1_000_000)


def change(number: int, before: str | None = None, after: str = "authorised", total: str = "10.10") -> Change:
    dimensions = {"status": after, "uf": "SP", "model": "55", "issuer_id": "1", "total": total}
    earlier = {**dimensions, "status": before} if before else None
    return Change(f"key{number}", 1, "r", "run", "o", "job", 0, 0, None, {}, earlier, dimensions)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_run_has_one_partial_of_each_count_whose_name_it_computes_again(backwards: bool) -> None:
    changes = [change(1), change(2), change(1, "authorised", "cancelled")]

    def check(partials: list[dict[str, Any]]) -> None:
        assert {partial["partial"] for partial in partials} == {"run/all/0"}
        assert {p["status"]: (p["documents"], p["total"]) for p in partials} == {
            "authorised": (1, "10.10"),
            "cancelled": (1, "10.10"),
        }

    with TestPipeline(runner="FnApiRunner") as pipeline:
        partials = (
            pipeline
            | beam.Create(changes[::-1] if backwards else changes).with_output_types(Change)
            | "CountChanges" >> CountChanges(LAUNCH.run, LAUNCH.started_at)
            | "OfStates" >> beam.Filter(lambda partial: partial["dimension"] == UF)
        )
        assert_that(partials, check)


def test_counts_made_again_go_by_run_or_by_slot_as_each_change_says() -> None:
    bounded = change(1)
    streamed = [change(number)._replace(logged=True, applied_at=number * 1_000_000) for number in (4, 5, 9)]

    def check(partials: list[dict[str, Any]]) -> None:
        assert {p["partial"]: (p["documents"], p.get("version"), p["total"]) for p in partials} == {
            "run/all/0": (1, None, "10.10"),
            "log/1970-01-01T00:00:04": (2, 2, "20.20"),
            "log/1970-01-01T00:00:08": (1, 1, "10.10"),
        }

    with TestPipeline(runner="FnApiRunner") as pipeline:
        partials = pipeline | beam.Create([bounded, *streamed]).with_output_types(Change) | CountAgain()
        assert_that(partials | beam.Filter(lambda partial: partial["dimension"] == UF), check)


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


def test_backfill_and_stream_apply_the_same_composite_and_differ_in_how_they_count_alone() -> None:
    bounded = _composites(backfill.build, "--input=/nowhere/*.xml")
    unbounded = _composites(stream.build, "--subscription=documents", "--source=sdf", "--streaming")
    assert [type(found) for found in bounded.found + unbounded.found] == [IngestDocuments, IngestDocuments]
    steps = ("OfRuns", "CountChanges", "StoreCounts", "RowsOfCounts", "WriteCounts", "LogChanges")
    of_counting = tuple(f"Ingest/{step}" for step in steps)
    same, streamed = (
        [label for label in one.labels if not label.startswith(of_counting)] for one in (bounded, unbounded)
    )
    assert same == streamed and len(same) > 20
    assert {label.split("/")[1] for label in set(unbounded.labels) - set(bounded.labels)} == {"LogChanges"}
