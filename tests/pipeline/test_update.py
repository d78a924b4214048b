"""Whether a running stream can be updated in place: its graph against the saved one, and which changes are found."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import StrUtf8Coder, VarIntCoder
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec
from apache_beam.transforms.window import FixedWindows

from tests.pipeline.graph import Graph, breaks, graph_of, saved, stream_graph, to_map

SWEEPING = "SweepLog/Sweep"


@pytest.fixture(scope="module")
def current() -> Graph:
    return stream_graph()


def test_a_running_stream_can_be_updated_to_this_code(current: Graph) -> None:
    hint = "Where that is meant, drain instead of updating, say so in the change, and save the graph: make graph"
    assert breaks(saved(), current) == [], hint
    assert to_map(saved(), current) == [], hint


def test_all_that_a_stream_holds_is_its_place_in_the_queue_and_that_it_sweeps(current: Graph) -> None:
    held = {name: step for name, step in current.items() if step}
    assert sorted(held) == ["ReadFromSubscription/ReadFromPubSub/Read", SWEEPING]
    assert "restriction" in held[SWEEPING], "a number of sweeps, on which nothing depends"


def test_what_is_added_without_state_breaks_nothing(current: Graph) -> None:
    assert (
        breaks(current, {**current, "Ingest/Another": {}}) == to_map(current, {**current, "Ingest/Another": {}}) == []
    )


def test_a_step_that_holds_something_renamed_or_removed(current: Graph) -> None:
    changed = {name.replace("SweepLog", "Sweep"): step for name, step in current.items()}
    [found] = breaks(current, changed)
    assert found.startswith(f"{SWEEPING} is gone") and "restriction" in found
    assert any("Sweeper" in line for line in to_map(current, changed))


def test_a_coder_or_the_windows_of_a_step_that_holds_something_changed(current: Graph) -> None:
    for part in ("coders", "windows"):
        changed = deepcopy(current)
        changed[SWEEPING][part] = ["another"]
        [found] = breaks(current, changed)
        assert found.startswith(f"{SWEEPING}: {part} was") and found.endswith("is ['another'].")


class StatefulText(beam.DoFn):
    LAST = ReadModifyWriteStateSpec("last", StrUtf8Coder())

    def process(self, element: tuple[str, int], last: Any = beam.DoFn.StateParam(LAST)) -> Iterator[Any]:  # noqa: B008
        yield last.read()


class StatefulNumber(beam.DoFn):
    LAST = ReadModifyWriteStateSpec("last", VarIntCoder())

    def process(self, element: tuple[str, int], last: Any = beam.DoFn.StateParam(LAST)) -> Iterator[Any]:  # noqa: B008
        yield last.read()


class Numbers(beam.combiners.CountCombineFn):
    """Says how its accumulators are encoded."""

    def get_accumulator_coder(self) -> VarIntCoder:
        return VarIntCoder()


def small(step: Any, value: type = int, windows: Any = None) -> Graph:
    """A pipeline of keyed elements and one step more, called ``Step``."""
    pipeline = beam.Pipeline(runner="FnApiRunner")
    keyed = pipeline | beam.Create([("a", value())]) | beam.Map(lambda one: one).with_output_types(tuple[str, value])
    if windows is not None:
        keyed |= beam.WindowInto(windows)
    _ = keyed | "Step" >> step
    return {name: held for name, held in graph_of(pipeline).items() if name == "Step"}


def test_the_graph_tells_state_and_elements_their_coders_and_windows() -> None:
    stateless = small(beam.Map(print))
    text, number = small(beam.ParDo(StatefulText())), small(beam.ParDo(StatefulNumber()))
    assert stateless == {"Step": {}}
    assert breaks(stateless, text) == ["Step held nothing and now holds state."]
    assert breaks(text, stateless) == ["Step holds nothing any more: it loses state."]
    assert "StrUtf8Coder" in breaks(text, number)[0] and "VarIntCoder" in breaks(text, number)[0]

    [found] = breaks(small(beam.CombinePerKey(sum)), small(beam.CombinePerKey(Numbers())))
    assert found.startswith("Step: sums was") and "VarIntCoder" in found

    grouped, others = small(beam.GroupByKey()), small(beam.GroupByKey(), str)
    assert len(breaks(grouped, others)) == 1 and "coders was" in breaks(grouped, others)[0]
    windowed = small(beam.GroupByKey(), windows=FixedWindows(60))
    assert len(breaks(grouped, windowed)) == 1 and "windows was" in breaks(grouped, windowed)[0]
    assert breaks(windowed, small(beam.GroupByKey(), windows=FixedWindows(120))) == []
