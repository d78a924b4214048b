"""The SQL side of a comparison."""

from __future__ import annotations

import pytest

from transforms.reconcile import queries
from transforms.reconcile.fact_columns import FACT_COLUMNS
from transforms.truth.scan import EVERYTHING
from transforms.truth.selection import Selection
from transforms.views import schema

PART = Selection(keys=("35260311222333000181550010000000011000000017",))


@pytest.mark.parametrize("table", sorted(FACT_COLUMNS))
def test_a_selection_of_keys_selects_rows_of_keys_and_no_dead_letter(table: str) -> None:
    everything = queries.facts("p.d", table, 3, EVERYTHING)
    part = queries.facts("p.d", table, 3, PART)
    assert PART.keys[0] not in everything
    assert (PART.keys[0] in part) == (table != schema.DEAD_LETTERS)
    assert ("AND FALSE" in part) == (table == schema.DEAD_LETTERS)


def test_every_table_of_rows_is_compared() -> None:
    assert set(FACT_COLUMNS) == set(schema.TABLES) - {schema.COUNTS}
