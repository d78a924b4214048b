"""Rows of what is erased, removed from the served tables; and counts of days made right. Safe to repeat.

The ids of what is erased are written to a table of the build (see ``repair``), so that one statement for each table
removes all of it, wherever its rows are: a scan of the columns of ids, and no partition trusted. BigQuery lets single
statements change rows that the Storage Write API appended a moment ago (``repair_sql`` says where that is written).
"""

from __future__ import annotations

from collections.abc import Sequence

from google.api_core.exceptions import GoogleAPIError
from google.cloud import bigquery

from transforms.language import mark, say, tr
from transforms.views import connect, repair_sql, rest, schema
from transforms.views.repair import RepairError, run_statement
from transforms.views.repair_sql import SEEN

IDS = "erased_ids"
IDS_SCHEMA = [bigquery.SchemaField("id", "STRING", "REQUIRED")]
# Columns by which a row belongs to a key or to a dead letter.
ID_COLUMNS = ("access_key", "range_id", "dead_letter_id")
# Ids in one statement: a request holds 10 MB of parameters.
MOST_IDS = 50_000
_RETRY = rest.retry(120.0)
_RIGHTS = mark(
    "roles/bigquery.dataEditor on the dataset, a row access policy whose filter is TRUE where a table has such policies"
)


def id_columns(table: str) -> tuple[str, ...]:
    """The columns of ids that a table has; none for counts, which are made again."""
    return tuple(name for name in ID_COLUMNS if name in schema.column_names(table))


def create_ids(project: str, build: str) -> None:
    """Makes the table of ids in a build. Raises RepairError."""
    client = connect.rest_client(project)
    try:
        client.create_table(bigquery.Table(f"{project}.{build}.{IDS}", schema=IDS_SCHEMA), exists_ok=True, retry=_RETRY)
    except GoogleAPIError as error:
        cause = rest.explain(error, tr(_RIGHTS))
        raise RepairError(
            say("BigQuery did not set up {dataset}: {cause}.", dataset=f"{project}.{build}", cause=cause)
        ) from error


def note_ids(project: str, build: str, ids: Sequence[str]) -> None:
    """Adds ids to the table. Raises RepairError."""
    client = connect.rest_client(project)
    try:
        for begin in range(0, len(ids), MOST_IDS):
            some = bigquery.ArrayQueryParameter("ids", "STRING", list(ids[begin : begin + MOST_IDS]))
            run_statement(
                client, f"INSERT INTO `{project}.{build}.{IDS}` (id) SELECT one FROM UNNEST(@ids) AS one", [some]
            )
    except GoogleAPIError as error:
        cause = rest.explain(error, tr(_RIGHTS))
        raise RepairError(
            say("BigQuery did not set up {dataset}: {cause}.", dataset=f"{project}.{build}", cause=cause)
        ) from error


def remove(project: str, dataset: str, build: str) -> dict[str, int]:
    """Removes the rows of the ids from every table; how many, by table. Raises RepairError."""
    client = connect.rest_client(project)
    done: dict[str, int] = {}
    try:
        for table in (*schema.TABLES, *schema.MERGED):  # what is made of changes after these
            if columns := id_columns(table):
                job = run_statement(client, removal(f"{project}.{dataset}", f"{project}.{build}", table, columns))
                done[table] = job.num_dml_affected_rows or 0
    except GoogleAPIError as error:
        raise RepairError(
            say(
                "rows of {dataset} were not removed from all tables (done: {done}): {cause}. Tombstones are there; "
                "start the same erasure again.",
                dataset=f"{project}.{dataset}",
                done=", ".join(done) or tr("none"),
                cause=rest.explain(error, tr(_RIGHTS)),
            )
        ) from error
    return done


def removal(served: str, build: str, table: str, columns: Sequence[str]) -> str:
    """The statement that removes the rows of a table. ``served`` and ``build``: ``project.dataset``."""
    ids = f"SELECT id FROM `{build}.{IDS}`"
    belongs = " OR ".join(f"{column} IN ({ids})" for column in columns)
    return f"DELETE FROM `{served}.{table}` WHERE {belongs}"


def remember_days(project: str, dataset: str, build: str, days: Sequence[str]) -> None:
    """Notes which counts of days are served now, as ``repair.remember`` notes all of them. Raises RepairError."""
    client = connect.rest_client(project)
    table = schema.COUNTS
    of_days = bigquery.ArrayQueryParameter("days", "STRING", list(days))
    statement = repair_sql.remember(f"{project}.{dataset}", f"{project}.{build}", table, _OF_DAYS)
    try:
        run_statement(client, f"DELETE FROM `{project}.{build}.{SEEN}{table}` WHERE TRUE")
        run_statement(client, statement, [of_days])
    except GoogleAPIError as error:
        cause = rest.explain(error, tr(_RIGHTS))
        raise RepairError(
            say("what {dataset} holds cannot be read: {cause}.", dataset=f"{project}.{dataset}", cause=cause)
        ) from error


_OF_DAYS = "COALESCE(CAST(r.day AS STRING), CAST(r.month AS STRING), '') IN UNNEST(@days)"
