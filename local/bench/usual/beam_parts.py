"""A pipeline of Beam's own parts: ``fileio``, ``WriteToBigTable``, ``WriteToBigQuery`` with streaming inserts.

    python -m local.bench.usual.beam_parts --input FOLDER --project P --instance I --table T --dataset D

Streaming inserts are the one method of ``WriteToBigQuery`` that reaches an emulator: file loads need Cloud Storage, and
the Storage API needs a Java service.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import apache_beam as beam
from apache_beam.io import fileio
from apache_beam.io.gcp.bigquery import BigQueryDisposition, WriteToBigQuery
from apache_beam.io.gcp.bigtableio import WriteToBigTable
from apache_beam.options.pipeline_options import PipelineOptions
from google.cloud import bigquery
from google.cloud.bigtable.row import DirectRow

from local.bench.usual.fields import TABLE, fields
from local.bench.usual.places import Places, bigquery_client, parsed
from local.bench.usual.script import row_of


class EmulatorClient:
    """What ``WriteToBigQuery`` asks of a client, without credentials; a client itself cannot be pickled."""

    def __init__(self, project: str) -> None:
        self._project = project

    def insert_rows_json(self, *arguments: Any, **named: Any) -> Any:
        """As ``bigquery.Client`` has it."""
        return _client(self._project).insert_rows_json(*arguments, **named)


@cache
def _client(project: str) -> bigquery.Client:
    return bigquery_client(project)


Read = tuple[dict[str, Any], bytes]


def read(file: fileio.ReadableFile) -> Iterator[Read]:
    """The fields of a file, and its bytes."""
    payload = file.read()
    found = fields(payload, file.metadata.path.rpartition("/")[2])
    if found is not None:
        yield found, payload


def to_bigtable(pair: Read) -> DirectRow:
    """The row of Bigtable."""
    return row_of(*pair)


def to_bigquery(pair: Read) -> dict[str, Any]:
    """The row of BigQuery."""
    return pair[0]


def build(pipeline: beam.Pipeline, places: Places) -> None:
    """Adds all steps."""
    found = (
        pipeline
        | "MatchFiles" >> fileio.MatchFiles(f"{places.input}/**.xml")
        | "ReadMatches" >> fileio.ReadMatches()
        | "Fields" >> beam.FlatMap(read)
    )
    _ = (
        found
        | "ToBigtable" >> beam.Map(to_bigtable)
        | "WriteToBigTable" >> WriteToBigTable(places.project, places.instance, places.table)
    )
    _ = (
        found
        | "ToBigQuery" >> beam.Map(to_bigquery)
        | "WriteToBigQuery"
        >> WriteToBigQuery(
            f"{places.project}:{places.dataset}.{TABLE}",
            method=WriteToBigQuery.Method.STREAMING_INSERTS,
            create_disposition=BigQueryDisposition.CREATE_NEVER,
            write_disposition=BigQueryDisposition.WRITE_APPEND,
            test_client=EmulatorClient(places.project),
        )
    )


def main() -> None:
    """Command line."""
    places = parsed(__doc__)
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        build(pipeline, places)


if __name__ == "__main__":
    main()
