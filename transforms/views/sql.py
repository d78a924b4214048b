"""The SQL of the views: templates in ``sql/*.sql``, filled with the dataset and the rules of the fold. Pure.

A template opens with comment lines, which are the view's description, and names other tables and views as
```${dataset}.name```. Rules come from ``transforms.families`` and ``transforms.history.rules``
as tables of literals, so each is written once.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from graphlib import TopologicalSorter
from importlib import resources
from string import Template
from typing import NamedTuple

from transforms import access_key, instants
from transforms.errors import AcervoError
from transforms.families import DEFAULT, FAMILIES, FAMILY_OF_MODEL, booking, common, cte, nfe, statuses
from transforms.families.family import Attribute, Family
from transforms.history import rules
from transforms.history.dimensions import COUNTED_BY, DIMENSIONS
from transforms.language import say
from transforms.views import key_sql

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


_COUNT_KEY = ", ".join(("dimension", "value", *COUNTED_BY))
# Of two attempts of bounded jobs at one partial the later job's is right, and the later one of one job; of two sums of
# a slot of the change log, the one of more contributions.
_FIRST_OF_PARTIAL = f"""ROW_NUMBER() OVER (
  PARTITION BY partition_month, partial, {_COUNT_KEY}
  ORDER BY job_started_at DESC, version DESC, computed_at DESC
) = 1"""


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
    values = {"dataset": path, "today": today, "window": since(merged_until), "closed_before": closed, **_rule_values()}
    found = {name: _view(name, text, values) for name, text in _templates().items()}
    order = TopologicalSorter({name: sorted(view.uses & found.keys()) for name, view in sorted(found.items())})
    return [found[name] for name in order.static_order()]


def state_of_changes(project: str, dataset: str, window: str) -> str:
    """The query that makes rows of ``states`` of the last change of each key, of the changes that ``window`` says."""
    return Template(_state_of_changes()).substitute(
        {"dataset": _path(project, dataset), "window": window, **_rule_values()}
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
    path, values = _path(project, dataset), _rule_values()
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


@cache
def _rule_values() -> dict[str, str]:
    families = FAMILIES.values()
    return {
        "families": _table(("model", "family"), ((model, family.name) for model, family in FAMILY_OF_MODEL.items())),
        "default_family": DEFAULT.name,
        "model_of_document": key_sql.model("document.access_key"),
        "model_of_event": key_sql.model("event.access_key"),
        "model_of_documents": key_sql.model("documents.access_key"),
        "model_in_key": key_sql.model("access_key"),
        "series_of_key": key_sql.part("latest.access_key", "series"),
        "number_of_key": key_sql.part("latest.access_key", "number"),
        "issuer_in_key": key_sql.part("access_key", "issuer"),
        "place_in_key": key_sql.part("access_key", "place"),
        "issuer_in_dps": key_sql.part("dps_id", "issuer"),
        "place_in_dps": key_sql.part("dps_id", "place"),
        "length_of_dps": str(access_key.DPS.length),
        "model_of_dps": access_key.MODEL_OF_DPS,
        "issuer_in_own_key": key_sql.part("own_key", "issuer"),
        "series_in_own_key": key_sql.part("own_key", "series"),
        "number_in_own_key": key_sql.part("own_key", "number"),
        "count_key": _COUNT_KEY,
        "first_of_partial": _FIRST_OF_PARTIAL,
        "dimensions_before": ", ".join(f"{name}_before AS {name}" for name in DIMENSIONS),
        "dimensions_after": ", ".join(f"{name}_after" for name in DIMENSIONS),
        "form_ranks": _table(("form", "rank"), rules.FORM_RANK.items()),
        "protocol_statuses": _table(
            ("family", "code", "status", "dated", "rejection"),
            (
                (f.name, code, rule.status, int(rule.dated), int(rule.is_rejection))
                for f in families
                for code, rule in f.rule_of_protocol.items()
            ),
        ),
        "summary_statuses": _table(("code", "status"), rules.SUMMARY_STATUS.items()),
        "voided_statuses": _table(("code", "status"), rules.VOIDED_RANGE_STATUS.items()),
        "accepted_returns": _table(("family", "code"), _pairs("accepted_returns")),
        "repeated_returns": _table(("family", "code"), _pairs("repeated_returns")),
        "registered_forms": _table(("family", "form"), _pairs("registered_forms")),
        "annulling_events": _table(("family", "event_type"), _pairs("annulling_events")),
        "form_statuses": _table(
            ("family", "form", "status"), ((f.name, *found) for f in families for found in f.form_statuses.items())
        ),
        "late_returns": _table(("code",), ((code,) for code in common.LATE_RETURNS)),
        "deciding_events": _table(
            ("family", "event_type", "status", "late_status"),
            ((f.name, event_type, *found) for f in families for event_type, found in f.statuses_of_event.items()),
        ),
        "status_ranks": _table(("status", "rank"), ((status, rank) for rank, status in enumerate(statuses.PRECEDENCE))),
        "correction_events": _table(("family", "event_type"), _pairs("correction_events")),
        "epec_events": _table(("family", "event_type"), _pairs("epec_events")),
        "attribute_rules": _table(
            ("family", "name", "event_type", "value", "weakness"),
            (row for f in families for attribute in f.attributes for row in _attribute_rows(f, attribute)),
        ),
        "attribute_columns": _attribute_columns("attributes_of_key.{0}, attributes_of_key.{0}_at"),
        "attribute_values": _attribute_columns(
            "MAX(IF(name = '{0}', value, NULL)) AS {0}, MAX(IF(name = '{0}', instant, NULL)) AS {0}_at"
        ),
        "stored_attributes": _attribute_columns(
            "JSON_VALUE(latest.state_after.{0}) AS {0}, "
            "SAFE_CAST(JSON_VALUE(latest.state_after.{0}_at) AS TIMESTAMP) AS {0}_at"
        ),
        "manifestation_days": str(nfe.MANIFESTATION_DAYS),
        "inconclusive_manifestations": _list(nfe.MANIFESTATION.weaker.values()),
        "confirmed": nfe.MANIFESTATION.values["210200"] or "",
        "in_force": _list(statuses.IN_FORCE),
        "annulment_purpose": str(cte.ANNULMENT_PURPOSE),
        "freight_models": _list(FAMILIES["cte"].models),
        **{status: status for status in statuses.STATUSES},
        **_booking_values(),
    }


def _booking_values() -> dict[str, str]:
    """What the views for SPED are filled with."""
    return {
        "sped_registers": _table(
            ("model", "name", "buyer", "digits"),
            ((model, one.name, one.buyer, one.digits) for one in booking.REGISTERS for model in one.models),
        ),
        "sped_situations": _table(
            ("model", "status", "code", "issuer", "buyer"),
            (
                (model, status, one.code, one.issuer, one.buyer)
                for one in booking.SITUATIONS
                for model in one.models
                for status in one.statuses
            ),
        ),
        "sped_complements": _table(("model", "purpose"), booking.COMPLEMENTS),
        "regular": booking.REGULAR,
        "complementary": booking.COMPLEMENTARY,
        "special": booking.SPECIAL,
        "voided_situation": booking.VOIDED,
        "booked_in_force": _list(booking.IN_FORCE),
        "discontinued": _list(booking.DISCONTINUED),
        "optional_from": booking.OPTIONAL_FROM.isoformat(),
        "discontinued_from": booking.DISCONTINUED_FROM.isoformat(),
        "office_model": booking.OFFICE_MODEL,
        "office_series": " AND ".join(map(str, booking.OFFICE_SERIES)),
        "not_received": _list(booking.NOT_RECEIVED),
        "entry": str(booking.ENTRY),
        "most_voided": str(booking.MOST_VOIDED),
        "voided_models": _list(booking.VOIDED_MODELS),
        "must": booking.MUST,
        "may": booking.MAY,
        "must_not": booking.MUST_NOT,
    }


def _attribute_columns(template: str) -> str:
    """The template once for each attribute that a family's states may have."""
    names = [attribute.name for family in FAMILIES.values() for attribute in family.attributes]
    return ",\n".join(template.format(name) for name in sorted(names))


