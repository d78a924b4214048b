"""The graph of the stream as far as an update of a running job depends on it, and what a change of it breaks.

    python -m tests.pipeline.graph      saves that of the code as it is: make graph

Dataflow carries over, by the full names of steps, what a running job has buffered and remembers: the elements of
grouping steps, user state and timers, and where sources are, each encoded with its coder. It refuses an update, or
loses that, where a step that holds something is gone under its name or encodes it otherwise. Steps that hold nothing
may be added; one that is renamed or removed wants an entry in the update's ``--transform_name_mapping``.
https://cloud.google.com/dataflow/docs/guides/updating-a-pipeline
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.coders import Coder
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.pipeline_context import PipelineContext

from pipelines import stream
from pipelines.launch import Launch

SAVED = Path(__file__).parent / "graphs" / "stream.json"

_GROUPING = {common_urns.primitives.GROUP_BY_KEY.urn, common_urns.composites.RESHUFFLE.urn}
_COMBINING = common_urns.composites.COMBINE_PER_KEY.urn
_READS = {common_urns.deprecated_primitives.READ.urn, common_urns.composites.PUBSUB_READ.urn}

Step = dict[str, Any]
Graph = dict[str, Step]
"""Full name of a step -> what it holds between bundles, with coders and windows; nothing for most steps."""


def stream_graph() -> Graph:
    """That of the stream as it runs on Dataflow, with all that its options can add."""
    topics = ["--changes_topic=projects/p/topics/changes", "--dead_letters_topic=projects/p/topics/dead"]
    options = PipelineOptions(
        [
            "--project=acervo-local",
            "--runner=FnApiRunner",
            "--subscription=documents",
            "--source=runner",
            "--streaming",
            *topics,
        ]
    )
    pipeline = beam.Pipeline(runner="FnApiRunner", options=options)
    stream.build(pipeline, options, Launch("run", "job/1", 1))
    return graph_of(pipeline)


def graph_of(pipeline: beam.Pipeline) -> Graph:
    """The steps of a pipeline by their full names."""
    proto, context = pipeline.to_runner_api(return_context=True)
    return {
        transform.unique_name: _step(transform, proto.components, context)
        for transform in proto.components.transforms.values()
        if not transform.subtransforms or transform.spec.urn == _COMBINING
    }


def _step(
    transform: beam_runner_api_pb2.PTransform, components: beam_runner_api_pb2.Components, context: PipelineContext
) -> Step:
    holds = _holds(transform, context)
    if not holds:
        return {}
    names = transform.outputs if "reads" in holds else transform.inputs
    pcollections = [components.pcollections[name] for name in names.values()]
    windowing = [components.windowing_strategies[one.windowing_strategy_id] for one in pcollections]
    return {
        **holds,
        "coders": sorted(_coder(context.coders.get_by_id(one.coder_id)) for one in pcollections),
        "windows": sorted(_windows(one, context) for one in windowing),
    }


def _holds(transform: beam_runner_api_pb2.PTransform, context: PipelineContext) -> Step:
    """What the step keeps between bundles."""
    urn = transform.spec.urn
    if urn in _GROUPING:
        return {"groups": True}
    if urn == _COMBINING:
        combine = beam_runner_api_pb2.CombinePayload.FromString(transform.spec.payload)
        return {"sums": _coder(context.coders.get_by_id(combine.accumulator_coder_id))}
    if urn in _READS:
        return {"reads": urn}
    if urn != common_urns.primitives.PAR_DO.urn:
        return {}
    par_do = beam_runner_api_pb2.ParDoPayload.FromString(transform.spec.payload)
    held: Step = {}
    if par_do.state_specs:
        held["state"] = {name: _state(spec, context) for name, spec in sorted(par_do.state_specs.items())}
    if par_do.timer_family_specs:
        held["timers"] = sorted(par_do.timer_family_specs)
    if par_do.side_inputs:
        held["side_inputs"] = sorted(par_do.side_inputs)
    if par_do.restriction_coder_id:
        held["restriction"] = _coder(context.coders.get_by_id(par_do.restriction_coder_id))
    return held


def _state(spec: beam_runner_api_pb2.StateSpec, context: PipelineContext) -> str:
    kind = spec.WhichOneof("spec")
    ids = [value for field, value in getattr(spec, kind).ListFields() if field.name.endswith("coder_id")]
    return f"{kind}: {', '.join(_coder(context.coders.get_by_id(coder)) for coder in ids)}"


def _coder(coder: Coder) -> str:
    """A coder with what it is made of; of one that is pickled, its class."""
    parts = coder._get_component_coders() if hasattr(coder, "_get_component_coders") else ()
    name = type(coder).__name__
    return f"{name}[{', '.join(map(_coder, parts))}]" if parts else name


def _windows(strategy: beam_runner_api_pb2.WindowingStrategy, context: PipelineContext) -> str:
    """Windows, and how they fire, without any length of time: those may change, for windows that begin after."""
    mode = beam_runner_api_pb2.AccumulationMode.Enum.Name(strategy.accumulation_mode)
    window = _coder(context.coders.get_by_id(strategy.window_coder_id))
    return f"{strategy.window_fn.urn}, {window}, {strategy.trigger.WhichOneof('trigger')}, {mode}"


def breaks(saved: Graph, current: Graph) -> list[str]:
    """What keeps a running job of the ``saved`` graph from being updated in place to the ``current`` one."""
    found = []
    for name, step in saved.items():
        now = current.get(name)
        if step and now is None:
            found.append(f"{name} is gone, and what it holds ({_told(step)}) has nowhere to go. Give it its name back.")
        elif step and not now:
            found.append(f"{name} holds nothing any more: it loses {_told(step)}.")
        elif step and now:
            parts = sorted({*step, *now})
            found += [_changed(name, part, step, now) for part in parts if step.get(part) != now.get(part)]
        elif now:
            found.append(f"{name} held nothing and now holds {_told(now)}.")
    return found


def to_map(saved: Graph, current: Graph) -> list[str]:
    """Steps that hold nothing, and are gone under their name: an update must say what became of them."""
    return [
        f'{name} is gone: --transform_name_mapping \'{{"{name}": "<its new name, or nothing>"}}\''
        for name, step in saved.items()
        if not step and name not in current
    ]


def _changed(name: str, part: str, before: Step, after: Step) -> str:
    return f"{name}: {part} was {before.get(part, 'none')}, is {after.get(part, 'none')}."


def _told(step: Step) -> str:
    return ", ".join(part for part in step if part not in ("coders", "windows"))


def saved() -> Graph:
    """The graph that was saved."""
    found: Graph = json.loads(SAVED.read_text())
    return found


if __name__ == "__main__":
    SAVED.parent.mkdir(exist_ok=True)
    SAVED.write_text(json.dumps(stream_graph(), indent=2, sort_keys=True) + "\n")
    print(f"Saved in {SAVED.relative_to(Path.cwd())}. What differs may keep running jobs from being updated in place.")
