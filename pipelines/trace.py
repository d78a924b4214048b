"""What became of one input: the arrivals of its origin, and of the entries in it, as BigQuery has them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import orjson
from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.cloud import bigquery

from pipelines.query import plain
from transforms.errors import AcervoError
from transforms.views import rest
from transforms.views.connect import rest_client

_RETRY = rest.retry(30.0)
_MOST = 1000
_QUERY = """
SELECT origin, run, job, outcome, received_at, applied_at, kind, access_key, record_id, revision, status_before,
  status_after, first_run, first_origin, dead_letter_id, code, stage, message
FROM `{dataset}.arrivals_by_origin`
WHERE origin = @origin OR STARTS_WITH(origin, CONCAT(@origin, '#'))
ORDER BY origin, applied_at, run
LIMIT {most}"""


class TraceError(AcervoError):
    """BigQuery cannot be asked; the message says why."""


def arrivals(project: str, dataset: str, origin: str) -> list[dict[str, Any]]:
    """Everything that came of an origin, or of what is inside it, oldest first per origin; at most 1,000.

    What a job has only just applied to Bigtable may not be there for some seconds. Raises TraceError.
    """
    parameters = [bigquery.ScalarQueryParameter("origin", "STRING", origin)]
    config = bigquery.QueryJobConfig(query_parameters=parameters)
    sql = _QUERY.format(dataset=f"{project}.{dataset}", most=_MOST)
    try:
        rows = rest_client(project).query(sql, job_config=config, retry=_RETRY, job_retry=None).result(retry=_RETRY)
        return [{name: plain(value) for name, value in row.items() if value is not None} for row in rows]
    except NotFound as error:
        what = error.message.partition("; reason:")[0]
        raise TraceError(f"{what}. python -m pipelines.rebuild makes the tables from Bigtable.") from error
    except (GoogleAPICallError, RetryError) as error:
        rights = "roles/bigquery.jobUser on the project and roles/bigquery.dataViewer on the dataset"
        raise TraceError(rest.explain(error, rights)) from error


def show(found: Sequence[dict[str, Any]], origin: str, as_json: bool) -> int:
    """Prints what was found; exit status 0 found, 1 not found."""
    if not found:
        print(f"nothing came from {origin}, or its rows are not in BigQuery (yet).", file=sys.stderr)
        return 1
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(list(found), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        print("\n".join(line for one in found for line in _lines(one)))
    return 0


def _lines(one: dict[str, Any]) -> list[str]:
    lines = [f"{one['origin']}", f"    {one['received_at']}  {one['outcome']}  run {one['run']}, job {one['job']}"]
    if "dead_letter_id" in one:
        lines.append(f"    {one.get('code')} ({one.get('stage')}): {one.get('message')}")
        return [*lines, f"    its bytes: python -m pipelines.lookup {one['dead_letter_id']} --xml 1"]
    change = ""
    if "revision" in one:
        change = f"revision {one['revision']}: {one.get('status_before', 'nothing')} -> {one.get('status_after')}, "
    lines.append(f"    {one['kind']} {one['access_key']}, {change}record {one['record_id']}")
    if one["outcome"] == "duplicate" and "first_origin" in one:
        lines.append(f"    came first from {one['first_origin']} (run {one['first_run']})")
    return lines
