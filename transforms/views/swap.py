"""Fresh tables in the place of the ones that views read, in one step per table.

A build is a dataset of its own beside the one that is served: rows are streamed into it under the tables' own names.
At the end each table's rows go into a table ``ready_<name>`` by a query, because a copy leaves out what was streamed
a short while ago, and that one is copied over the served table. A copy replaces all of a table at once, or nothing.
The seven copies follow one another within seconds; between the first and the last, views may join old with new.
"""

from __future__ import annotations

from google.api_core.exceptions import GoogleAPICallError
from google.api_core.retry import Retry
from google.cloud import bigquery

from transforms.errors import AcervoError
from transforms.views import catalog, connect, schema

_RETRY = Retry(deadline=120.0)
_READY = "ready_"
# A build that was given up is gone after this long.
_HOURS = 7 * 24


class SwapError(AcervoError):
    """The fresh tables could not take the place of the served ones; the message says what and what to do."""


def create_build(project: str, dataset: str, build: str) -> None:
    """Makes the dataset of a build with its tables, empty. Raises ``CatalogError``."""
    names = {name: name for name in schema.TABLES}
    catalog.create_tables(project, build, names | {_READY + name: name for name in schema.TABLES}, dataset, _HOURS)


def swap(project: str, dataset: str, build: str) -> None:
    """Puts the tables of a build in the place of the dataset's. Safe to repeat. Raises ``SwapError``."""
    client = connect.rest_client(project)
    try:
        for name in schema.TABLES:
            _prepare(client, f"{project}.{build}", name)
        for name in schema.TABLES:
            replace = bigquery.CopyJobConfig(write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE)
            source, target = f"{project}.{build}.{_READY}{name}", f"{project}.{dataset}.{name}"
            client.copy_table(source, target, job_config=replace, retry=_RETRY).result(retry=_RETRY)
    except GoogleAPICallError as error:
        raise SwapError(
            f"the tables of {project}.{dataset} were not all replaced: {error.message}. What was built is in "
            f"{project}.{build}; start the rebuild again."
        ) from error


def drop_build(project: str, build: str) -> None:
    """Deletes the dataset of a build."""
    connect.rest_client(project).delete_dataset(
        f"{project}.{build}", delete_contents=True, not_found_ok=True, retry=_RETRY
    )


def _prepare(client: bigquery.Client, build: str, name: str) -> None:
    columns = ", ".join(column.name for column in schema.load(name).columns)
    ready = f"`{build}.{_READY}{name}`"
    # An earlier attempt at this step may have got here.
    client.query(f"DELETE FROM {ready} WHERE TRUE", retry=_RETRY).result(retry=_RETRY)
    statement = f"INSERT INTO {ready} ({columns}) SELECT {columns} FROM `{build}.{name}`"
    client.query(statement, retry=_RETRY).result(retry=_RETRY)
