from __future__ import annotations

from typing import Any

import pytest

from transforms.views import schema
from transforms.views.encode import RefusedRow, RowEncoder
from transforms.views.schema import Column, Partitioning, Table

TABLE = Table(
    "t",
    "",
    Partitioning("partition_month", "NUMBER"),
    (),
    (
        Column("id", "STRING", "REQUIRED", ""),
        Column("count", "INTEGER", "NULLABLE", ""),
        Column("amount", "NUMERIC", "NULLABLE", ""),
        Column("fine", "BIGNUMERIC", "NULLABLE", ""),
        Column("at", "TIMESTAMP", "NULLABLE", ""),
        Column("on", "DATE", "NULLABLE", ""),
        Column("flag", "BOOLEAN", "NULLABLE", ""),
        Column("bytes", "BYTES", "NULLABLE", ""),
        Column("names", "STRING", "REPEATED", ""),
        Column("items", "RECORD", "REPEATED", "", (
            Column("value", "NUMERIC", "NULLABLE", ""), Column("fine", "BIGNUMERIC", "NULLABLE", ""),
            Column("name", "STRING", "NULLABLE", ""), Column("on", "DATE", "NULLABLE", ""),
        )),
    ),
)  # fmt: skip
ENCODER = RowEncoder(TABLE)


def round_trip(**row: Any) -> dict[str, Any]:
    return ENCODER.decode(ENCODER.encode({"id": "x", **row}))


def test_what_was_encoded_is_read_back() -> None:
    row = {
        "count": -5, "amount": "-1234.50", "fine": "0.0123456789", "on": "1969-12-31", "flag": False,
        "bytes": b"\x00\xff", "names": ["a", "ç"], "items": [{"value": "1"}, {}],
    }  # fmt: skip
    assert round_trip(**row) == {"id": "x", **row}


@pytest.mark.parametrize(
    ("instant", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-03-01T12:00:00Z", 1772366400000000),
        ("2026-03-01T12:00:00.5Z", 1772366400500000),
        ("1969-12-31T23:59:59.999999Z", -1),
        (1772366400000001, 1772366400000001),
    ],
)
def test_instants_become_micros(instant: Any, micros: int) -> None:
    assert round_trip(at=instant)["at"] == micros


def test_absent_and_null_columns_are_the_same() -> None:
    assert ENCODER.encode({"id": "x"}) == ENCODER.encode({"id": "x", "amount": None, "at": None})


def test_an_empty_record_in_a_repeated_column_is_kept() -> None:
    assert round_trip(items=[{}])["items"] == [{}]


def test_records_of_all_sorts_are_read_back_in_their_order() -> None:
    items = [
        {"value": "1.00", "name": "a"},
        {"on": "2026-02-28", "value": "-2"},
        {"fine": "0.0123456789", "value": "9" * 29},
        {},
        {"name": "1,2"},
    ]
    assert round_trip(items=items)["items"] == items
    assert round_trip(items=[{"value": "1", "name": None}])["items"] == [{"value": "1"}]


@pytest.mark.parametrize("amount", ["0", "-0.00", "9" * 29 + "." + "9" * 9, "000" + "1" * 29, "1." + "0" * 12])
def test_amounts_at_the_edge_of_numeric_fit(amount: str) -> None:
    assert round_trip(amount=amount)["amount"] == amount


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"amount": "1" * 30}, "column amount cannot hold"),
        ({"amount": "0.0000000001"}, "more than 29 digits before or 9 after"),
        ({"amount": "1e5"}, "not a decimal number"),
        ({"amount": ""}, "not a decimal number"),
        ({"amount": "--1"}, "not a decimal number"),
        ({"amount": "1.2.3"}, "not a decimal number"),
        ({"amount": "١٢"}, "not a decimal number"),
        ({"amount": 1.5}, "column amount cannot hold 1.5"),
        ({"fine": "1" * 39}, "column fine"),
        ({"items": [{"value": "1"}, {"value": "abc"}]}, "column items.value cannot hold 'abc'"),
        ({"items": [{"price": "1"}]}, "no column items.price"),
        ({"items": [{"value": "1,2"}]}, "column items.value cannot hold '1,2'"),
        ({"items": [{"value": "1"}, {"value": 1.5}]}, "column items.value cannot hold 1.5"),
        ({"items": [{"value": "0.0000000001"}]}, "column items.value cannot hold"),
        ({"items": [{"value": "1", "on": "2026-02-30"}]}, "column items.on cannot hold"),
        ({"at": "yesterday"}, "column at cannot hold 'yesterday'"),
        ({"on": "2026-02-30"}, "column on cannot hold '2026-02-30'"),
        ({"count": 2**63}, "does not fit"),
        ({"count": "five"}, "does not fit"),
        ({"names": "abc", "flag": "yes"}, "does not fit"),
        ({"names": ["\ud800"]}, "does not fit"),
        ({"price": "1"}, "no column price"),
        ({"id": None}, "column id is required"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_column_and_reason(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(RefusedRow, match=reason):
        ENCODER.encode({"id": "x", **row})


@pytest.mark.parametrize("name", schema.TABLES)
def test_every_table_can_be_described_to_the_service(name: str) -> None:
    table = schema.load(name)
    descriptor = RowEncoder(table).descriptor
    assert [field.name for field in descriptor.field] == [column.name for column in table.columns]
