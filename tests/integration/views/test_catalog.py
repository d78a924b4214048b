"""Tables and views are created, completed and left alone, by the function and by the command."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from google.cloud import bigquery

from local.stack import PROJECT_ID
from pipelines import tables
from tests import views_world as world
from tests.integration.views.dataset import Dataset
from transforms.views import catalog, existing, schema, sql
from transforms.views.rows import rows_of

Make = Callable[..., Dataset]


def fields(name: str, without: set[str] = frozenset()) -> list[bigquery.SchemaField]:  # type: ignore[assignment]
    return [existing.field_of(c) for c in schema.load(name).columns if c.name not in without]


def test_an_empty_project_gets_everything_and_the_second_time_nothing(make_dataset: Make) -> None:
    empty = make_dataset(empty=True)
    planned = catalog.migrate(PROJECT_ID, empty.name, dry_run=True)
    assert empty.name not in {d.dataset_id for d in empty.client.list_datasets()}
    assert catalog.migrate(PROJECT_ID, empty.name) == planned
    names = {table.table_id for table in empty.client.list_tables(f"{PROJECT_ID}.{empty.name}")}
    assert names == {*schema.TABLES, *schema.MERGED, *(view.name for view in sql.views(PROJECT_ID, empty.name))}
    assert catalog.migrate(PROJECT_ID, empty.name) == []
    catalog.preflight(PROJECT_ID, empty.name)


def test_columns_are_added_to_a_table_of_an_earlier_version_and_its_rows_stay(make_dataset: Make) -> None:
    old = make_dataset(empty=True)
    old.client.create_dataset(old.name)
    path = f"{PROJECT_ID}.{old.name}.events"
    added = {"correction", "sequence", "findings", "extra"}
    old.client.create_table(bigquery.Table(path, schema=fields("events", without=added)))
    with pytest.raises(catalog.CatalogError, match="column events.sequence is missing"):
        catalog.preflight(PROJECT_ID, old.name)
    steps = catalog.migrate(PROJECT_ID, old.name)
    (step,) = [step for step in steps if "table events" in step]
    assert all(column in step for column in added)
    assert catalog.migrate(PROJECT_ID, old.name) == []
    catalog.preflight(PROJECT_ID, old.name)
    event = world.event(world.key_of(), "e1", "110110", correction="texto", findings=["odd"])
    old.write(row for row in rows_of(world.applied([event])[0]) if row[0] == "events")
    (row,) = old.query("SELECT correction, sequence, findings FROM unique_events")
    assert row == {"correction": "texto", "sequence": 1, "findings": ["odd"]}


def test_columns_are_added_to_a_record_of_a_table_of_an_earlier_version(make_dataset: Make) -> None:
    old = make_dataset(empty=True)
    old.client.create_dataset(old.name)
    table = f"{PROJECT_ID}.{old.name}.documents"
    added = {"icms_base", "batches"}
    now = fields("documents")
    items = next(field for field in now if field.name == "items")
    before = bigquery.SchemaField(
        "items", "RECORD", "REPEATED", fields=[field for field in items.fields if field.name not in added]
    )
    old.client.create_table(bigquery.Table(table, schema=[before if f.name == "items" else f for f in now]))
    with pytest.raises(catalog.CatalogError, match=r"column documents\.items\.icms_base is missing"):
        catalog.preflight(PROJECT_ID, old.name)
    (step,) = [step for step in catalog.migrate(PROJECT_ID, old.name) if "table documents" in step]
    assert "items.icms_base" in step and "items.batches" in step and "items.code" not in step
    assert catalog.migrate(PROJECT_ID, old.name) == []
    catalog.preflight(PROJECT_ID, old.name)
    completed = next(field for field in old.client.get_table(table).schema if field.name == "items")
    assert [field.name for field in completed.fields[-2:]] == ["batches", "icms_base"]
    assert sorted(map(repr, completed.fields)) == sorted(map(repr, items.fields))


def test_a_view_that_was_changed_is_put_right(make_dataset: Make) -> None:
    changed = make_dataset()
    view = changed.client.get_table(f"{PROJECT_ID}.{changed.name}.findings_count")
    view.view_query = "SELECT 1 AS one"
    changed.client.update_table(view, ["view_query"])
    assert catalog.migrate(PROJECT_ID, changed.name) == ["update view findings_count"]
    assert changed.query("SELECT finding FROM findings_count") == []


def test_a_column_of_another_type_is_refused_and_nothing_is_changed(make_dataset: Make) -> None:
    other = make_dataset(empty=True)
    other.client.create_dataset(other.name)
    wrong = [bigquery.SchemaField("total", "FLOAT") if f.name == "total" else f for f in fields("documents")]
    other.client.create_table(bigquery.Table(f"{PROJECT_ID}.{other.name}.documents", schema=wrong))
    with pytest.raises(
        catalog.CatalogError, match=r"column documents\.total is FLOAT and should be NUMERIC.*Nothing was changed"
    ):
        catalog.migrate(PROJECT_ID, other.name)
    assert [t.table_id for t in other.client.list_tables(f"{PROJECT_ID}.{other.name}")] == ["documents"]


def test_a_column_that_every_row_must_have_cannot_be_added(make_dataset: Make) -> None:
    other = make_dataset(empty=True)
    other.client.create_dataset(other.name)
    table = bigquery.Table(f"{PROJECT_ID}.{other.name}.events", schema=fields("events", without={"origin"}))
    other.client.create_table(table)
    with pytest.raises(catalog.CatalogError, match="column events.origin is missing, and a required column"):
        catalog.migrate(PROJECT_ID, other.name)


def test_a_table_partitioned_by_a_date_is_refused(make_dataset: Make) -> None:
    other = make_dataset(empty=True)
    other.client.create_dataset(other.name)
    table = bigquery.Table(f"{PROJECT_ID}.{other.name}.documents", schema=fields("documents"))
    table.time_partitioning = bigquery.TimePartitioning(type_="MONTH", field="issued_on")
    other.client.create_table(table)
    with pytest.raises(catalog.CatalogError, match="documents is not partitioned by ranges of partition_month"):
        catalog.migrate(PROJECT_ID, other.name)


def test_a_table_where_a_view_should_be_is_refused(make_dataset: Make) -> None:
    other = make_dataset(empty=True)
    other.client.create_dataset(other.name)
    table = bigquery.Table(f"{PROJECT_ID}.{other.name}.history", schema=[bigquery.SchemaField("a", "STRING")])
    other.client.create_table(table)
    with pytest.raises(catalog.CatalogError, match="history is a TABLE, not a view"):
        catalog.migrate(PROJECT_ID, other.name)


def test_the_command_says_what_it_did_and_the_second_time_that_nothing_is_to_do(
    make_dataset: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    name = make_dataset(empty=True).name
    arguments = ["--project", PROJECT_ID, "--dataset", name, "--bigtable_table", name]
    assert tables.main([*arguments, "--dry_run"]) == 0
    planned = capsys.readouterr().out
    assert "BigQuery: " in planned
    assert "to do" in planned
    assert tables.main(arguments) == 0
    made = capsys.readouterr().out
    assert "create table documents" in made
    assert f"create table {name}_counts" in made
    assert tables.main(arguments) == 0
    assert capsys.readouterr().out == "Bigtable: up to date\nBigQuery: up to date\n"


def test_the_command_refuses_a_name_that_is_none(make_dataset: Make, capsys: pytest.CaptureFixture[str]) -> None:
    assert tables.main(["--project", PROJECT_ID, "--dataset", "a-b", "--only", "bigquery"]) == 2
    assert capsys.readouterr().err == "error: 'a-b' is not a dataset name: letters, digits and underscores only\n"
