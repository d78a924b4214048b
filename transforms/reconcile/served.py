"""What is compared with the source of truth: a dataset of BigQuery, and how it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from google.cloud import bigquery

from transforms.reconcile.facts import Digest
from transforms.truth.scan import EVERYTHING
from transforms.truth.selection import Selection
from transforms.views import connect


class Served(NamedTuple):
    """The dataset that is compared, and by how many characters of the key it is divided for that."""

    project: str
    dataset: str
    characters: int = 3

    @property
    def name(self) -> str:
        """Project and dataset, for SQL."""
        return f"{self.project}.{self.dataset}"


class QueryDoFn(beam.DoFn):
    """Asks BigQuery."""

    def __init__(self, served: Served, selection: Selection = EVERYTHING) -> None:
        self._served = served
        self._selection = selection

    def setup(self) -> None:
        self._client = connect.rest_client(self._served.project)

    def _query(self, sql: str, buckets: Iterable[str] = ()) -> Iterator[Any]:
        parameters = [bigquery.ArrayQueryParameter("buckets", "STRING", list(buckets))] if buckets else []
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        yield from self._client.query(sql, job_config=config).result(page_size=10_000)

    def _digests(self, sql: str) -> Iterator[tuple[str, Digest]]:
        for row in self._query(sql):
            yield row["bucket"], Digest(int(row["facts"]), int(row["first"]), int(row["second"]))
