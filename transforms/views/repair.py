"""Served tables made right where they stand, beside whatever is appended to them.

A build is a dataset of its own beside the one that is served: into it goes what the tables must hold, read from the
source of truth, and what they held when that reading began. Then each table is changed by what differs: ``repair_sql``.
No table is replaced, so open streams, policies, labels and descriptions stay as they are; a statement that fails or is
killed has changed nothing, and what another has changed need not be done again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from google.api_core.exceptions import GoogleAPIError
from google.cloud import bigquery

from transforms.errors import AcervoError
from transforms.language import mark, say, tr
from transforms.views import connect, repair_sql, rest, schema
from transforms.views.repair_sql import SEEN, Difference

ROWS = tuple(name for name in schema.TABLES if name != schema.COUNTS)

_LOG = logging.getLogger(__name__)
_RETRY = rest.retry(120.0)
_RIGHTS = mark(
    "the right to create datasets in the project (roles/bigquery.user), roles/bigquery.dataEditor on the dataset, a "
    "row access policy whose filter is TRUE where a table has such policies, and fine-grained reader of tagged columns"
)
# By this label builds that were left over are known from datasets of others.
_LABEL = {"acervo": "build"}
# A build that was given up is gone after this long.
_KEPT = timedelta(days=7)
SEEN_SCHEMA = [
    bigquery.SchemaField("partition_month", "INTEGER", "REQUIRED"),
    bigquery.SchemaField("row_digest", "STRING", "REQUIRED"),
    bigquery.SchemaField("copies", "INTEGER", "REQUIRED"),
]


class RepairError(AcervoError):
    """The served tables could not be made right; the message says what and what to do."""


def create_build(project: str, dataset: str, build: str) -> None:
    """Makes the dataset of a build: the served tables' like, empty, and what will be seen. Raises RepairError."""
    client = connect.rest_client(project)
    try:
        _drop_abandoned(client, project, dataset)
        served = client.get_dataset(f"{project}.{dataset}", retry=_RETRY)
        client.create_dataset(_build_of(served, f"{project}.{build}"), exists_ok=True, retry=_RETRY)
        for name in schema.TABLES:
            like = client.get_table(f"{project}.{dataset}.{name}", retry=_RETRY)
            # As found, not as described here: columns may be in another order, and have policy tags.
            table = bigquery.Table(f"{project}.{build}.{name}", schema=like.schema)
            # By a day it is not: rows of long ago are streamed into it, which such tables refuse.
            table.range_partitioning = like.range_partitioning
            table.clustering_fields = like.clustering_fields
            client.create_table(table, exists_ok=True, retry=_RETRY)
            seen = bigquery.Table(f"{project}.{build}.{SEEN}{name}", schema=SEEN_SCHEMA)
            client.create_table(seen, exists_ok=True, retry=_RETRY)
    except GoogleAPIError as error:
        cause = rest.explain(error, tr(_RIGHTS))
        raise RepairError(
            say("BigQuery did not set up {dataset}: {cause}.", dataset=f"{project}.{build}", cause=cause)
        ) from error


def remember(project: str, dataset: str, build: str) -> None:
    """Notes what the tables hold now, before the source of truth is read. Safe to repeat. Raises RepairError."""
    client = connect.rest_client(project)
    try:
        for name in schema.TABLES:
            _run(client, f"DELETE FROM `{project}.{build}.{SEEN}{name}` WHERE TRUE")
            _run(client, repair_sql.remember(f"{project}.{dataset}", f"{project}.{build}", name))
    except GoogleAPIError as error:
        cause = rest.explain(error, tr(_RIGHTS))
        raise RepairError(
            say("what {dataset} holds cannot be read: {cause}.", dataset=f"{project}.{dataset}", cause=cause)
        ) from error


def repair(
    project: str, dataset: str, build: str, tables: Sequence[str], until: int, noted: bool = True
) -> dict[str, Difference]:
    """Makes tables hold what those of the build do; what differed, by table. Safe to repeat. Raises RepairError.

    What differed is as of ``remember``: rows that were on their way then are among the missing, and not added again.
    Rows that came since ``remember`` stay, whatever they are. None is added that was applied after ``until`` (micros).
    Where it was not ``noted`` what is served, all that was built is among the missing: then the rows added are told.
    """
    client = connect.rest_client(project)
    served, built = f"{project}.{dataset}", f"{project}.{build}"
    done: dict[str, Difference] = {}
    try:
        for name in tables:
            rows = _run(client, repair_sql.differences(built, name, until)).result(retry=_RETRY)
            found = [Difference(*row.values()) for row in rows]
            merges = [repair_sql.merge(served, built, name, until, months) for months in repair_sql.batches(found)]
            changed = sum(_run(client, merge).num_dml_affected_rows or 0 for merge in merges)
            added = sum(one.added for one in found) if noted else changed
            done[name] = Difference(0, sum(one.removed for one in found), added)
    except GoogleAPIError as error:
        raise RepairError(
            say(
                "not all tables of {served} were repaired (done: {done}): {cause}. What is served is as it was, or "
                "right; start the rebuild again.",
                served=served,
                done=", ".join(done) or tr("none"),
                cause=rest.explain(error, tr(_RIGHTS)),
            )
        ) from error
    return done


def drop_build(project: str, build: str) -> None:
    """Deletes the dataset of a build."""
    connect.rest_client(project).delete_dataset(
        f"{project}.{build}", delete_contents=True, not_found_ok=True, retry=_RETRY
    )


def drop_builds(project: str, prefix: str) -> None:
    """Deletes builds whose names begin so: those of launches that were killed."""
    client = connect.rest_client(project)
    for item in client.list_datasets(project, retry=_RETRY):
        if item.dataset_id.startswith(prefix) and item.labels == _LABEL:
            client.delete_dataset(item.reference, delete_contents=True, not_found_ok=True, retry=_RETRY)


def _build_of(served: bigquery.Dataset, path: str) -> bigquery.Dataset:
    """Where the served dataset is, and open to nobody to whom that is closed."""
    build = bigquery.Dataset(path)
    build.description = f"Work in progress of a job over {served.dataset_id}. It deletes this when it is done."
    build.labels = _LABEL
    build.default_table_expiration_ms = int(_KEPT.total_seconds() * 1_000)
    if served.location:
        build.location = served.location
    people = [entry for entry in served.access_entries if entry.role]
    if people:
        build.access_entries = people
    return build


def _drop_abandoned(client: bigquery.Client, project: str, dataset: str) -> None:
    """Deletes builds over this dataset that jobs left behind so long ago that their tables have expired."""
    for item in client.list_datasets(project, retry=_RETRY):
        if item.dataset_id.startswith(f"{dataset}__") and item.labels == _LABEL:
            created = client.get_dataset(item.reference, retry=_RETRY).created
            if created and datetime.now(UTC) - created > _KEPT:
                _LOG.warning("deleting %s, left over from a job of %s", item.dataset_id, created.date())
                client.delete_dataset(item.reference, delete_contents=True, not_found_ok=True, retry=_RETRY)


def run_statement(
    client: bigquery.Client, statement: str, parameters: Sequence[bigquery.ArrayQueryParameter] = ()
) -> bigquery.QueryJob:
    """The job of a statement, at its end: only there the statistics say how many rows a statement changed."""
    config = bigquery.QueryJobConfig(query_parameters=parameters) if parameters else None
    job = client.query(statement, job_config=config, retry=_RETRY)
    job.result(retry=_RETRY)
    return job


def _run(client: bigquery.Client, statement: str) -> bigquery.QueryJob:
    return run_statement(client, statement)
