from __future__ import annotations

import pytest

from tests import views_world as world
from transforms.model import DeadLetter
from transforms.views import rows, schema
from transforms.views.encode import RowEncoder
from transforms.views.refused import dead_letter_of

KEY = world.key_of()
DOCUMENT = world.document(
    KEY,
    "d1",
    findings=["check_digit"],
    items=[{"number": 1, "ncm": "84713012", "quantity": "2.0000", "unit_value": "0.0123456789", "value": "0.02"}],
    referenced_keys=["1" * 44],
)
EVENT = world.event(KEY, "e1", "110111", reason="erro")
RANGE = world.voided_range("v1", 10, 20)
LETTER = DeadLetter("not_xml", "no element at byte 0", "parse", "file:a.xml", b"\x00\xff", world.RECEIVED_AT, 2)


def by_table(table_rows: list[rows.TableRow]) -> dict[str, rows.Row]:
    tables = dict(table_rows)
    assert len(tables) == len(table_rows)
    return tables


def test_a_new_record_gives_its_row_its_change_and_its_arrival() -> None:
    first, second, third = (by_table(rows.rows_of(a)) for a in world.applied([DOCUMENT, EVENT, RANGE]))
    assert set(first) == {schema.DOCUMENTS, schema.CHANGES, schema.ARRIVALS}
    assert set(second) == {schema.EVENTS, schema.CHANGES, schema.ARRIVALS}
    assert set(third) == {schema.VOIDED_RANGES, schema.CHANGES, schema.ARRIVALS}


def test_a_change_tells_state_and_dimensions_before_and_after() -> None:
    _, cancelled = (by_table(rows.rows_of(a))[schema.CHANGES] for a in world.applied([DOCUMENT, EVENT]))
    assert (cancelled["status_before"], cancelled["status_after"]) == ("authorised", "cancelled")
    assert (cancelled["total_before"], cancelled["day_after"]) == ("100.00", "2026-03-10")
    assert '"status":"authorised"' in cancelled["state_before"]
    assert '"status":"cancelled"' in cancelled["state_after"]


def test_the_first_change_of_a_key_has_nothing_before() -> None:
    change = by_table(rows.rows_of(world.applied([DOCUMENT])[0]))[schema.CHANGES]
    assert not [name for name in change if name.endswith("_before")]


def test_a_duplicate_gives_its_arrival_alone() -> None:
    duplicate = world.applied([DOCUMENT, DOCUMENT])[1]
    assert [(table, row["outcome"]) for table, row in rows.rows_of(duplicate)] == [(schema.ARRIVALS, "duplicate")]


def test_a_resumed_record_gives_the_same_bytes_as_the_first_time_and_arrives_as_new() -> None:
    first = world.applied([DOCUMENT, EVENT, RANGE])
    for once, again in zip(first, world.retried(first), strict=True):
        before, after = by_table(rows.rows_of(once)), by_table(rows.rows_of(again))
        assert after.pop(schema.ARRIVALS)["outcome"] == before.pop(schema.ARRIVALS)["outcome"] == "new"
        for table, row in before.items():
            encoder = RowEncoder(schema.load(table))
            assert encoder.encode(after[table]) == encoder.encode(row)


@pytest.mark.parametrize("entry", [DOCUMENT, EVENT, RANGE])
def test_every_row_of_a_record_fits_its_table(entry: object) -> None:
    for table, row in rows.rows_of(world.applied([entry])[0]):  # type: ignore[list-item]
        RowEncoder(schema.load(table)).encode(row)


def test_every_row_of_a_dead_letter_and_of_a_count_fits_its_table() -> None:
    partial = {
        "partial": "run/all/0", "dimension": "uf", "value": "SP", "status": "authorised", "documents": 1,
        "total": "1.00", "job_started_at": world.RECEIVED_AT,
    }  # fmt: skip
    table_rows = [*rows.rows_of_dead_letter(LETTER, "r", "j", world.RECEIVED_AT), rows.row_of_count(partial)]
    for table, row in table_rows:
        RowEncoder(schema.load(table)).encode(row)


def test_a_field_without_a_column_is_kept_under_extra() -> None:
    applied = world.applied([world.document(KEY, "d1", meter_reading="12.5")])[0]
    row = by_table(rows.rows_of(applied))[schema.DOCUMENTS]
    assert row["extra"] == '{"meter_reading":"12.5"}'
    assert "meter_reading" not in row


