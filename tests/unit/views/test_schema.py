from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

import pytest
import sqlglot
from google.cloud import bigquery

from transforms.history.dimensions import DIMENSIONS
from transforms.parse.layout import Field, Many
from transforms.parse.nfe_items import MEDICINE
from transforms.parse.registry import LAYOUTS
from transforms.views import schema, sql
from transforms.views.schema import Column

TYPES = {
    "STRING", "INTEGER", "NUMERIC", "BIGNUMERIC", "BOOLEAN", "DATE", "TIMESTAMP", "JSON", "BYTES", "RECORD",
}  # fmt: skip


def all_columns(columns: tuple[Column, ...]) -> list[Column]:
    return [c for column in columns for c in (column, *all_columns(column.fields))]


@pytest.mark.parametrize("name", [*schema.TABLES, *schema.MERGED])
def test_every_column_has_a_type_a_mode_and_says_what_it_holds(name: str) -> None:
    table = schema.load(name)
    assert table.description.endswith(".")
    for column in all_columns(table.columns):
        assert column.type in TYPES, column
        assert column.mode in {"NULLABLE", "REQUIRED", "REPEATED"}, column
        assert column.description.strip().endswith("."), column
        assert bool(column.fields) == (column.type == "RECORD"), column


def test_the_columns_of_a_repeated_record_are_those_that_some_layout_fills() -> None:
    parts = [part for layout in LAYOUTS.values() for part in layout.parts.values()]
    # What every med of an item says is settled by the layout, as these columns and as batches.
    settled = {"items": {field.column for field in MEDICINE.values()}}
    filled = {name: found | settled.get(name, set()) for name, found in columns_of_lists(parts).items()}
    nested = {column.name: column for column in all_columns(schema.load(schema.DOCUMENTS).columns) if column.fields}
    assert {name: {field.name for field in column.fields} for name, column in nested.items()} == filled
    assert set(nested) >= {"items", "payments", "instalments", "batches", "components"}


def columns_of_lists(tables: Iterable[Mapping[str, Field | Many]]) -> dict[str, set[str]]:
    """By the name of each list, at whatever depth, the columns that its entries may have; hidden ones aside."""
    found: dict[str, set[str]] = {}
    for what in chain.from_iterable(table.values() for table in tables):
        if isinstance(what, Many) and not what.column.startswith("_"):
            inner = {one.column for one in what.fields.values() if not one.column.startswith("_")}
            found.setdefault(what.column, set()).update(inner)
            for name, columns in columns_of_lists([what.fields]).items():
                found.setdefault(name, set()).update(columns)
    return found


@pytest.mark.parametrize("name", schema.TABLES)
def test_every_row_has_a_month_that_differences_are_grouped_by(name: str) -> None:
    column = next(c for c in schema.load(name).columns if c.name == "partition_month")
    assert (column.type, column.mode) == ("INTEGER", "REQUIRED")


@pytest.mark.parametrize("name", [*schema.TABLES, *schema.MERGED])
def test_a_table_is_partitioned_by_a_column_of_its_own(name: str) -> None:
    table = schema.load(name)
    column = next(c for c in table.columns if c.name == table.partitioning.field)
    units = {"INTEGER": {"NUMBER"}, "TIMESTAMP": {"DAY", "MONTH"}, "DATE": {"DAY", "MONTH"}}
    assert table.partitioning.unit in units[column.type]


def test_the_table_of_states_has_the_columns_of_what_is_made_of_changes() -> None:
    made = sqlglot.parse_one(sql.state_of_changes("some-project", "acervo", "TRUE"), dialect="bigquery").named_selects
    assert made == [column.name for column in schema.load(schema.STATES).columns]


def test_the_range_of_partitions_is_within_what_a_table_may_have() -> None:
    start, end = schema.PARTITION_RANGE
    assert end - start <= 10_000
    assert start <= 200601 < 209912 < end


@pytest.mark.parametrize("name", [*schema.TABLES, *schema.MERGED])
def test_clustering_names_at_most_four_columns_that_can_be_clustered_by(name: str) -> None:
    table = schema.load(name)
    types = {c.name: c for c in table.columns}
    assert 1 <= len(table.clustering) <= 4
    for column in table.clustering:
        assert types[column].type in {"STRING", "INTEGER", "DATE", "TIMESTAMP"}
        assert types[column].mode != "REPEATED"


def test_changes_have_a_column_for_each_dimension_before_and_after() -> None:
    columns = schema.column_names(schema.CHANGES)
    for name in (*DIMENSIONS, "total"):
        assert {f"{name}_before", f"{name}_after"} <= columns


FOUND = [
    bigquery.SchemaField("a", "INT64", "REQUIRED"),
    bigquery.SchemaField("b", "STRUCT", "REPEATED", fields=[bigquery.SchemaField("c", "BOOL")]),
]


def table_of(*columns: Column) -> schema.Table:
    return schema.Table("t", "", schema.Partitioning("a", "NUMBER"), (), columns)


def column(name: str, type_: str, mode: str = "NULLABLE", *fields: Column) -> Column:
    return Column(name, type_, mode, "", fields)


def test_a_table_that_answers_with_the_other_names_of_its_types_matches() -> None:
    wanted = table_of(column("a", "INTEGER", "REQUIRED"), column("b", "RECORD", "REPEATED", column("c", "BOOLEAN")))
    assert schema.mismatches(wanted, FOUND) == []


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (column("z", "STRING"), "column t.z is missing"),
        (column("a", "STRING", "REQUIRED"), "column t.a is INTEGER and should be STRING"),
        (column("a", "INTEGER"), "column t.a is REQUIRED and should be NULLABLE"),
        (column("a", "INTEGER", "REPEATED"), "column t.a is REQUIRED and should be REPEATED"),
        (column("b", "RECORD", "REPEATED", column("d", "STRING")), "column t.b.d is missing"),
        (column("b", "RECORD", "REPEATED", column("c", "STRING")), "column t.b.c is BOOLEAN and should be STRING"),
    ],
)
def test_a_mismatch_names_the_table_and_the_column(wanted: Column, sentence: str) -> None:
    assert sentence in schema.mismatches(table_of(wanted), FOUND)


def test_a_required_column_that_no_row_would_have_is_a_mismatch() -> None:
    assert schema.mismatches(table_of(), FOUND) == ["column t.a is REQUIRED and no row has it"]


def test_a_column_that_is_required_for_rows_may_be_nullable_in_the_table() -> None:
    assert schema.mismatches(table_of(column("c", "BOOLEAN", "REQUIRED")), [bigquery.SchemaField("c", "BOOL")]) == []
