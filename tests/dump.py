"""What two tables of records are compared by."""

from __future__ import annotations

from collections.abc import Iterator

from transforms.truth import row_keys, rows
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.rows import Cell


def dump(config: TruthConfig) -> Iterator[tuple[str, Cell]]:
    """Every cell whose content may not depend on order, run or time, by row.

    Lineage, revisions and changes are left out: they tell the order in which things came.
    """
    client = Client(config)
    try:
        families = (rows.STATE, rows.FIELDS, rows.XML)
        for row in client.scan(config.records_table, b"0", row_keys.RESERVED, families):
            for cell in () if row_keys.is_reserved(row.key) else row.cells:
                if cell.family != rows.STATE or cell.qualifier in rows.CONTENT:
                    yield row_keys.key_of(row.key), cell
    finally:
        wait_for(client.close())
