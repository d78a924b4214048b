"""What every view scans at 600 million documents, held to its limits and to the page that tells of it.

Write the page anew: ACERVO_WRITE_COSTS=1 .venv/bin/pytest tests/googlesql/test_query_costs.py
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from local import query_costs
from local.generate import documents, leaves
from local.query_costs import AS_RECIPIENT, CASES, COMPANY_MONTH, LAST_DAY, LIMITS, ONE_KEY, WHOLE, Measured
from pipelines import command
from pipelines.pages.sections import SECTIONS
from tests import views_world as world
from tests.googlesql.catalog import DATASET, PROJECT, Dataset
from tests.googlesql.pruning import Pruning
from tests.googlesql.questions import QUESTIONS, Question
from transforms.model import Entry, RawDocument, Record
from transforms.parse.parser import parse
from transforms.views import schema, sql
from transforms.views.rows import rows_of

PAGE = Path(__file__).parents[2] / "docs" / "QUERY_COSTS.md"
NOTEBOOK = PAGE.with_name("analyst.ipynb")
BEGIN, END = "<!-- begin: written by tests/googlesql/test_query_costs.py -->\n", "<!-- end -->\n"
VIEWS = sql.views(PROJECT, DATASET)
SEED, SAMPLE = 11, 1_000
# The columns by which a view can be asked for a company, the first one that it has; for its month; and for a key.
_COMPANY = ("issuer_id", "recipient_id", "payer_id")
_MONTH = {"month": "DATE '2026-03-01'", "partition_month": "202603"}

# Views that scan more than they may, each with the reason.
_EVERY_DAY = "rows of a key may be of any day, and a block of each is read: `acervo lookup KEY` asks Bigtable"
_EVERY_MONTH = "which record speaks for a key is found among all months; `document_state` has it"
_RECORD = "the issuer is read of a record, and may differ between readings: only key and month reach the table"
_FIELDS = "reads what documents say beyond their state (items, taxes, instalments), which is found by key in all months"
REASONS = {
    "instalments_due": _FIELDS,
    "items_by_ncm_and_supplier": _FIELDS,
    "ncm_months": _FIELDS,
    "sped_documents": _FIELDS,
    "sped_items": _FIELDS,
    "nsu_received": _EVERY_DAY,
    "numbers_under_several_keys": "one number is looked for among all months of its issuer, who is that of the key",
    "unique_changes": _EVERY_DAY,
    "unique_arrivals": _EVERY_DAY,
    "unique_daily_arrivals": _EVERY_DAY,
    "arrivals_by_origin": _EVERY_DAY,
    "history": _EVERY_DAY,
    "headline_documents": _EVERY_MONTH,
    "unique_documents": _RECORD,
    "unique_events": _RECORD,
    "state_from_records": "computes every state from the records, to check the others against",
    "cte_documents": "looks up the states of whatever keys the documents carry",
    "freight_costs": "looks whether any key replaces the document; payers are no cluster",
    "numbering_gaps": "numbers are in order by the issuer in the key, beside records of all months",
}


def _rows() -> tuple[list[tuple[str, dict[str, Any]]], int]:
    """Rows of generated documents, and how many keys with documents they are of."""
    entries: dict[str, Entry] = {}
    for generated in documents(SEED, SAMPLE):
        for leaf in leaves(generated):
            for found in parse(RawDocument(leaf.payload, "gs://archives-of-a-company/2026/03/archive-0123.zip", 0)):
                if isinstance(found, Record):
                    entries.setdefault(found.entry.record_id, found.entry)
    applied = world.applied(entries.values(), run="backfill/0123456789abcdef")
    rows = [row for one in applied for row in rows_of(one)]
    last = {row["access_key"]: row for table, row in rows if table == schema.CHANGES}
    rows += [(schema.STATES, _state(row)) for row in last.values() if row["kind"] != "voided_range"]
    # A stream's change is a row of counts in each dimension, before and after; a slot seldom has two of one sum.
    for table, row in list(rows):
        if table == schema.CHANGES:
            rows += [(schema.COUNTS, _count(row)) for _ in range(3 if row["revision"] == 1 else 6)]
    # Added up by day these fall together, by recipient at worst not at all: no two documents of a day, and no two
    # changes of a key, have one sum.
    for table, row in list(rows):
        if table == schema.CHANGES:
            rows += [(schema.CLOSED_COUNTS, _count(row)) for _ in range(1 if row["revision"] == 1 else 2)]
    return rows, sum(table == schema.STATES for table, _ in rows)


def _state(change: dict[str, Any]) -> dict[str, Any]:
    """The row of states that a change makes, as far as sizes go."""
    said = {**change, "changed_at": 0, "series": 0, "number": 0, **json.loads(change["state_after"])}
    said |= {name.removeprefix("head_"): value for name, value in change.items() if name.startswith("head_")}
    said |= {name.removesuffix("_after"): value for name, value in change.items() if name.endswith("_after")}
    if "head_record_id" not in change:
        said = {name: value for name, value in said.items() if name not in ("record_id", "received_at")}
    return {column.name: said.get(column.name) for column in schema.load(schema.STATES).columns}


def _count(change: dict[str, Any]) -> dict[str, Any]:
    return {
        "partial": "log/2026-03-10T12:00:04", "dimension": "issuer", "value": "11222333000181", "model": "55",
        "environment": 1, "status": "authorised", "day": "2026-03-10", "month": "2026-03-01", "partition_month": 202603,
        "documents": 1, "total": "1.00", "job_started_at": 0, "version": 1, "computed_at": 0,
        "operation_type": 1, "purpose": 1, "log_day": "2026-03-10",
    }  # fmt: skip


def _question(columns: Collection[str], case: str) -> dict[str, str] | None:
    """The conditions by which a view is asked in a case, None where it has no columns for them."""
    found: dict[str, str] = {}
    if case == WHOLE:
        return found
    if case == LAST_DAY:
        return {"day": "DATE '2026-03-10'"} if "hour" in columns else None
    if case == ONE_KEY and "access_key" not in columns:
        return None
    if case == ONE_KEY:
        found["access_key"] = "'35260311222333000181550010000000011000000019'"
    company = next((name for name in _COMPANY if name in columns), None)
    if case == AS_RECIPIENT:
        company = "recipient_id" if {"recipient_id", "issuer_id", "month"} <= set(columns) else None
    if company:
        found[company] = "'11222333000181'"
    elif case in (COMPANY_MONTH, AS_RECIPIENT):
        return None
    return found | {name: value for name, value in _MONTH.items() if name in columns}


def _scan(pruning: Pruning, view: str, conditions: dict[str, str], known: dict[str, Measured]) -> float:
    """The ways to ask that BigQuery would have: conditions on partitions and clusters."""
    where = " AND ".join(f"{name} = {value}" for name, value in conditions.items()) or "TRUE"
    scans = pruning.scans(f"SELECT * FROM {view} WHERE {where}")
    return sum(query_costs.scanned(one.table, one.columns, one.filters, known[one.table]) for one in scans)


class Costs(NamedTuple):
    """Bytes of each view and case, None where it cannot be asked so; and of a state."""

    bytes: dict[str, dict[str, float | None]]
    known: dict[str, Measured]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset.whole()


@pytest.fixture(scope="module")
def pruning(dataset: Dataset) -> Pruning:
    return Pruning(dataset, VIEWS)


@pytest.fixture(scope="module")
def costs(dataset: Dataset, pruning: Pruning) -> Costs:
    rows, keys = _rows()
    known = query_costs.measure(rows, keys)
    # Few in the sample, and no reason to read much.
    for name in schema.TABLES:
        known.setdefault(name, Measured(0.01, {column.name: 20.0 for column in schema.load(name).columns}))
    found: dict[str, dict[str, float | None]] = {}
    for view in VIEWS:
        columns = [name for name, _ in dataset.columns[view.name]]
        asked = {case: _question(columns, case) for case in CASES}
        found[view.name] = {
            case: None if conditions is None else _scan(pruning, view.name, conditions, known)
            for case, conditions in asked.items()
        }
    return Costs(found, known)


def _line(costs: Costs, question: Question, view: str) -> str:
    whole, company = (query_costs.cell(costs.bytes[view][case]) for case in (WHOLE, COMPANY_MONTH))
    places = [f"report, {', '.join(f'`{name}`' for name in question.sections)}"] if question.sections else []
    places += [f"[notebook](analyst.ipynb), {question.notebook}"] if question.notebook else []
    places += [f"`{question.command}`"] if question.command else []
    asked = question.asked if view == question.views[0] else ""
    return f"| {asked} | `{view}` | {whole} | {company} | {'; '.join(places) if asked else ''} |"


def _page(costs: Costs) -> str:
    lines = [
        "| question | view | whole | a company, a month | answered in |",
        "|---|---|---|---|---|",
        *(_line(costs, question, view) for question in QUESTIONS for view in question.views),
        "",
        f"| view | {' | '.join(CASES)} |",
        "|---|" + "---|" * len(CASES),
        *(
            f"| `{name}` | " + " | ".join(query_costs.cell(found[case]) for case in found) + " |"
            for name, found in sorted(costs.bytes.items())
        ),
        "",
        "| above its limit | reason |",
        "|---|---|",
        *(f"| `{name}` | {reason} |" for name, reason in sorted(REASONS.items())),
        "",
        "| table | rows for a document | bytes of a row |",
        "|---|---|---|",
        *(f"| `{name}` | {one.rows:.2f} | {one.row_bytes:,.0f} |" for name, one in sorted(costs.known.items())),
        "",
    ]
    return "\n".join(lines)


def test_no_view_scans_more_than_it_may_unless_a_reason_is_told(costs: Costs) -> None:
    above = {
        name: {case: query_costs.told(found[case] or 0) for case, most in LIMITS.items() if (found[case] or 0) > most}
        for name, found in costs.bytes.items()
    }
    above = {name: cases for name, cases in above.items() if cases}
    assert above.keys() == REASONS.keys(), above


@pytest.mark.parametrize(
    ("view", "case"),
    [
        (sql.STATE_VIEW, COMPANY_MONTH), (sql.STATE_VIEW, ONE_KEY), ("ingestion_health", LAST_DAY),
        ("counts_by_issuer", COMPANY_MONTH), ("issuer_months", COMPANY_MONTH),
    ],
)  # fmt: skip
def test_what_is_asked_most_is_within_its_limit(costs: Costs, view: str, case: str) -> None:
    found = costs.bytes[view][case]
    assert found is not None
    assert found <= LIMITS[case]


def test_the_page_says_what_is_so(costs: Costs) -> None:
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    right = f"{before}{BEGIN}{_page(costs)}{END}{after}"
    if os.environ.get("ACERVO_WRITE_COSTS"):
        PAGE.write_text(right, "utf-8")
    assert PAGE.read_text("utf-8") == right, "write it anew: ACERVO_WRITE_COSTS=1 .venv/bin/pytest " + __file__


def test_each_question_is_answered_where_the_page_says() -> None:
    views, sections = {view.name for view in VIEWS}, {section.name: section.sql for section in SECTIONS}
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]]
    for question in QUESTIONS:
        assert views.issuperset(question.views), question
        assert question.sections or question.notebook or question.command, question
        for name in question.sections:
            assert any(f"FROM {view}" in sections[name] for view in question.views), (question, name)
        if question.notebook:
            (begin,) = (n for n, cell in enumerate(cells) if cell.startswith(f"## {question.notebook}. "))
            asked = "".join(cells[begin : begin + 4])
            assert all(view in asked for view in question.views), question
        if question.command:
            assert question.command.split()[1] in command.COMMANDS, question


def test_filters_of_states_reach_partitions_and_clusters(pruning: Pruning) -> None:
    scans = pruning.scans(
        f"SELECT total FROM {sql.STATE_VIEW} WHERE issuer_id = 'a' AND recipient_id = 'b' AND access_key = 'k' "
        "AND month >= DATE '2026-01-01' AND status IN ('x', 'y')"
    )
    (states,) = (one for one in scans if one.table == schema.STATES)
    assert states.filters == {
        "issuer_id": "=", "recipient_id": "=", "access_key": "=", "month": ">=", "status": "=",
    }  # fmt: skip
    assert states.columns == {"issuer_id", "recipient_id", "access_key", "month", "status", "total"}
    assert all(one.filters.get(schema.CURRENT_AT) == ">=" for one in scans if one.table == schema.CHANGES)


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("SELECT run FROM (SELECT *, DATE(applied_at) AS d FROM arrivals) WHERE d = DATE '2026-01-01'", "applied_at"),
        ("SELECT run FROM arrivals WHERE run = 'r' OR origin = 'o'", ""),
        ("SELECT * FROM (SELECT run, COUNT(*) AS n FROM arrivals GROUP BY run) WHERE run = 'r' AND n = 1", "run"),
        ("SELECT * FROM (SELECT run, origin, ROW_NUMBER() OVER (PARTITION BY run) AS n FROM arrivals) "
         "WHERE run = 'r' AND origin = 'o'", "run"),
        ("SELECT * FROM (SELECT * FROM arrivals LIMIT 5) WHERE run = 'r'", ""),
        ("SELECT a.run FROM counts AS c LEFT JOIN arrivals AS a ON a.run = c.partial WHERE a.run = 'r'", ""),
    ],
)  # fmt: skip
def test_a_condition_reaches_a_table_only_where_it_says_the_same(pruning: Pruning, query: str, filters: str) -> None:
    (found,) = (one for one in pruning.scans(query) if one.table == schema.ARRIVALS)
    assert ",".join(sorted(found.filters)) == filters


def test_bytes_are_those_of_the_price_list() -> None:
    text, number = schema.Column("a", "STRING", "NULLABLE", ""), schema.Column("b", "NUMERIC", "REPEATED", "")
    assert query_costs.logical_bytes(text, "ação") == 2 + 6
    assert query_costs.logical_bytes(text, None) == 0
    assert query_costs.logical_bytes(number, ["1.00", "2"]) == 32
