"""Whatever a table is split by and however it is split, every row comes out once."""

from __future__ import annotations

import pytest
from apache_beam.io.restriction_trackers import OffsetRange, OffsetRestrictionTracker
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.postgres.database import Database, keys, numbers, planned, read_all
from transforms.ingest.postgres.frames import Row
from transforms.ingest.postgres.parts import TablePart
from transforms.ingest.postgres.reader import TableReader

SMALL = {"range_bytes": 64 << 10, "statement_bytes": 32 << 10}


@pytest.fixture(scope="module")
def table(shared_database: Database) -> Database:
    """3,000 rows on some 250 pages, with holes: pages emptied, rows deleted and moved."""
    shared_database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text)")
    shared_database.fill("docs", 3000, 600)
    shared_database.execute("DELETE FROM docs WHERE id BETWEEN 1000 AND 1400 OR id % 7 = 0")
    shared_database.execute("UPDATE docs SET xml = xml || '<!-- longer -->' WHERE id % 5 = 0")
    shared_database.execute("VACUUM ANALYZE docs")
    return shared_database


def expected(database: Database, table: str = "docs") -> list[int]:
    return sorted(number for (number,) in database.execute(f"SELECT id FROM {table}"))


def read_with_splits(reader: TableReader, part: TablePart, splits: list[tuple[int, float]]) -> list[Row]:
    """Reads ``part`` as a runner would that splits it: after so many rows, off a fraction of what is left."""
    rows: list[Row] = []
    todo = [OffsetRange(part.start, part.stop)]
    while todo:
        restriction = todo.pop()
        tracker = OffsetRestrictionTracker(restriction)
        given = reader.read(part, restriction.start, restriction.stop, tracker.try_claim)
        wait, fraction = splits.pop() if splits else (-1, 0.0)
        for count, row in enumerate(given):
            rows.append(row)
            while count == wait:
                if halves := tracker.try_split(fraction):
                    todo.append(halves[1])
                wait, fraction = splits.pop() if splits else (-1, 0.0)
        tracker.try_claim(restriction.stop)
        tracker.check_done()
    return rows


splits_strategy = st.lists(st.tuples(st.integers(0, 60), st.floats(0, 1, allow_nan=False)), max_size=12)


@pytest.mark.parametrize("split_by", ["ctid", "id"])
@given(splits=splits_strategy)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_splits_at_any_time_cover_every_row_once(
    table: Database, split_by: str, splits: list[tuple[int, float]]
) -> None:
    with planned(table.source(split_by=split_by, range_bytes=512 << 10, statement_bytes=64 << 10)) as (
        reader,
        _,
        parts,
    ):
        rows = [row for part in parts for row in read_with_splits(reader, part, splits)]
    assert numbers(rows) == expected(table)


def test_pages_are_cut_into_ranges_of_the_size_asked_for(table: Database) -> None:
    with planned(table.source(**SMALL)) as (_, _, (part,)):
        ranges = list(OffsetRange(part.start, part.stop).split(part.blocks_in(64 << 10)))
    assert len(ranges) == pytest.approx(part.stop / 8, abs=2)
    assert [ranges[0].start, ranges[-1].stop] == [0, part.stop]


def test_a_refused_claim_ends_the_reading_and_leaves_a_good_connection(table: Database) -> None:
    with planned(table.source(statement_bytes=1 << 30)) as (reader, _, (part,)):
        first = list(reader.read(part, 0, part.stop, lambda page: page < 3))
        rest = list(reader.read(part, 3, part.stop, lambda page: True))
        assert reader.reconnects == 0
    assert {row.page for row in first} <= {0, 1, 2}
    assert numbers(first + rest) == expected(table)


def test_an_abandoned_read_leaves_nothing_behind(table: Database) -> None:
    with planned(table.source(run="abandoned")) as (reader, _, (part,)):
        rows = reader.read(part, 0, part.stop, lambda page: True)
        next(rows)
        rows.close()
        assert numbers(list(reader.read(part, 0, part.stop, lambda page: True))) == expected(table)


KEY_TYPES = {
    "bigint": "i",
    "smallint": "i",
    "integer": "-i",
    "numeric": "i / 7.0",
    "timestamptz": "timestamptz '2026-03-01 00:00:00.123456-03' + i * interval '7 minutes'",
    "timestamp": "timestamp '2026-03-01' + i * interval '7 minutes'",
    "date": "date '1999-12-31' + i",
    "text": "CASE i % 3 WHEN 0 THEN 'é' WHEN 1 THEN 'Z''' ELSE '\\' END || i",
    "varchar(60)": "lpad(i::text, 44, '0')",
    "uuid": "md5(i::text)::uuid",
}


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_ranges_of_a_key_of_every_type_with_repeats_and_nulls(database: Database, key_type: str) -> None:
    database.execute(f"CREATE TABLE docs (id bigint, key {key_type}, xml text)")
    database.fill("docs", 2000, 600)
    values = f"SELECT i, {KEY_TYPES[key_type]} AS value FROM generate_series(1, 2000) AS i"
    database.execute(f"UPDATE docs SET key = value FROM ({values}) AS given WHERE i = id")
    database.execute("UPDATE docs SET key = (SELECT key FROM docs WHERE id = 700) WHERE id BETWEEN 700 AND 1100")
    database.execute("UPDATE docs SET key = NULL WHERE id % 11 = 0")
    database.execute("CREATE INDEX ON docs (key)")
    database.execute("VACUUM ANALYZE docs")
    source = database.source(key_columns=("id",), split_by="key", **SMALL)
    with planned(source) as (_, _, parts):
        assert parts[0].stop > 5
        assert parts[-1].nulls
    assert numbers(read_all(source)) == list(range(1, 2001))