@pytest.mark.parametrize(
    ("entry", "month"),
    [
        (world.document(KEY, "d", issued_on="2014-12-31"), 201412),
        (world.document(KEY, "d", issued_on=None), 202603),
        (world.document(KEY, "d", issued_on=None, key_month=None), 202605),
        (world.event(KEY, "e", "110111", occurred_at="2025-01-01T02:00:00Z"), 202501),
        (world.event(KEY, "e", "110111", occurred_at=None), 202603),
        (world.event(KEY, "e", "110111", occurred_at=None, registered_at=None, key_month=None), 202605),
        (RANGE, 202603),
        (RANGE._replace(fields={"year": 2019}), 201901),
        (RANGE._replace(fields={}), 202605),
    ],
)
def test_no_row_lacks_a_month_whatever_dates_its_record_lacks(entry: object, month: int) -> None:
    _, row = rows.rows_of(world.applied([entry])[0])[0]  # type: ignore[list-item]
    assert row["partition_month"] == month


def test_a_dead_letter_gives_itself_with_its_bytes_and_its_arrival() -> None:
    tables = by_table(rows.rows_of_dead_letter(LETTER, "run-1", "run-1/1", world.RECEIVED_AT + 5))
    letter, arrival = tables[schema.DEAD_LETTERS], tables[schema.ARRIVALS]
    assert (letter["payload"], letter["payload_size"], letter["truncated"]) == (b"\x00\xff", 2, False)
    assert (arrival["outcome"], arrival["code"]) == ("dead", "not_xml")
    assert arrival["dead_letter_id"] == letter["dead_letter_id"] == LETTER.dead_letter_id
    assert arrival["applied_at"] == world.RECEIVED_AT + 5


def test_bytes_over_a_mebibyte_stay_out_of_the_table() -> None:
    letter = LETTER._replace(payload=b"x" * (rows.MAX_PAYLOAD_BYTES + 1), size=rows.MAX_PAYLOAD_BYTES + 1)
    row = by_table(rows.rows_of_dead_letter(letter, "r", "j", 0))[schema.DEAD_LETTERS]
    assert "payload" not in row
    assert row["payload_size"] == rows.MAX_PAYLOAD_BYTES + 1


def test_a_file_name_that_is_no_utf8_does_not_make_a_row_unfit() -> None:
    name = b"nota\xe7\xe3o.xml".decode("utf-8", "surrogateescape")
    once = world.applied([DOCUMENT])[0]
    applied = once._replace(arrival=once.arrival._replace(origin=name))
    letters = rows.rows_of_dead_letter(LETTER._replace(origin=name), "r", "j", 0)
    for table, row in [*rows.rows_of(applied), *letters]:
        RowEncoder(schema.load(table)).encode(row)
        assert row["origin"].endswith(".xml")


def test_a_count_without_a_month_is_in_a_partition_of_its_own() -> None:
    partial = {"partial": "run/all/0", "job_started_at": world.RECEIVED_AT}
    assert rows.row_of_count(partial)[1]["partition_month"] == rows.NO_MONTH
    assert rows.row_of_count(partial | {"month": "2026-01-01"})[1]["partition_month"] == 202601


def test_a_count_of_the_change_log_is_in_the_partition_of_the_day_of_its_slot() -> None:
    partial = {"partial": "log/2026-03-10T23:59:56", "job_started_at": world.RECEIVED_AT}
    assert rows.row_of_count(partial)[1]["log_day"] == "2026-03-10"
    for run in ("log/all/0", "log/2026-03-10T23:59:56/all/0"):
        assert "log_day" not in rows.row_of_count(partial | {"partial": run})[1]


def test_a_refused_row_becomes_a_dead_letter_that_shows_it() -> None:
    row = {"origin": "file:a.xml", "received_at": 7, "total": "x", "payload": b"\x00"}
    letter = dead_letter_of((schema.DOCUMENTS, row, "column total: not a decimal number"))
    assert (letter.code, letter.stage, letter.received_at) == ("row_refused", "views", 7)
    assert b'"total":"x"' in letter.payload
    assert "documents" in letter.message
    assert "not a decimal number" in letter.message