def _attribute_rows(family: Family, attribute: Attribute) -> Iterable[tuple[str, str, str, str | None, int]]:
    groups: tuple[Mapping[str, str | None], ...] = (attribute.values, attribute.weaker)
    for weakness, values in enumerate(groups):
        for event_type, value in values.items():
            yield family.name, attribute.name, event_type, value, weakness


def _pairs(attribute: str) -> Iterable[tuple[str, object]]:
    """Name of each family, with each value of a tuple that it has."""
    return ((family.name, value) for family in FAMILIES.values() for value in getattr(family, attribute))


def _table(columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """A table of literals as a subquery, its columns named by the first row."""
    selects: list[str] = []
    for row in rows:
        names = [f" AS {column}" if not selects else "" for column in columns]
        selects.append("SELECT " + ", ".join(_literal(v) + name for v, name in zip(row, names, strict=True)))
    return f"({' UNION ALL '.join(selects)})"


def _list(values: Iterable[str]) -> str:
    return ", ".join(_literal(value) for value in values)


def _literal(value: object) -> str:
    if value is None:
        return "CAST(NULL AS STRING)"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or not value.replace("_", "").replace("/", "").isalnum() or not value.isascii():
        raise ValueError(f"{value!r} is not a plain literal")
    return f"'{value}'"
