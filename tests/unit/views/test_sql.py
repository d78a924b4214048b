from __future__ import annotations

import re
from datetime import date

import pytest
import sqlglot
from sqlglot import exp

from tests.histories import deciding_events
from transforms.counting.contributions import CountKey
from transforms.families import FAMILIES
from transforms.history.dimensions import COUNTED_BY
from transforms.views import schema, sql

VIEWS = sql.views("some-project", "acervo")
NAMES = [view.name for view in VIEWS]


@pytest.mark.parametrize("view", VIEWS, ids=NAMES)
def test_every_view_is_one_select_in_googlesql(view: sql.View) -> None:
    statements = sqlglot.parse(view.query, dialect="bigquery")
    assert len(statements) == 1
    assert isinstance(statements[0], exp.Query)


@pytest.mark.parametrize("view", VIEWS, ids=NAMES)
def test_every_view_names_tables_in_full_and_only_those_that_exist(view: sql.View) -> None:
    tree = sqlglot.parse_one(view.query, dialect="bigquery")
    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and table.name not in local:
            assert (table.catalog, table.db) == ("some-project", "acervo"), table.sql()
            assert table.name in {*NAMES, *schema.TABLES, *schema.MERGED}, table.sql()


@pytest.mark.parametrize("view", VIEWS, ids=NAMES)
def test_every_output_column_has_a_name_of_its_own(view: sql.View) -> None:
    tree = sqlglot.parse_one(view.query, dialect="bigquery")
    names = [name for name in tree.named_selects if name != "*"]
    assert "" not in names
    assert len(names) == len(set(names))


def test_a_view_comes_after_the_views_it_reads() -> None:
    for position, view in enumerate(VIEWS):
        assert view.uses & set(NAMES) <= set(NAMES[:position])


def test_every_view_reads_tables_only_through_the_views_that_take_repeated_rows_out() -> None:
    for view in VIEWS:
        # That of states takes the last change of each key, one row of its own accord; that of counts takes each
        # partial once, by two conditions that reach partitions.
        itself = view.name.startswith("unique_") or view.name in (sql.STATE_VIEW, sql.COUNT_VIEW)
        assert not view.uses & set(schema.TABLES) or itself, view.name
    assert {name for view in VIEWS if view.name.startswith("unique_") for name in view.uses} == set(schema.TABLES)


def test_what_is_closed_and_being_closed_is_read_off_the_view() -> None:
    first, second = date(2026, 11, 28), date(2026, 11, 29)
    plain, noted = (sql.count_view("some-project", "acervo", first, noted) for noted in (None, second))
    assert (sql.closed_until(plain), sql.closing(plain)) == (first, None)
    assert (sql.closed_until(noted), sql.closing(noted)) == (first, second)
    assert sql.closed_until(next(view.query for view in VIEWS if view.name == sql.COUNT_VIEW)) == sql.NOTHING_CLOSED


def test_the_key_of_a_count_is_the_same_in_sql() -> None:
    assert CountKey._fields == ("dimension", "value", *COUNTED_BY)
    for table in (schema.COUNTS, schema.CLOSED_COUNTS):
        assert {*CountKey._fields} <= schema.column_names(table)


def test_every_view_says_what_it_holds() -> None:
    for view in VIEWS:
        assert 20 < len(view.description) < 1024, view.name
        assert "${" not in view.description
        assert "--" not in view.description


def test_no_view_has_a_name_of_a_table() -> None:
    assert not set(NAMES) & set(schema.TABLES)


def test_rules_come_from_the_fold_and_not_from_the_templates() -> None:
    families = FAMILIES.values()
    codes = {str(code) for family in families for code in (*family.rule_of_protocol, *family.accepted_returns)}
    codes |= {event_type for family in families for event_type in deciding_events(family)}
    for name, text in sql._templates().items():
        percentiles_aside = re.sub(r"\d+\)\[OFFSET", "", text)
        assert not codes & set(re.findall(r"\b\d{3,6}\b", percentiles_aside)), name


def test_every_rule_of_the_fold_is_in_the_state_view() -> None:
    query = re.sub(r" AS (family|code|status)\b", "", next(v.query for v in VIEWS if v.name == "state_from_records"))
    for family in FAMILIES.values():
        for code, rule in family.rule_of_protocol.items():
            assert f"'{family.name}', {code}, '{rule.status}'" in query


def test_the_date_that_days_are_counted_to_can_be_pinned() -> None:
    pinned = {view.name: view.query for view in sql.views("some-project", "acervo", today="DATE '2026-04-01'")}
    assert "DATE '2026-04-01'" in pinned["mdfe_open"]
    assert "CURRENT_DATE" not in "".join(pinned.values())


@pytest.mark.parametrize(
    ("project", "dataset"),
    [("some-project", "a`; DROP TABLE x"), ("some-project", "a-b"), ("some-project", ""), ("x`y", "a"), ("A", "a")],
)
def test_a_name_that_is_none_never_reaches_sql(project: str, dataset: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        sql.views(project, dataset)
