"""Statements of the merge: those that ask, and those that change and must not run twice at a time."""

from __future__ import annotations

import logging

from google.api_core.exceptions import Conflict
from google.cloud import bigquery

from transforms.views import rest

_LOG = logging.getLogger(__name__)
_RETRY = rest.retry(120.0)


def rows(client: bigquery.Client, statement: str) -> list[bigquery.Row]:
    """All rows that a statement gives."""
    return list(client.query(statement, retry=_RETRY).result(retry=_RETRY))


def alone(client: bigquery.Client, statement: str, name: str) -> bigquery.QueryJob | None:
    """The job of a statement, at its end; None where one under this name was running, which is over now.

    Names make it one after the other: a job's name is its own for ever, so each attempt takes the next number.
    """
    attempt = 0
    while True:
        job_id = f"{name}-{attempt}"
        try:
            job = client.query(statement, job_id=job_id, retry=_RETRY, job_retry=None)
        except Conflict:
            other = client.get_job(job_id, retry=_RETRY)
            if other.state != "DONE":
                _LOG.warning("waiting for job %s, which merges the same changes", job_id)
                other.result(retry=_RETRY)
                return None
            attempt += 1
            continue
        job.result(retry=_RETRY)
        return job
