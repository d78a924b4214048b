"""What a dataset has to query: its tables and views, their columns, and suggestions for misspelt names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import bigquery

from transforms.errors import AcervoError
from transforms.language import mark, say, tr
from transforms.views import rest, schema, sql

NOTHING_THERE = mark("acervo tables creates the tables and views; acervo query --tables lists what is there.")
ABSENT = mark("There is no {name} in {dataset}.")
NO_DATASET = mark("There is no dataset {dataset}.")
_RETRY = rest.retry(10.0)
_ABSENT = re.compile(r"(?:\btable\b|\bview\b|[Nn]ot found:?)\W+(?:\w+\s+)?[`\"']?([\w.:-]+)", re.IGNORECASE)
_NO_DATASET = re.compile(r"Not found: Dataset ")
_LIKE = 0.5


class DescribeError(AcervoError):
    """What a dataset has could not be told; the message says why and what to do."""


def look(client: bigquery.Client, dataset: str, name: str | None = None) -> tuple[list[str], list[tuple[str, ...]]]:
    """Column names and rows to show: of all tables and views, or with ``name`` of its columns. Raises DescribeError."""
    try:
        if name is None:
            listed = client.list_tables(f"{client.project}.{dataset}", retry=_RETRY)
            return [tr("name"), tr("type"), tr("description")], sorted(_line(client, item) for item in listed)
        table = client.get_table(f"{client.project}.{dataset}.{name}", retry=_RETRY)
    except NotFound as error:
        hint = did_you_mean(name) if name else ""
        place = f"{client.project}.{dataset}"
        absent = say(ABSENT, name=name, dataset=place) if name else say(NO_DATASET, dataset=place)
        raise DescribeError(f"{absent} {hint or tr(NOTHING_THERE)}") from error
    except GoogleAPICallError as error:
        raise DescribeError(rest.explain(error, tr("roles/bigquery.metadataViewer on the dataset"))) from error
    return [tr("column"), tr("type"), tr("description")], list(_columns(table.schema))


def _line(client: bigquery.Client, item: bigquery.table.TableListItem) -> tuple[str, ...]:
    described = client.get_table(item.reference, retry=_RETRY).description or ""
    return item.table_id, str(item.table_type).lower(), described.partition("\n")[0]


def _columns(fields: Sequence[bigquery.SchemaField], outer: str = "") -> Iterable[tuple[str, str, str]]:
    for field in fields:
        kind = f"ARRAY<{field.field_type}>" if field.mode == "REPEATED" else field.field_type
        yield f"{outer}{field.name}", kind, field.description or ""
        yield from _columns(field.fields, f"{outer}{field.name}.")


def did_you_mean(text: str | None) -> str:
    """A question that suggests the project's names nearest to the one that was not found; empty if none is near.

    ``text``: the name, or an error message that has it.
    """
    if _NO_DATASET.search(text or ""):
        return ""
    found = _ABSENT.search(text or "")
    wanted = re.split(r"[.:]", (found[1] if found else text or "").strip(".:"))[-1]
    known = names()
    near = [] if wanted in known else difflib.get_close_matches(wanted, known, n=3, cutoff=_LIKE)
    return say("Did you mean {name}?", name=tr(", or ").join(near)) if near else ""


def names() -> list[str]:
    """Names of the project's tables and views."""
    return [*schema.TABLES, *(view.name for view in sql.views("some-project", "some_dataset"))]
