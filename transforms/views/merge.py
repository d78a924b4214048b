"""The table of states brought up to date with the changes since its last merge. Bounded, and safe to repeat.

How far it is merged stands in one place, the query of the view ``document_state``: it lays the changes since then over
the table. A merge changes the table and then the view, so whoever reads in between, or after a kill, reads changes
twice and not too few. What is merged reaches back behind the present by ``OVERLAP``: by then all changes of a time are
in their table (``write.PROMISED``).
"""

from __future__ import annotations

from typing import NamedTuple

from google.api_core.exceptions import GoogleAPIError
from google.cloud import bigquery

from transforms.errors import AcervoError
from transforms.language import mark, say, tr
from transforms.model import CLOCKS
from transforms.views import connect, merge_sql, rest, schema, sql, statements
from transforms.views.write import PROMISED

# Micros: of what is in BigQuery by then no change is missing.
OVERLAP = PROMISED + CLOCKS

_RETRY = rest.retry(120.0)
_RIGHTS = mark("roles/bigquery.dataEditor on the dataset and roles/bigquery.jobUser on the project")


class MergeError(AcervoError):
    """States could not be merged; the message says what and what to do."""


class Merged(NamedTuple):
    """What a merge did: rows of states that it added or changed, statements, and until when (micros) all is merged."""

    rows: int
    statements: int
    until: int


def merge(project: str, dataset: str, now: int, most: int = merge_sql.ROWS_AT_ONCE) -> Merged:
    """Merges what changed since the last merge. ``now`` (micros). Raises MergeError, CatalogError.

    Another merge of the same changes that still runs, be it of a process that was killed, is waited for.
    """
    client = connect.rest_client(project)
    path, changed, done = f"{project}.{dataset}", 0, 0
    try:
        while True:
            start = merged_until(client, project, dataset)
            found = [tuple(row.values()) for row in statements.rows(client, merge_sql.days(path, start))]
            window = next(merge_sql.windows(found, start, most))
            months = [row["month"] for row in statements.rows(client, merge_sql.months(path, window))]
            statement = merge_sql.merge(project, dataset, window, months)
            job = statements.alone(client, statement, f"acervo-merge-{dataset}-{start}")
            if job is None:  # it was another's: look again
                continue
            changed, done = changed + (job.num_dml_affected_rows or 0), done + 1
            # A window of whole days may end later than what is known to be complete.
            settled = max(start, now - OVERLAP)
            until = settled if window.end is None else min(window.end, settled)
            _lay_over(client, project, dataset, until)
            if until == settled:
                return Merged(changed, done, until)
    except GoogleAPIError as error:
        raise MergeError(
            say(
                "states of {path} were not merged to the end: {why}. What is read is right; start the merge again.",
                path=path,
                why=rest.explain(error, tr(_RIGHTS)),
            )
        ) from error


def begin_again(project: str, dataset: str) -> None:
    """Forgets what is merged, where changes were taken away: the view is made of changes alone until the next merge.

    Raises MergeError. Safe to repeat.
    """
    client = connect.rest_client(project)
    try:
        _lay_over(client, project, dataset, sql.NEVER)
        client.query(f"DELETE FROM `{project}.{dataset}.{schema.STATES}` WHERE TRUE", retry=_RETRY).result(retry=_RETRY)
    except GoogleAPIError as error:
        path, why = f"{project}.{dataset}", rest.explain(error, tr(_RIGHTS))
        raise MergeError(say("states of {path} were not emptied: {why}.", path=path, why=why)) from error


def reach_back(project: str, dataset: str, to: int) -> None:
    """Lays changes since ``to`` (micros), or the last merge if that is earlier, over states: some were added since."""
    client = connect.rest_client(project)
    try:
        _lay_over(client, project, dataset, min(to, merged_until(client, project, dataset)))
    except GoogleAPIError as error:
        path, why = f"{project}.{dataset}", rest.explain(error, tr(_RIGHTS))
        raise MergeError(say("the view of the states of {path} was not changed: {why}.", path=path, why=why)) from error


def merged_until(client: bigquery.Client, project: str, dataset: str) -> int:
    """Until when (micros) all changes are in the table of states, as the view says."""
    view = client.get_table(f"{project}.{dataset}.{sql.STATE_VIEW}", retry=_RETRY)
    return sql.merged_until(view.view_query or "")


def _lay_over(client: bigquery.Client, project: str, dataset: str, until: int) -> None:
    view = client.get_table(f"{project}.{dataset}.{sql.STATE_VIEW}", retry=_RETRY)
    (made,) = (one for one in sql.views(project, dataset, merged_until=until) if one.name == sql.STATE_VIEW)
    if view.view_query != made.query:
        view.view_use_legacy_sql = False
        view.view_query = made.query
        client.update_table(view, ["view_query"], retry=_RETRY)
