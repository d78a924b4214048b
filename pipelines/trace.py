"""What became of one input: the arrivals of its origin, and of the entries in it, as BigQuery has them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import orjson
from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.cloud import bigquery

from pipelines import legend
from pipelines.prose import tell
from pipelines.writing import plain
from transforms.errors import AcervoError
from transforms.language import say, tr
from transforms.typed import typed
from transforms.views import rest
from transforms.views.connect import rest_client

_RETRY = rest.retry(30.0)
_MOST = 1000
_QUERY = """
SELECT origin, run, job, outcome, received_at, applied_at, kind, access_key, record_id, revision, status_before,
  status_after, first_run, first_origin, dead_letter_id, code, stage, message
FROM `{dataset}.arrivals_by_origin`
WHERE {condition}
ORDER BY origin, applied_at, run
LIMIT {most}"""


class TraceError(AcervoError):
    """BigQuery cannot be asked; the message says why."""


_EXACTLY = "origin = @origin OR STARTS_WITH(origin, CONCAT(@origin, '#'))"
# As the end of make run shows it: the file without its folders, and the end of the entry behind an ellipsis.
_AS_SHOWN = """(ENDS_WITH(CONCAT('/', origin), @whole) OR STRPOS(CONCAT('/', origin), @within) > 0)
  AND ENDS_WITH(origin, @ending)"""
ELLIPSIS = "…"


def arrivals(project: str, dataset: str, origin: str) -> list[dict[str, Any]]:
    """Everything that came of an origin, or of what is inside it, oldest first per origin; at most 1,000.

    What a job has just applied to Bigtable may not be in BigQuery for some seconds. Raises TraceError.
    """
    file, _, ending = origin.partition(ELLIPSIS)
    name = f"/{file.rstrip('#')}"
    shown = {"whole": name, "within": f"{name}#", "ending": ending}
    try:
        found = _asked(project, dataset, _EXACTLY, origin=origin)
        return found or (_asked(project, dataset, _AS_SHOWN, **shown) if file else [])
    except NotFound as error:
        what = error.message.partition("; reason:")[0]
        raise TraceError(
            say("{what}. This makes the tables from Bigtable: {command}", what=what, command=typed("rebuild"))
        ) from error
    except (GoogleAPICallError, RetryError) as error:
        rights = tr("roles/bigquery.jobUser on the project and roles/bigquery.dataViewer on the dataset")
        raise TraceError(rest.explain(error, rights)) from error


def _asked(project: str, dataset: str, condition: str, **values: str) -> list[dict[str, Any]]:
    parameters = [bigquery.ScalarQueryParameter(name, "STRING", value) for name, value in values.items()]
    config = bigquery.QueryJobConfig(query_parameters=parameters)
    sql = _QUERY.format(dataset=f"{project}.{dataset}", condition=condition, most=_MOST)
    rows = rest_client(project).query(sql, job_config=config, retry=_RETRY, job_retry=None).result(retry=_RETRY)
    return [{name: plain(value) for name, value in row.items() if value is not None} for row in rows]


def show(found: Sequence[dict[str, Any]], origin: str, as_json: bool) -> int:
    """Prints what was found; exit status 0 found, 1 not found."""
    if not found:
        tell(say("nothing came from {origin}, or its rows are not in BigQuery (yet).", origin=origin), sys.stderr)
        return 1
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(list(found), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        print("\n".join(line for one in found for line in _lines(one)))
    return 0


def _lines(one: dict[str, Any]) -> list[str]:
    arrived = {name: one[name] for name in ("received_at", "outcome", "run", "job")}
    lines = [f"{one['origin']}", say("    {received_at}  {outcome}  run {run}, job {job}", **arrived)]
    if "dead_letter_id" in one:
        lines.append(f"    {one.get('code')} ({one.get('stage')}): {one.get('message')}")
        return [*lines, say("    its bytes: {command}", command=typed("lookup", one["dead_letter_id"], "--xml", "1"))]
    change = ""
    if "revision" in one:
        change = f"{legend.change(one['revision'], one.get('status_before'), one['status_after'])}, "
    told = {name: one[name] for name in ("kind", "access_key", "record_id")}
    lines.append(say("    {kind} {access_key}, {change}record {record_id}", change=change, **told))
    if one["outcome"] == "duplicate" and "first_origin" in one:
        lines.append(say("    came first from {origin} (run {run})", origin=one["first_origin"], run=one["first_run"]))
    return lines
