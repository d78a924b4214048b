"""What is wrong is said at launch, with what to do about it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.integration.postgres.database import Database, read_all, wait_until
from transforms.ingest.postgres.errors import PostgresError
from transforms.ingest.postgres.preflight import preflight
from transforms.ingest.postgres.snapshot import hold_snapshot
from transforms.ingest.postgres.source import PostgresSource


@pytest.fixture(scope="module")
def table(shared_database: Database) -> Database:
    shared_database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, chave text, at timestamptz, xml text, n int)")
    shared_database.fill("docs", 1000, 200)
    shared_database.execute("CREATE TABLE keyless (chave text NOT NULL, xml text)")
    shared_database.execute("CREATE VIEW shown AS SELECT * FROM docs")
    shared_database.execute("CREATE TABLE parted (id int, xml text) PARTITION BY LIST (id)")
    shared_database.execute('CREATE TABLE "Mixed" (id int PRIMARY KEY, "XML" xml)')
    shared_database.execute("CREATE SEQUENCE counted")
    shared_database.execute("ANALYZE")
    return shared_database


def problem(source: PostgresSource) -> str:
    with pytest.raises(PostgresError) as caught:
        preflight(source)
    return str(caught.value)


def test_a_table_that_can_be_read(table: Database) -> None:
    found = preflight(table.source())
    assert (found.table, found.rows, found.relations, found.split_by) == ("public.docs", 1000, 1, "ctid")
    assert "may be missed" in found.consistency
    assert len(found.warnings) == 1 and "--postgres_split_by" in found.warnings[0]
    assert found.lines()[0].startswith("PostgreSQL public.docs: about 1,000 rows")
    wait_until(lambda: table.sessions() == 0)


def test_with_a_snapshot_there_is_nothing_to_warn_of(table: Database) -> None:
    with hold_snapshot(table.source()) as source:
        found = preflight(source)
    assert found.warnings == ()
    assert "one snapshot" in found.consistency


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such table": ({"table": "dcos"}, "there is no table dcos in the database .* Did you mean public.docs"),
    "no such schema": ({"table": "sales.docs"}, "there is no table sales.docs"),
    "not a name": ({"table": "docs; drop"}, "'docs; drop' is not a table's name"),
    "name that wants quotes": ({"table": "My Documents"}, 'in double quotes: "Sales"."My Documents"'),
    "name in other letters": ({"table": "Mixed"}, 'Did you mean public."Mixed"'),
    "column in other letters": ({"table": '"Mixed"', "xml_column": "xml"}, "no column xml .* Did you mean XML"),
    "not a table": ({"table": "counted"}, "neither a table nor a view"),
    "wrong xml column": ({"xml_column": "xlm"}, r"no column xlm \(--postgres_xml_column\). Did you mean xml.*chave"),
    "number as xml": ({"xml_column": "n"}, "has type integer: it has to be text, xml or bytea"),
    "wrong key": ({"key_columns": ("chav",)}, "Did you mean chave"),
    "no key": ({"table": "keyless"}, "no primary key.*--postgres_key"),
    "view without a key": ({"table": "shown"}, "no primary key.*--postgres_key"),
    "view by pages": ({"table": "shown", "split_by": "ctid", "key_columns": ("id",)}, "no physical pages"),
    "text as received at": ({"received_at_column": "chave"}, "has type text, not a timestamp"),
    "text as updated": ({"updated_column": "chave", "updated_since": "2026-01-01"}, "has type text, not a timestamp"),
    "unknown zone": ({"time_zone": "Mars/Olympus"}, "Mars/Olympus"),
    "where that is not SQL": ({"where": "id >"}, "--postgres_where_file does not work.*syntax error"),
    "where with its own WHERE": ({"where": "WHERE id > 3"}, "what would follow WHERE"),
    "where that closes its parentheses": ({"where": "id = 1) OR (true"}, "syntax error"),
    "where of several statements": ({"where": "true); DROP TABLE docs; SELECT (1"}, "syntax error"),
    "where of several statements in balance": ({"where": "true; DROP TABLE docs"}, "multiple commands"),
    "where of a whole query": ({"where": "true UNION SELECT 2"}, "syntax error"),
    "where that leaves a comment open": ({"where": "true /*"}, "unterminated"),
    "where of no column": ({"where": "nid = 3"}, '"nid" does not exist'),
    "where with wrong types": ({"where": "id = 'x'"}, "invalid input syntax"),
    "where as a join": ({"where": "id IN (SELECT n FROM docs)"}, "not by ranges of pages.*--postgres_split_by"),
    "no partitions": ({"table": "parted", "key_columns": ("id",)}, "has no partitions"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_what_to_do(table: Database, case: str) -> None:
    changes, message = WRONG[case]
    assert re.search(message, problem(table.source(**changes)), re.DOTALL)


def test_a_condition_that_keeps_the_plan_is_fine(table: Database) -> None:
    source = table.source(where="id = ANY (ARRAY(SELECT n FROM docs)) OR chave IS NULL")
    assert preflight(source).rows > 0
    assert len(read_all(source)) == 1000


def test_a_condition_cannot_write(table: Database) -> None:
    source = table.source(where="nextval('counted') > 0")
    with pytest.raises(PostgresError, match="read-only transaction"):
        read_all(source)


def test_nothing_listens_there() -> None:
    source = PostgresSource(dsn="host=127.0.0.1 port=1 user=me dbname=there", table="t", xml_column="xml")
    assert "Nothing listens there" in problem(source)
    missing = PostgresSource(dsn="host=/nowhere/at/all user=me", table="t", xml_column="xml")
    assert "no server socket" in problem(missing)


def test_no_such_database_or_user(table: Database) -> None:
    wrong = PostgresSource(dsn=table.server.dsn("nowhere"), table="docs", xml_column="xml")
    assert "Check the DSN's dbname and user" in problem(wrong)
    assert "Check the DSN's dbname and user" in problem(table.source(user="nobody_here"))


def test_no_right_is_named_column_by_column_and_partition_by_partition(database: Database) -> None:
    database.execute("CREATE SCHEMA closed")
    database.execute("CREATE TABLE closed.docs (id int PRIMARY KEY, xml text)")
    database.execute("CREATE TABLE docs (id int PRIMARY KEY, xml text, secret text)")
    database.execute("CREATE TABLE parted (id int PRIMARY KEY, xml text) PARTITION BY LIST (id)")
    database.execute("CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1)")
    database.execute("CREATE ROLE guest LOGIN")
    try:
        assert "no right to" in problem(database.source("closed.docs", user="guest"))
        assert "no right to read ctid, id, xml of public.docs: GRANT SELECT" in problem(database.source(user="guest"))
        database.execute("GRANT SELECT (id) ON docs TO guest")
        assert "no right to read ctid, xml of public.docs" in problem(database.source(user="guest"))
        database.execute("GRANT SELECT (xml) ON docs TO guest")
        assert "no right to read ctid of public.docs" in problem(database.source(user="guest"))
        assert preflight(database.source(user="guest", split_by="id")).relations == 1
        with hold_snapshot(database.source(user="guest", split_by="id")) as source:
            assert read_all(source) == []
        database.execute("GRANT SELECT ON parted TO guest")
        assert "of public.parted_1" in problem(database.source("parted", user="guest"))
        database.execute("ALTER TABLE docs ENABLE ROW LEVEL SECURITY")
        database.execute("CREATE POLICY few ON docs USING (id > 5)")
        assert "BYPASSRLS" in problem(database.source(user="guest", split_by="id"))
    finally:
        database.execute("DROP OWNED BY guest")
        database.execute("DROP ROLE guest")


def test_keys_that_repeat_and_ranges_without_an_index_are_warned_of(table: Database) -> None:
    (warning, *rest) = preflight(table.source(key_columns=("chave",), split_by="id")).warnings
    assert "no unique index says that chave identifies one row" in warning and rest == []
    (warning,) = preflight(table.source(split_by="at")).warnings
    assert "no index serves ranges of at in public.docs" in warning
    (warning,) = preflight(table.source("shown", key_columns=("n",), split_by="id")).warnings
    assert "no unique index" in warning
