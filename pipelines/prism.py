"""What Prism, Beam's portable local runner, wants of a stream's graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions


def is_prism(options: PipelineOptions) -> bool:
    """Whether the options name Prism."""
    return (options.view_as(StandardOptions).runner or "").rpartition(".")[2] == "PrismRunner"


class EndOutputLast(beam.PTransform):
    """Gives the step that works longest at the end of a bundle an output, of which nothing ever comes.

    From when the last output of a bundle has ended until the bundle has, Prism looks for its end without a pause, and
    takes a core for it (``stage.Execute`` in Beam 2.77). A bundle without any output costs a core as long as it lasts.
    """

    def expand(self, pcoll: beam.PCollection[Any]) -> beam.PCollection[int]:
        return (
            pcoll
            | "Nothing" >> beam.FlatMap(_nothing).with_output_types(int)
            | "Output" >> beam.Reshuffle()
            # Prism leaves out an output that nobody reads.
            | "NobodyElse" >> beam.FlatMap(_nothing).with_output_types(int)
        )


def _nothing(_: Any) -> Iterable[int]:
    return ()
