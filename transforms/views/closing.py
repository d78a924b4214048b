"""Partial sums of the change log added up, a row a count, once their day is over. Bounded, and safe to repeat.

Which days are closed stands in one place, the query of the view ``current_counts``: of closed days it reads sums, of
the others partial sums, each once. The partial sums stay where they are, so any day can be opened again, and is closed
again by the next merge.

A partial sum may come long after its day: of a stream that stood still, or of a message that was received again. Who
appends one opens its day before, so that it is seen at once, and looks again behind the append. That no sum is made
without it holds by two things: whoever closes says in the view what he is about to close, before he reads; and he
changes the view at the end only if it is still as he left it (its etag). Then either he has read what was appended, or
its writer has seen the note and opened the day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from google.api_core.exceptions import GoogleAPIError, NotFound, PreconditionFailed
from google.cloud import bigquery

from transforms import instants
from transforms.errors import AcervoError
from transforms.language import mark, say, tr
from transforms.model import CLOCKS
from transforms.views import connect, rest, schema, sql, statements

# How long after its end a day may be closed (micros): by then the last slots of a stream at work are added up.
AFTER = 60 * 60 * instants.SECOND

_RETRY = rest.retry(120.0)
_DAY = timedelta(days=1)
_RIGHTS = mark("roles/bigquery.dataEditor on the dataset and roles/bigquery.jobUser on the project")


class ClosingError(AcervoError):
    """Days of counts could not be closed or opened; the message says what and what to do."""


class Closed(NamedTuple):
    """What was done: rows of sums added and taken away, and the day before which all are closed."""

    rows: int
    until: date


def close(project: str, dataset: str, now: int) -> Closed:
    """Adds up the days that are over, at ``now`` (micros), since the last ones that were. Raises ClosingError."""
    client, end = connect.rest_client(project), _last_closed(now) + _DAY
    try:
        while True:
            view = _view(client, project, dataset)
            start = sql.closed_until(view.view_query or "")
            if end <= start:
                return Closed(0, start)
            try:
                if sql.closing(view.view_query or "") != end:
                    view = _put(client, view, sql.count_view(project, dataset, start, end))
                statement = sql.close_counts(project, dataset, start, end)
                job = statements.alone(client, statement, f"acervo-close-{dataset}-{start}-{end}")
                if job is None:  # another's of the same days, which is over now
                    continue
                _put(client, view, sql.count_view(project, dataset, end))
                return Closed(job.num_dml_affected_rows or 0, end)
            except PreconditionFailed:  # a day was opened, or another closed it
                continue
    except GoogleAPIError as error:
        raise ClosingError(
            say(
                "counts of {path} were not closed: {why}. What is read is right; start the merge again.",
                path=f"{project}.{dataset}",
                why=rest.explain(error, tr(_RIGHTS)),
            )
        ) from error


def open_late(project: str, dataset: str, days: Iterable[date]) -> None:
    """Opens those of the days that may have been closed by somebody whose clock is another. Raises ClosingError.

    Nothing is asked of BigQuery where all are too young for that.
    """
    last = _last_closed(instants.now() + CLOCKS)
    late = [day for day in days if day <= last]
    if late:
        open_again(project, dataset, min(late))


def open_again(project: str, dataset: str, day: date = sql.NOTHING_CLOSED) -> bool:
    """Opens a day and all after it; whether any was closed, or being closed. Raises ClosingError.

    Where there is no view, nothing is closed.
    """
    client = connect.rest_client(project)
    try:
        while True:
            view = _view(client, project, dataset)
            query = view.view_query or ""
            start, being_closed = sql.closed_until(query), sql.closing(query)
            if day >= max(start, being_closed or start):
                return False
            try:
                _put(client, view, sql.count_view(project, dataset, min(start, day)))
                return True
            except PreconditionFailed:
                continue
    except NotFound:
        return False
    except GoogleAPIError as error:
        path, why = f"{project}.{dataset}", rest.explain(error, tr(_RIGHTS))
        raise ClosingError(say("counts of {path} were not opened again: {why}.", path=path, why=why)) from error


def begin_again(project: str, dataset: str) -> None:
    """Forgets all sums, where partial sums were taken away. Raises ClosingError. Safe to repeat."""
    open_again(project, dataset)
    client = connect.rest_client(project)
    try:
        statement = f"DELETE FROM `{project}.{dataset}.{schema.CLOSED_COUNTS}` WHERE TRUE"
        client.query(statement, retry=_RETRY).result(retry=_RETRY)
    except GoogleAPIError as error:
        path, why = f"{project}.{dataset}", rest.explain(error, tr(_RIGHTS))
        raise ClosingError(say("sums of counts of {path} were not removed: {why}.", path=path, why=why)) from error
    open_again(project, dataset)  # a merge may have closed days with sums that are gone


def _last_closed(now: int) -> date:
    """The last day that is over long enough at ``now`` (micros)."""
    return datetime.fromtimestamp((now - AFTER) // instants.SECOND, UTC).date() - _DAY


def _view(client: bigquery.Client, project: str, dataset: str) -> bigquery.Table:
    return client.get_table(f"{project}.{dataset}.{sql.COUNT_VIEW}", retry=_RETRY)


def _put(client: bigquery.Client, view: bigquery.Table, query: str) -> bigquery.Table:
    """Changes the view if it is as it was when it was read. Raises PreconditionFailed where it is not."""
    view.view_use_legacy_sql = False
    view.view_query = query
    return client.update_table(view, ["view_query"], retry=_RETRY)
