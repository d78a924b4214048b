"""What an erasure removes from BigQuery."""

from __future__ import annotations

from transforms.views import schema
from transforms.views.erased import id_columns, removal


def test_every_table_has_an_id_by_which_rows_are_removed_or_is_made_again() -> None:
    """A new table: give it one of these columns, or say here how what is erased leaves it."""
    assert {table for table in schema.TABLES if not id_columns(table)} == {schema.COUNTS}


def test_a_row_goes_by_whatever_id_it_has() -> None:
    assert id_columns(schema.ARRIVALS) == ("access_key", "dead_letter_id")
    statement = removal("p.d", "p.b", schema.ARRIVALS, id_columns(schema.ARRIVALS))
    assert statement == (
        "DELETE FROM `p.d.arrivals` WHERE access_key IN (SELECT id FROM `p.b.erased_ids`)"
        " OR dead_letter_id IN (SELECT id FROM `p.b.erased_ids`)"
    )
