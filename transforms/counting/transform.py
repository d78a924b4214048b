"""``CountChanges``: changes in, named partial sums out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from transforms import instants, metrics
from transforms.counting.contributions import CountKey, columns_of, contributions
from transforms.counting.sums import Pair, SumAmounts
from transforms.model import Change

# How the names of a run's partials end.
RUN_SUFFIX = "/all/0"


class CountChanges(beam.PTransform):
    """PCollection[Change] of a bounded job -> PCollection of rows of the table ``counts``.

    One row per count key: a *partial*, named ``<run>/all/0``. A run always emits all of its changes, so a second
    attempt overwrites the sums with the same ones; readers sum the partials.
    """

    def __init__(self, run: str, job_started_at: int) -> None:
        """``job_started_at``: micros; of two attempts at a partial, readers take that of the later job."""
        super().__init__()
        self._run = run
        self._job_started_at = job_started_at

    def expand(self, pcoll: beam.PCollection[Change]) -> beam.PCollection[dict[str, Any]]:
        return (
            pcoll
            | "Contributions" >> beam.FlatMap(contributions).with_output_types(Pair)
            | "Sum" >> SumAmounts()
            | "NamePartials" >> beam.ParDo(_NamePartials(self._run, self._job_started_at))
        )


@beam.typehints.with_input_types(Pair)
@beam.typehints.with_output_types(dict[str, Any])
class _NamePartials(beam.DoFn):
    def __init__(self, run: str, job_started_at: int) -> None:
        self._run = run
        self._job_started_at = job_started_at
        self._partials = metrics.counter("count_partials")

    def process(self, element: Pair) -> Iterator[dict[str, Any]]:
        key, (documents, total) = CountKey(*element[0]), element[1]
        self._partials.inc()
        yield {
            "partial": f"{self._run}{RUN_SUFFIX}",
            **columns_of(key),
            "documents": documents,
            "total": format(total, "f"),
            "job_started_at": self._job_started_at,
            # A second attempt of one job may hold more than the first.
            "computed_at": instants.now(),
        }
