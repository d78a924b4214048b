"""The dataset with its tables and views: looked at, created, and brought up to date. Idempotent.

Columns are added, descriptions and views replaced; nothing is ever dropped or rewritten. What would need that is
refused with a message, before anything is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.cloud import bigquery

from transforms.errors import AcervoError
from transforms.language import mark, say, tr
from transforms.typed import typed
from transforms.views import connect, existing, rest, schema, sql
from transforms.views.schema import Table

_RETRY = rest.retry(60.0)
_TIME_TRAVEL_HOURS = 48


class CatalogError(AcervoError):
    """The dataset is not as it must be and cannot be brought there; the message says what and what to do."""


class Step(NamedTuple):
    """One thing to do: what, for people, and the call that does it."""

    description: str
    do: Callable[[], object]


def preflight(project: str, dataset: str) -> None:
    """Raises ``CatalogError``, naming tables and columns, unless every table can take the rows meant for it."""
    client = connect.rest_client(project)
    problems: list[str] = []
    try:
        for name in schema.TABLES:
            found = _get(client, f"{project}.{dataset}.{name}")
            if found is None:
                problems.append(say("table {name} does not exist", name=name))
            else:
                problems += schema.mismatches(schema.load(name), found.schema)
    except GoogleAPIError as error:
        cause = rest.explain(error, tr("roles/bigquery.dataViewer on the dataset"))
        raise CatalogError(
            say("{dataset} cannot be looked at: {cause}.", dataset=f"{project}.{dataset}", cause=cause)
        ) from error
    if problems:
        raise CatalogError(
            say(
                "BigQuery dataset {dataset} is not as this version needs it: {problems}. Run: {command}",
                dataset=f"{project}.{dataset}",
                problems="; ".join(problems),
                command=typed("tables", "--project", project, "--dataset", dataset),
            )
        )


def migrate(project: str, dataset: str, location: str | None = None, dry_run: bool = False) -> list[str]:
    """Creates what is missing and updates what is out of date; descriptions of what was (or would be) done.

    ``location`` is where a missing dataset is created, the project's default when None. Raises ``CatalogError``.
    """
    client = connect.rest_client(project)
    try:
        steps = _plan(client, project, dataset, location)
        if not dry_run:
            for step in steps:
                step.do()
    except GoogleAPIError as error:
        cause = rest.explain(
            error, tr("roles/bigquery.dataEditor on the dataset, or on the project where the dataset is to be created")
        )
        raise CatalogError(
            say("{dataset} could not be set up: {cause}.", dataset=f"{project}.{dataset}", cause=cause)
        ) from error
    return [step.description for step in steps]


def _plan(client: bigquery.Client, project: str, dataset: str, location: str | None) -> list[Step]:
    try:
        views = _views(client, project, dataset)
    except ValueError as error:
        raise CatalogError(str(error)) from error
    steps: list[Step] = []
    problems: list[str] = []
    try:
        client.get_dataset(f"{project}.{dataset}", retry=_RETRY)
    except NotFound:
        steps.append(_create_dataset(client, project, dataset, location))
    for name in (*schema.TABLES, *schema.MERGED):
        table = schema.load(name)
        path = f"{project}.{dataset}.{name}"
        found = _get(client, path)
        if found is None:
            steps.append(_create_table(client, path, table))
        else:
            problems += existing.incompatibilities(table, found)
            steps += _update_table(client, path, table, found)
    for view in views:
        steps += _put_view(client, f"{project}.{dataset}.{view.name}", view, problems)
    if problems:
        raise CatalogError(
            say(
                "cannot bring {dataset} up to date without losing data: {problems}. Nothing was changed. Copy the "
                "table aside and drop it, then run this again and rebuild it.",
                dataset=f"{project}.{dataset}",
                problems="; ".join(problems),
            )
        )
    return steps


def _views(client: bigquery.Client, project: str, dataset: str) -> list[sql.View]:
    """All views: what is merged and closed, as those that are there say, stays so."""
    found = [_get(client, f"{project}.{dataset}.{name}") for name in (sql.STATE_VIEW, sql.COUNT_VIEW)]
    states, counts = ((one.view_query if one is not None else None) or "" for one in found)
    return sql.views(project, dataset, merged_until=sql.merged_until(states), closed_until=sql.closed_until(counts))


def _get(client: bigquery.Client, path: str) -> bigquery.Table | None:
    try:
        return client.get_table(path, retry=_RETRY)
    except NotFound:
        return None


def _create_dataset(client: bigquery.Client, project: str, name: str, location: str | None) -> Step:
    dataset = bigquery.Dataset(f"{project}.{name}")
    dataset.description = "Fiscal documents: their records, changes, counts, and views over them."
    # What is billed: columns as they are compressed, and two days of what was replaced instead of seven.
    dataset.storage_billing_model = "PHYSICAL"
    dataset.max_time_travel_hours = _TIME_TRAVEL_HOURS
    if location:
        dataset.location = location
    told = mark("create dataset {name} in {location}") if location else mark("create dataset {name}")
    return Step(
        say(told, name=name, location=location),
        lambda: client.create_dataset(dataset, exists_ok=True, retry=_RETRY),
    )


def _create_table(client: bigquery.Client, path: str, table: Table) -> Step:
    target = bigquery.Table(path, schema=[existing.field_of(column) for column in table.columns])
    target.description = table.description
    if table.partitioning.by_number:
        start, end = schema.PARTITION_RANGE
        target.range_partitioning = bigquery.RangePartitioning(
            field=table.partitioning.field, range_=bigquery.PartitionRange(start=start, end=end, interval=1)
        )
    else:
        target.time_partitioning = bigquery.TimePartitioning(
            type_=table.partitioning.unit, field=table.partitioning.field
        )
    target.clustering_fields = list(table.clustering)
    return Step(
        say(
            "create table {name}: {columns} columns, partitioned by {partition}, clustered by {clustering}",
            name=table.name,
            columns=len(table.columns),
            partition=existing.told(table.partitioning),
            clustering=", ".join(table.clustering),
        ),
        lambda: client.create_table(target, exists_ok=True, retry=_RETRY),
    )


def _update_table(client: bigquery.Client, path: str, table: Table, found: bigquery.Table) -> Iterable[Step]:
    added = list(existing.missing(table.columns, found.schema))
    what = []
    if added:
        what.append(say("add columns {names}", names=", ".join(added)))
    if existing.described(found.schema, table.columns) != list(found.schema):
        what.append(tr("describe columns"))
    if found.description != table.description:
        what.append(tr("describe the table"))
    if tuple(found.clustering_fields or ()) != table.clustering:
        what.append(say("cluster new rows by {names}", names=", ".join(table.clustering)))
    if not what:
        return

    def do() -> None:
        if connect.is_emulated():
            # Its engine does not see what an update of the metadata adds; to a record it cannot add at all.
            for column in (column for column in table.columns if column.name in added):
                statement = f"ALTER TABLE `{path}` ADD COLUMN IF NOT EXISTS {column.name} {existing.sql_type(column)}"
                client.query(statement, retry=_RETRY).result(retry=_RETRY)
        current = client.get_table(found.reference, retry=_RETRY)
        # All at once: a table takes five updates of its metadata in ten seconds (cloud.google.com/bigquery/quotas).
        current.schema = existing.completed(current.schema, table.columns)
        current.description = table.description
        current.clustering_fields = list(table.clustering)
        client.update_table(current, ["schema", "description", "clustering_fields"], retry=_RETRY)

    yield Step(say("update table {name}: {what}", name=table.name, what="; ".join(what)), do)


def _put_view(client: bigquery.Client, path: str, view: sql.View, problems: list[str]) -> Iterable[Step]:
    found = _get(client, path)
    if found is not None and found.table_type != "VIEW":
        problems.append(say("{name} is a {type}, not a view", name=view.name, type=found.table_type))
        return
    target = found or bigquery.Table(path)
    if found is not None and found.view_query == view.query and found.description == view.description:
        return

    def do() -> None:
        target.view_use_legacy_sql = False
        target.view_query = view.query
        target.description = view.description
        if found is None:
            client.create_table(target, exists_ok=True, retry=_RETRY)
        else:
            client.update_table(target, ["view_query", "description"], retry=_RETRY)

    told = mark("create view {name}") if found is None else mark("update view {name}")
    yield Step(say(told, name=view.name), do)
