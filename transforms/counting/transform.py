"""``CountChanges``: changes in, named partial sums out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import PaneInfo

from transforms import metrics
from transforms.counting.contributions import CountKey, contributions
from transforms.counting.sums import Pair, SumAmounts
from transforms.model import Change


class CountChanges(beam.PTransform):
    """PCollection[Change], windowed by the caller -> PCollection of rows of the table ``counts``.

    One row per count key, window and pane: a *partial*. Its name is ``<name>/<window end>/<pane>`` and a retry
    computes it again, so a row written twice counts once; readers sum the partials. ``name`` is the run for a
    bounded job (it always emits all its changes, so the second time gives the same sums) and the incarnation of the
    job for a stream (what one incarnation counted was acknowledged, so the next does not see it).

    The caller's trigger must discard fired panes: every pane is a partial of its own.
    """

    def __init__(self, name: str, job_started_at: int) -> None:
        """``job_started_at``: micros; of two attempts at one partial, readers take the later job's."""
        super().__init__()
        self._name = name
        self._job_started_at = job_started_at

    def expand(self, pcoll: beam.PCollection[Change]) -> beam.PCollection[dict[str, Any]]:
        return (
            pcoll
            | "Contributions" >> beam.FlatMap(contributions).with_output_types(Pair)
            | "Sum" >> SumAmounts()
            | "NamePartials" >> beam.ParDo(_NamePartials(self._name, self._job_started_at))
        )


@beam.typehints.with_input_types(Pair)
@beam.typehints.with_output_types(dict[str, Any])
class _NamePartials(beam.DoFn):
    def __init__(self, name: str, job_started_at: int) -> None:
        self._name = name
        self._job_started_at = job_started_at
        self._partials = metrics.counter("count_partials")

    def process(
        self,
        element: Pair,
        window: Any = beam.DoFn.WindowParam,
        pane: PaneInfo = beam.DoFn.PaneInfoParam,
    ) -> Iterator[dict[str, Any]]:
        key, (documents, total) = CountKey(*element[0]), element[1]
        end = "all" if isinstance(window, GlobalWindow) else window.end.to_rfc3339()
        self._partials.inc()
        yield {
            "partial": f"{self._name}/{end}/{max(pane.index, 0)}",
            **{name: value for name, value in key._asdict().items() if value and name != "environment"},
            **({"environment": int(key.environment)} if key.environment else {}),
            "documents": documents,
            "total": format(total, "f"),
            "job_started_at": self._job_started_at,
            # A pane that is fired again after a failure may hold more than the first time.
            "computed_at": time.time_ns() // 1_000,
        }
