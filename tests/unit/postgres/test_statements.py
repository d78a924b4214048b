"""The text of statements: quoting, and conditions that end in a comment."""

from __future__ import annotations

from typing import Any

from transforms.ingest.postgres.parts import TableColumns, TablePart
from transforms.ingest.postgres.source import PostgresSource
from transforms.ingest.postgres.statements import copy, select_block, select_pages

SHAPE = TableColumns("postgres:s.t/", ("id",), "xml", binary=False, text=True, unique=True)
ROW = 'SELECT {}, \'1970-01-01T00:00:00+00:00\'::timestamptz, "id"::text, "xml"::text FROM '


def source(**more: Any) -> PostgresSource:
    return PostgresSource(**{"dsn": "", "table": "t", "xml_column": "xml", "read_at": 0, **more})


def part(**more: Any) -> TablePart:
    values = {
        "schema": "s",
        "name": "t",
        "oid": 1,
        "only": True,
        "start": 0,
        "stop": 9,
        "block_pages": 1,
        "block_bytes": 1,
    }
    return TablePart(**{**values, **more})


def test_a_range_of_pages() -> None:
    assert copy(select_pages(source(), SHAPE, part(), 3, 7, 9)).as_string() == (
        "COPY (" + ROW.format('"ctid"') + 'ONLY "s"."t" WHERE "ctid" >= \'(3,7)\'::tid AND "ctid" < \'(9,0)\'::tid)'
        " TO STDOUT (FORMAT binary)"
    )


def test_ranges_of_a_key_leave_nothing_out_at_either_end() -> None:
    keyed = part(column="id", column_type="bigint", bounds=(None, "10", "20", None))

    def condition(block: int, of: TablePart = keyed) -> str:
        return select_block(source(), SHAPE, of, block).as_string().partition(" WHERE ")[2]

    assert condition(0) == "\"id\" < '10'::bigint"
    assert condition(1) == "\"id\" >= '10'::bigint AND \"id\" < '20'::bigint"
    assert condition(2) == "\"id\" >= '20'::bigint"
    assert condition(0, part(column="id", column_type="bigint", bounds=(None, None))) == '"id" IS NOT NULL'
    assert condition(0, part(column="id", nulls=True)) == '"id" IS NULL'


def test_names_and_values_cannot_leave_their_quotes() -> None:
    odd = TableColumns("", ('a"b',), "x'y", binary=True, text=False, unique=True)
    keyed = part(schema='s"', name="t;", column='a"b', column_type="text", bounds=("it's \\", None), only=False)
    text = select_block(source(), odd, keyed, 0).as_string()
    assert '"a""b"::text, "x\'y"::bytea FROM "s"""."t;" WHERE "a""b" >= ' in text
    assert "'it''s \\\\'" in text


def test_a_condition_that_ends_in_a_comment_does_not_swallow_the_rest() -> None:
    text = copy(select_pages(source(where="id > 3 -- all of it"), SHAPE, part(), 0, 0, 1)).as_string()
    assert text.endswith(" AND (id > 3 -- all of it\n)) TO STDOUT (FORMAT binary)")


def test_an_increment_and_a_received_at_column() -> None:
    dated = TableColumns("", ("id",), "xml", binary=False, text=True, unique=True, received_at="came", updated="at")
    given = source(updated_column="at", updated_since="2026-03-01", received_at_column="came")
    text = select_pages(given, dated, part(), 0, 0, 1).as_string()
    assert "COALESCE(\"came\"::timestamptz, '1970-01-01T00:00:00+00:00'::timestamptz)" in text
    assert text.endswith(" AND \"at\" >= '2026-03-01T00:00:00'::timestamptz")
