from __future__ import annotations

import pytest

from transforms.views import repair_sql, schema
from transforms.views.repair_sql import Difference


@pytest.mark.parametrize("table", schema.TABLES)
def test_every_table_says_how_its_rows_are_compared_by_columns_that_it_has(table: str) -> None:
    compared = repair_sql.COMPARED[table]
    columns = {column.name: column.type for column in schema.load(table).columns}
    assert columns[compared.applied] == "TIMESTAMP"
    assert compared.instead.keys() <= columns.keys()
    digest = repair_sql.digest(table, "r")
    left_out = {name for name, instead in compared.instead.items() if instead is None}
    said = {name for name in columns if f" AS {name}," in digest or f" AS {name})" in digest}
    assert said == columns.keys() - left_out


@pytest.mark.parametrize(
    ("rows", "groups"),
    [
        ([], []),
        ([(202501, 0, 5)], [[202501]]),
        ([(202501, 3, 3), (202502, 2, 2), (202503, 0, 1)], [[202501, 202502], [202503]]),
        ([(202501, 50, 0), (202502, 1, 0), (202503, 0, 99)], [[202501], [202502], [202503]]),
    ],
)
def test_a_statement_takes_months_up_to_a_number_of_rows(
    rows: list[tuple[int, int, int]], groups: list[list[int]]
) -> None:
    assert list(repair_sql.batches([Difference(*row) for row in rows], most=10)) == groups
