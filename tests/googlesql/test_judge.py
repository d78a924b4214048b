"""All SQL of the project is GoogleSQL, by Google's analyzer: views, and what people are given to type.

What jobs and commands send is judged as it reaches the emulator: ``tests/conftest.py``.
"""

from __future__ import annotations

from typing import Any

import pytest
from zetasql import types
from zetasql.api import TypeFactory

from tests.googlesql import written
from tests.googlesql.catalog import DATASET, PROJECT, Dataset, simple, table_names
from tests.googlesql.compare import assert_same
from tests.googlesql.language import InvalidSql
from tests.googlesql.sent import Sent, judge, missing
from tests.googlesql.written import Literal, Written
from transforms.truth.config import TruthConfig
from transforms.views import external, schema, sql

VIEWS = sql.views(PROJECT, DATASET)
WRITTEN = [*written.documents(), *written.helps()]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """All tables and views, and the table over Bigtable that DEPLOY has people make."""
    made = Dataset.whole()
    made.add("source_of_truth", _external())
    return made


def _external() -> list[tuple[str, types.Type]]:
    """Columns of a table over Bigtable whose families have the latest cell only, as BigQuery documents them."""
    truth = TruthConfig(project=PROJECT, instance="acervo", table="records")
    options: Any = external.configuration(truth).options
    columns = [("rowkey", simple("STRING"))]
    for family in options.column_families:
        fields = []
        for column in family.columns:
            cell = TypeFactory.create_struct_type([("timestamp", simple("TIMESTAMP")), ("value", simple(column.type_))])
            fields.append((column.qualifier_string, TypeFactory.create_struct_type([("cell", cell)])))
        columns.append((family.family_id, TypeFactory.create_struct_type(fields)))
    return columns


def test_every_table_that_has_a_schema_is_known_here(dataset: Dataset) -> None:
    assert set(schema.TABLES) <= set(table_names()) <= set(dataset.columns)


@pytest.mark.parametrize("view", [view.name for view in VIEWS])
def test_google_takes_every_view(dataset: Dataset, view: str) -> None:
    if view in dataset.refused:
        raise dataset.refused[view]


@pytest.mark.parametrize("one", WRITTEN, ids=lambda one: one.where)
def test_google_takes_what_people_are_given_to_type(dataset: Dataset, one: Written) -> None:
    dataset.analyze(one.sql)


def test_there_is_something_to_type() -> None:
    assert len(WRITTEN) >= 9
    assert {one.where.partition(",")[0] for one in WRITTEN} >= {"README.md", "docs/DEPLOY.md", "docs/RUNBOOK.md"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT SUM(documents) AS documents FROM `{}.unique_counts` HAVING SUM(documents) != 0", "Aggregations of"),
        ("SELECT COUNT(*) AS new FROM `{}.unique_arrivals`", "Unexpected keyword NEW"),
        ("SELECT * REPLACE (MAX(run) OVER () AS run) FROM `{}.dead_letters`", "Cannot use analytic functions inside"),
        ("SELECT no_such FROM `{}.unique_documents`", "Unrecognized name: no_such"),
        ("SELECT total + issued_on AS odd FROM `{}.unique_documents`", "No matching signature for operator +"),
        ("SELECT run FROM `{}.no_such`", "Table not found"),
    ],
)
def test_a_view_that_bigquery_would_refuse_fails_with_the_analyzers_words(
    dataset: Dataset, query: str, words: str
) -> None:
    broken = sql.View("broken", "", query.format(f"{PROJECT}.{DATASET}"), frozenset())
    refused = dataset.add_views([broken]).refused
    assert words in str(refused["broken"])
    assert "[at 1:" in str(refused.pop("broken"))


def test_what_a_query_reads_is_told_by_table_and_column(dataset: Dataset) -> None:
    found = dataset.analyze("SELECT access_key, COUNT(*) AS n FROM documents WHERE total > 1 GROUP BY access_key")
    assert dict(found.reads) == {"documents": {"access_key", "total"}}
    assert [name for name, _ in found.columns] == ["access_key", "n"]


def test_statements_are_judged_under_any_name_of_their_dataset_and_with_their_parameters(dataset: Dataset) -> None:
    good = [
        Sent("ALTER TABLE `p-x.d_1.events` ADD COLUMN IF NOT EXISTS fresh ARRAY<STRUCT<a STRING, b NUMERIC>>", ()),
        Sent("DELETE FROM `p.d_build.ready_events` WHERE TRUE", ()),
        Sent("INSERT INTO `p.b.ready_events` (record_id) SELECT record_id FROM `p.b.events`", ()),
        Sent("SELECT access_key FROM `p.d.arrivals` WHERE access_key IN UNNEST(@keys)", (("keys", "ARRAY<STRING>"),)),
        Sent("CREATE OR REPLACE VIEW `p.d.v` AS SELECT * FROM `p.d.events`", ()),
        Sent(
            "MERGE `p.d.events` AS t USING `p.d.documents` AS s ON s.record_id = t.record_id "
            "WHEN MATCHED THEN UPDATE SET run = s.run WHEN NOT MATCHED THEN INSERT (record_id) VALUES (s.record_id)",
            (),
        ),
    ]
    bad = [
        Sent("INSERT INTO `p.b.ready_events` (revision) SELECT record_id FROM `p.b.events`", ()),
        Sent("SELECT access_key FROM `p.d.arrivals` WHERE access_key = @key", (("key", "INT64"),)),
        Sent("ALTER TABLE `p.d.events` ADD COLUMN fresh NO_SUCH_TYPE", ()),
    ]
    judged = judge([*good, *bad, Sent("SELECT 1 FROM `p.d.of_somebody_else`", ())], dataset)
    assert judged.accepted == [one.sql for one in good]
    assert len(judged.refused) == len(bad)
    assert "has type STRING which cannot be inserted into column revision" in judged.refused[0]


def test_a_statement_of_the_sources_that_was_not_judged_is_found() -> None:
    literal = Literal("a.py:1", ("SELECT run FROM `", ".arrivals` WHERE access_key = '", "'"))
    assert missing([literal], ["SELECT run FROM `p.d.arrivals`\n  WHERE access_key = 'x'"]) == []
    assert missing([literal], ["SELECT job FROM `p.d.arrivals` WHERE access_key = 'x'"]) != []
    assert len(list(written.literals())) > 10


def test_two_engines_may_order_equals_as_they_like() -> None:
    rows = [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "z"}]
    assert_same(rows, [rows[1], rows[0], rows[2]], "SELECT a, b FROM t ORDER BY a")
    with pytest.raises(AssertionError, match="the order differs"):
        assert_same(rows, [rows[2], rows[0], rows[1]], "SELECT a, b FROM t ORDER BY a")
    with pytest.raises(AssertionError, match="the order differs"):
        assert_same(rows, [rows[1], rows[0], rows[2]], "SELECT a, b FROM t ORDER BY a DESC, b")
    with pytest.raises(AssertionError, match="rows differ"):
        assert_same(rows, [rows[0], rows[0], rows[2]], "SELECT a, b FROM t ORDER BY a")


def test_an_analyzer_error_is_an_assertion_so_that_pytest_shows_it_whole() -> None:
    assert issubclass(InvalidSql, AssertionError)