def test_text_keys_in_a_language_that_sorts_otherwise_than_bytes(database: Database) -> None:
    database.execute("CREATE COLLATION odd (provider = icu, locale = 'pt-BR-u-kn-true')")
    database.execute("CREATE TABLE docs (id bigint, key text COLLATE odd, xml text)")
    database.fill("docs", 2000, 600)
    database.execute("UPDATE docs SET key = (ARRAY['a', 'B', 'á', '-', ''])[1 + id % 5] || id")
    database.execute("CREATE INDEX ON docs (key)")
    database.execute("ANALYZE docs")
    assert numbers(read_all(database.source(key_columns=("id",), split_by="key", **SMALL))) == list(range(1, 2001))


def test_leaf_partitions_of_partitions_are_read_one_by_one_under_the_name_of_the_whole(database: Database) -> None:
    database.execute("CREATE TABLE docs (id bigint, uf text, xml text, PRIMARY KEY (uf, id)) PARTITION BY LIST (uf)")
    database.execute("CREATE TABLE docs_sp PARTITION OF docs FOR VALUES IN ('SP') PARTITION BY RANGE (id)")
    database.execute("CREATE TABLE docs_sp_1 PARTITION OF docs_sp FOR VALUES FROM (0) TO (500)")
    database.execute('CREATE TABLE "docs SP ""2""" PARTITION OF docs_sp FOR VALUES FROM (500) TO (5000)')
    database.execute("CREATE TABLE docs_else PARTITION OF docs DEFAULT")
    database.execute("CREATE TABLE docs_empty PARTITION OF docs FOR VALUES IN ('AC')")
    database.execute(
        "INSERT INTO docs SELECT i, CASE WHEN i % 2 = 0 THEN 'SP' ELSE 'RJ' END, '<a/>' FROM generate_series(1, 1000) i"
    )
    for split_by in ("ctid", "id"):
        source = database.source(key_columns=("id", "uf"), split_by=split_by)
        with planned(source) as (_, shape, parts):
            assert {part.name for part in parts} - {"docs_empty"} == {"docs_sp_1", 'docs SP "2"', "docs_else"}
            assert shape.origin == "postgres:public.docs/"
            assert shape.unique
        assert numbers(read_all(source)) == list(range(1, 1001))


def test_a_table_that_others_inherit_from_is_read_with_them(database: Database) -> None:
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text)")
    database.execute("CREATE TABLE docs_old () INHERITS (docs)")
    database.execute("INSERT INTO docs SELECT i, '<a/>' FROM generate_series(1, 300) AS i")
    database.execute("INSERT INTO docs_old SELECT i, '<a/>' FROM generate_series(301, 500) AS i")
    assert numbers(read_all(database.source())) == list(range(1, 501))


def test_a_view_is_read_by_its_key(table: Database) -> None:
    table.execute("CREATE VIEW recent AS SELECT id AS number, xml AS body FROM docs WHERE id > 500")
    source = table.source("recent", "body", key_columns=("number",), **SMALL)
    with planned(source) as (_, shape, parts):
        assert sum(part.stop for part in parts if not part.nulls) > 3
        assert not shape.unique
    assert numbers(read_all(source)) == [number for number in expected(table) if number > 500]


def test_rows_of_a_view_that_are_equal_in_everything_all_come_out(database: Database) -> None:
    database.execute("CREATE VIEW docs AS SELECT i % 10 AS id, '<a/>'::text AS xml FROM generate_series(1, 100) AS i")
    assert len(read_all(database.source(key_columns=("id",)))) == 100


def test_a_materialised_view_has_pages(table: Database) -> None:
    table.execute("CREATE MATERIALIZED VIEW stored AS SELECT id, xml FROM docs WHERE id < 400")
    source = table.source("stored", key_columns=("id",))
    assert numbers(read_all(source)) == [number for number in expected(table) if number < 400]


def test_an_empty_table_has_no_parts(database: Database) -> None:
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text)")
    assert read_all(database.source()) == []
    assert read_all(database.source(split_by="id")) == []


@pytest.mark.parametrize("split_by", ["ctid", "id"])
def test_a_condition_with_a_comment_and_a_percent_sign_at_its_end(table: Database, split_by: str) -> None:
    source = table.source(split_by=split_by, where="id > 2000 OR xml LIKE '%<NFe>1:%' -- and 100% of that", **SMALL)
    assert numbers(read_all(source)) == [number for number in expected(table) if number > 2000 or number == 1]


@pytest.mark.parametrize("split_by", ["ctid", "at"])
def test_an_increment_reads_what_was_written_since_in_the_time_zone_given(database: Database, split_by: str) -> None:
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, at timestamp, xml text DEFAULT '<a/>')")
    database.execute("CREATE INDEX ON docs (at)")
    database.execute(
        "INSERT INTO docs VALUES (1, '2026-03-01 08:59:59'), (2, '2026-03-01 09:00'), (3, '2026-03-02'), (4, NULL)"
    )
    source = database.source(
        split_by=split_by,
        updated_column="at",
        updated_since="2026-03-01T12:00:00+00:00",
        time_zone="America/Sao_Paulo",
    )
    assert numbers(read_all(source)) == [2, 3]


def test_names_that_need_quotes(database: Database) -> None:
    database.execute('CREATE SCHEMA "a.b"')
    database.execute('CREATE TABLE "a.b"."select %s; --" ("key\'s ""%" bigint PRIMARY KEY, "x{}ml" text)')
    database.execute('INSERT INTO "a.b"."select %s; --" VALUES (7, \'<a/>\')')
    for split_by in ("ctid", "key's \"%"):
        source = database.source('"a.b"."select %s; --"', "x{}ml", split_by=split_by)
        assert keys(read_all(source)) == ["7"]
