"""The SQL of the views: templates in ``sql/*.sql``, filled with the dataset and the rules of the fold. Pure.

A template opens with comment lines, which are the view's description, and names other tables and views as
```${dataset}.name```. Rules come from ``transforms.families`` and ``transforms.history.rules``
as tables of literals, so each is written once.
"""

from __future__ import annotations

import itertools
import re
from datetime import date, datetime
from functools import cache
from graphlib import TopologicalSorter
from importlib import resources
from string import Template
from typing import NamedTuple

from transforms import instants
from transforms.errors import AcervoError
from transforms.language import say
from transforms.views.rule_values import rule_values

# Days are counted in the time of Brasília, as the law does.
TODAY = "CURRENT_DATE('America/Sao_Paulo')"
# Nothing is merged.
NEVER = 0
STATE_VIEW = "document_state"
COUNT_VIEW = "current_counts"
# No day of the change log is closed.
NOTHING_CLOSED = date(1970, 1, 1)
_STATE_OF_CHANGES = "${state_of_changes}"
_CLOSED = re.compile(r"log_day < DATE '([^']+)'")
_CLOSING = re.compile(r"\n-- closing (\S+)")
_MERGED = re.compile(r"current_at >= TIMESTAMP '([^']+)'")
_PROJECT = re.compile(r"([a-z0-9.\-]+:)?[a-z][a-z0-9\-]{4,28}[a-z0-9]")
_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}")
_REFERENCE = re.compile(r"`\$\{dataset\}\.(\w+)`")


class DatasetNameError(AcervoError, ValueError):
    """A name that BigQuery would not take for a project or a dataset."""


class View(NamedTuple):
    """A view, ready to be created. ``uses`` are the tables and views that it reads."""

    name: str
    description: str
    query: str
    uses: frozenset[str]


def views(
    project: str, dataset: str, today: str = TODAY, merged_until: int = NEVER, closed_until: date = NOTHING_CLOSED
) -> list[View]:
    """All views of a dataset, each after the views that it reads.

    ``today`` is the SQL expression of the date that days are counted to. ``merged_until``: changes that were current
    since then (micros) lie over the table of states. ``closed_until``: partial sums of days of the change log before it
    are read added up. Raises DatasetNameError for a project or dataset whose name
    BigQuery would not take: names go into SQL.
    """
    path = _path(project, dataset)
    closed = f"DATE '{closed_until}'"
    values = {"dataset": path, "today": today, "window": since(merged_until), "closed_before": closed, **rule_values()}
    found = {name: _view(name, text, values) for name, text in _templates().items()}
    order = TopologicalSorter({name: sorted(view.uses & found.keys()) for name, view in sorted(found.items())})
    return [found[name] for name in order.static_order()]


def state_of_changes(project: str, dataset: str, window: str) -> str:
    """The query that makes rows of ``states`` of the last change of each key, of the changes that ``window`` says."""
    return Template(_state_of_changes()).substitute(
        {"dataset": _path(project, dataset), "window": window, **rule_values()}
    )


def since(merged_until: int) -> str:
    """The condition on changes that are not all merged: a literal, as nothing else prunes partitions."""
    return f"current_at >= {instant(merged_until)}"


def instant(micros: int) -> str:
    """An instant as a literal, to the second."""
    return f"TIMESTAMP '{instants.datetime_of(micros).strftime('%Y-%m-%d %H:%M:%S+00')}'"


def merged_until(query: str) -> int:
    """Since when (micros) the view of states lays changes over them, of its query; NEVER where it does not say so."""
    found = _MERGED.search(query)
    return instants.micros_of(datetime.fromisoformat(f"{found[1]}:00")) if found else NEVER


def closed_until(query: str) -> date:
    """Before which day partial sums are read added up, of the query of the view of counts."""
    found = _CLOSED.search(query)
    return date.fromisoformat(found[1]) if found else NOTHING_CLOSED


def closing(query: str) -> date | None:
    """Before which day they are being added up at this moment, None where nobody is at it."""
    found = _CLOSING.search(query)
    return date.fromisoformat(found[1]) if found else None


def count_view(project: str, dataset: str, closed: date, being_closed: date | None = None) -> str:
    """The query of the view of counts, with a note of the day before which sums are being made."""
    (view,) = (one for one in views(project, dataset, closed_until=closed) if one.name == COUNT_VIEW)
    return f"{view.query}-- closing {being_closed}\n" if being_closed else view.query


def close_counts(project: str, dataset: str, start: date, end: date) -> str:
    """Makes the rows of closed days, of the days since ``start`` and before ``end``, what their partial sums add up to.

    One statement, all or nothing: rows of those days go, and are made anew.
    """
    path, values = _path(project, dataset), rule_values()
    columns = f"log_day, {values['count_key']}, partition_month"
    within = f"log_day >= DATE '{start}' AND log_day < DATE '{end}'"
    return f"""
MERGE `{path}.closed_counts` AS closed
USING (
  SELECT {columns}, SUM(documents) AS documents, SUM(total) AS total
  FROM (
    SELECT * FROM `{path}.counts` WHERE {within} QUALIFY {values["first_of_partial"]}
  )
  GROUP BY {columns}
  HAVING documents != 0 OR total != 0
) AS day
ON FALSE
WHEN NOT MATCHED BY SOURCE AND closed.log_day >= DATE '{start}' THEN DELETE
WHEN NOT MATCHED BY TARGET THEN
  INSERT ({columns}, documents, total)
  VALUES ({", ".join(f"day.{name}" for name in columns.split(", "))}, day.documents, day.total)"""


def _path(project: str, dataset: str) -> str:
    if not _PROJECT.fullmatch(project):
        raise DatasetNameError(say("{project!r} is not a project id, such as my-project-1", project=project))
    if not _DATASET.fullmatch(dataset):
        raise DatasetNameError(
            say("{dataset!r} is not a dataset name: letters, digits and underscores only", dataset=dataset)
        )
    return f"{project}.{dataset}"


@cache
def _state_of_changes() -> str:
    return resources.files(__package__).joinpath("parts", "state_of_changes.sql").read_text("utf-8").rstrip()


@cache
def _templates() -> dict[str, str]:
    folder = resources.files(__package__).joinpath("sql")
    return {
        entry.name.removesuffix(".sql"): entry.read_text("utf-8").replace(_STATE_OF_CHANGES, _state_of_changes())
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    }


def _view(name: str, text: str, values: dict[str, str]) -> View:
    query = Template(text).substitute(values)
    opening = itertools.takewhile(lambda line: line.startswith("--"), query.split("\n"))
    description = " ".join(line.removeprefix("--").strip() for line in opening)
    return View(name, description, query, frozenset(_REFERENCE.findall(text)))
