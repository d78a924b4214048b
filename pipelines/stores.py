"""What a job's options say of its stores: where they are, how it writes to them, and whether they are as it needs."""

from __future__ import annotations

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from google.cloud import bigquery

from pipelines.ingest import IngestConfig
from pipelines.launch import Launch
from pipelines.options import IngestOptions, StoreOptions
from transforms.counting.cells import COUNT_TABLES
from transforms.errors import AcervoError
from transforms.truth import admin
from transforms.truth.config import TruthConfig
from transforms.views import catalog
from transforms.views.connect import rest_client


def truth_of(options: PipelineOptions) -> TruthConfig:
    """Where the source of truth is."""
    store = options.view_as(StoreOptions)
    return TruthConfig(
        project=options.view_as(GoogleCloudOptions).project,
        instance=store.bigtable_instance,
        table=store.bigtable_table,
        app_profile=store.bigtable_app_profile,
        max_in_flight=options.view_as(IngestOptions).max_in_flight,
    )


def config_of(options: PipelineOptions, launch: Launch, live: bool = False) -> IngestConfig:
    """The composite's configuration; ``live``: a stream's, counted by way of the change log."""
    ingest = options.view_as(IngestOptions)
    return IngestConfig(
        launch=launch,
        truth=truth_of(options),
        project=options.view_as(GoogleCloudOptions).project,
        dataset=options.view_as(StoreOptions).dataset,
        live=live,
        max_input_bytes=ingest.max_input_bytes,
        strict=ingest.strict,
        fallback_encoding=ingest.fallback_encoding or None,
        parser=ingest.parser,
    )


def check(options: PipelineOptions) -> None:
    """Raises TruthError or CatalogError when Bigtable or BigQuery is not as the job needs it."""
    admin.preflight(truth_of(options), COUNT_TABLES)
    catalog.preflight(options.view_as(GoogleCloudOptions).project, options.view_as(StoreOptions).dataset)


def problem(options: PipelineOptions) -> str:
    """What is wrong with the stores, for people; empty if nothing is, or if they cannot be asked."""
    try:
        check(options)
    except AcervoError as error:
        return "\n".join(str(error).splitlines()[:2])
    except Exception:
        return ""
    return ""


def runs_with_counts(options: PipelineOptions, prefix: str) -> set[str]:
    """Names of runs with this prefix that have written counts, so have completed."""
    project, dataset = options.view_as(GoogleCloudOptions).project, options.view_as(StoreOptions).dataset
    config = bigquery.QueryJobConfig(query_parameters=[bigquery.ScalarQueryParameter("run", "STRING", prefix)])
    query = f"SELECT DISTINCT partial FROM `{project}.{dataset}.counts` WHERE STARTS_WITH(partial, @run)"
    rows = rest_client(project).query(query, job_config=config).result()
    return {row["partial"].partition("/")[0] for row in rows}
