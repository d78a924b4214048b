"""The SQL of the views: templates in ``sql/*.sql``, filled with the dataset and the rules of the fold. Pure.

A template opens with comment lines, which are the view's description, and names other tables and views as
```${dataset}.name```. Rules come from ``transforms.history.rules`` as tables of literals, so each is written once.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import TopologicalSorter
from importlib import resources
from string import Template
from typing import NamedTuple

from transforms.history import rules

# Days are counted in the time of Brasília, as the law does.
TODAY = "CURRENT_DATE('America/Sao_Paulo')"
_PROJECT = re.compile(r"([a-z0-9.\-]+:)?[a-z][a-z0-9\-]{4,28}[a-z0-9]")
_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}")
_REFERENCE = re.compile(r"`\$\{dataset\}\.(\w+)`")
_FREIGHT_MODELS = tuple(model for model, family in rules.FAMILY_OF_MODEL.items() if family == rules.CTE)


class View(NamedTuple):
    """A view, ready to be created. ``uses`` are the tables and views that it reads."""

    name: str
    description: str
    query: str
    uses: frozenset[str]


def views(project: str, dataset: str, today: str = TODAY) -> list[View]:
    """All views of a dataset, each after the views that it reads.

    ``today`` is the SQL expression of the date that days are counted to. Raises ValueError for a project or dataset
    whose name BigQuery would not take: names go into SQL.
    """
    if not _PROJECT.fullmatch(project):
        raise ValueError(f"{project!r} is not a project id, such as my-project-1")
    if not _DATASET.fullmatch(dataset):
        raise ValueError(f"{dataset!r} is not a dataset name: letters, digits and underscores only")
    values = {"dataset": f"{project}.{dataset}", "today": today, **_rule_values()}
    found = {name: _view(name, text, values) for name, text in _templates().items()}
    order = TopologicalSorter({name: sorted(view.uses & found.keys()) for name, view in sorted(found.items())})
    return [found[name] for name in order.static_order()]


@cache
def _templates() -> dict[str, str]:
    folder = resources.files(__package__).joinpath("sql")
    return {
        entry.name.removesuffix(".sql"): entry.read_text("utf-8")
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
    families = rules.CANCELLING_EVENTS
    return {
        "families": _table(("model", "family"), rules.FAMILY_OF_MODEL.items()),
        "default_family": rules.NFE,
        "form_ranks": _table(("form", "rank"), rules.FORM_RANK.items()),
        "protocol_statuses": _table(
            ("code", "status"), ((code, rule.status) for rule in rules.PROTOCOL_RULES for code in rule.codes)
        ),
        "summary_statuses": _table(("code", "status"), rules.SUMMARY_STATUS.items()),
        "voided_statuses": _table(("code", "status"), rules.VOIDED_RANGE_STATUS.items()),
        "accepted_returns": _table(
            ("family", "code"), ((family, code) for family, codes in rules.ACCEPTED_RETURNS.items() for code in codes)
        ),
        "late_returns": _table(("code",), ((code,) for code in rules.LATE_RETURNS)),
        "deciding_events": _table(
            ("family", "event_type", "status", "late_status"), (row for family in families for row in _deciding(family))
        ),
        "status_ranks": _table(
            ("status", "rank"), ((status, rank) for rank, group in enumerate(rules.PRECEDENCE) for status in group)
        ),
        "correction_events": _table(("family", "event_type"), _pairs(rules.CORRECTION_EVENTS)),
        "epec_events": _table(("family", "event_type"), _pairs(rules.EPEC_EVENTS)),
        "attribute_rules": _table(
            ("family", "name", "event_type", "value", "weakness"),
            (row for attribute in rules.ATTRIBUTES for row in _attribute_rows(attribute)),
        ),
        "manifestation_days": str(rules.MANIFESTATION_DAYS),
        "inconclusive_manifestations": _list(rules.MANIFESTATION.weaker.values()),
        "confirmed": rules.MANIFESTATION.values["210200"] or "",
        "freight_models": _list(_FREIGHT_MODELS),
        "unknown": rules.UNKNOWN,
        "unprotocoled": rules.UNPROTOCOLED,
        "authorised": rules.AUTHORISED,
        "authorised_late": rules.AUTHORISED_LATE,
        "denied": rules.DENIED,
        "cancelled": rules.CANCELLED,
        "cancelled_late": rules.CANCELLED_LATE,
    }


def _deciding(family: str) -> Iterable[tuple[str, str, str, str]]:
    """Events that decide the status; a type that both cancels and closes cancels, as in the fold."""
    for event_type in rules.CANCELLING_EVENTS[family]:
        yield family, event_type, rules.CANCELLED, rules.CANCELLED_LATE
    for event_type in rules.CLOSING_EVENTS[family]:
        if event_type not in rules.CANCELLING_EVENTS[family]:
            yield family, event_type, rules.CLOSED, rules.CLOSED


def _attribute_rows(attribute: rules.Attribute) -> Iterable[tuple[str, str, str, str | None, int]]:
    groups: tuple[Mapping[str, str | None], ...] = (attribute.values, attribute.weaker)
    for weakness, values in enumerate(groups):
        for event_type, value in values.items():
            yield attribute.family, attribute.name, event_type, value, weakness


def _pairs(groups: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    return ((family, value) for family, values in groups.items() for value in values)


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
    if not isinstance(value, str) or not value.replace("_", "").isalnum() or not value.isascii():
        raise ValueError(f"{value!r} is no plain literal")
    return f"'{value}'"
