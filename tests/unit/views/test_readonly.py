from __future__ import annotations

import pytest

from transforms.views.readonly import writes


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  -- DELETE FROM t\n select 1 ;; ",
        "# DROP\nWITH a AS (SELECT 1) SELECT * FROM a",
        "(SELECT 1) UNION ALL (SELECT 2);",
        "FROM t |> WHERE a = 1 |> SELECT a",
        "SELECT '; DELETE FROM t', \"it''s; \\\" DROP\", r'\\\\', `a;b`, '''x ' ; \n y''', 1 /* ; DROP */",
        "",
        "-- nothing",
    ],
)
def test_what_only_reads(sql: str) -> None:
    assert writes(sql) == ""


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("DELETE FROM t WHERE TRUE", "DELETE"),
        ("/* SELECT */ drop table t", "drop"),
        ("-- SELECT\nMERGE t USING s ON FALSE", "MERGE"),
        ("SELECT 1; DELETE FROM t WHERE TRUE", "several statements"),
        ("SELECT r'\\'; DELETE FROM t", "several statements"),
        ("SELECT '\\''; DELETE FROM t; SELECT ''", "several statements"),
        ("SELECT ''''''; DROP TABLE t; SELECT ''", "several statements"),
        ("SELECT 'a\n; DROP TABLE t", "several statements"),
        ("BEGIN SELECT 1; END", "BEGIN"),
        ("EXPORT DATA OPTIONS(uri='gs://a/*') AS SELECT 1", "EXPORT"),
        ("FROM t |> INSERT INTO u", "|> INSERT"),
        ("`t`", "''"),
        ("SELEC 1", "SELEC"),
    ],
)
def test_what_may_write(sql: str, word: str) -> None:
    assert writes(sql) == word
