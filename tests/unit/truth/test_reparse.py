"""The decision of a reparse, against a row in memory."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.truth.samples import CODEC, RECEIVED_AT, Row, applied, fresh_key, history, record, records
from transforms.history.fold import fold
from transforms.model import NO_LONGER_READ, REPARSE, RESUMED, Entry, Record
from transforms.truth import rows
from transforms.truth.read import StoredRecord
from transforms.truth.refold import has_all_changes, refold_of
from transforms.truth.reparse import Launch, Reparsed, adopt, plan, readings_of, reparse
from transforms.truth.rows import ReadBy
from transforms.truth.transaction import Attempt

FIRST = Launch("reparse", "reparse/1", 5_000, 2)
Readings = Mapping[str, Entry | None]


def cells_of(row: Row) -> rows.Cells:
    return rows.by_column(cell for cell in row.cells.values() if cell.family in rows.TRANSACTION_FAMILIES)


def run(row: Row, key: str, readings: Readings, launch: Launch = FIRST, seen: rows.Cells | None = None) -> Reparsed:
    cells = seen or cells_of(row)
    made = plan(CODEC, key, cells, readings, launch)
    result = row.follow(reparse(CODEC, key, cells, made, readings, launch)).result
    assert isinstance(result, Reparsed)
    return result


def row_of(*found: Record) -> Row:
    row = Row()
    for one in found:
        row.apply(one)
    return row


def read(one: Record, parser: int = 2, **fields: object) -> Entry:
    """A record as a newer parser reads it; None takes a field away."""
    merged = {name: value for name, value in {**one.entry.fields, **fields}.items() if value is not None}
    return one.entry._replace(fields=merged, parser=parser)


def by_parser(one: Record, parser: int) -> Record:
    return one._replace(entry=one.entry._replace(parser=parser))


def stored(row: Row, key: str, number: int = 0) -> StoredRecord:
    return history(row, key).records[number]


def test_what_is_read_otherwise_is_a_change_of_the_record_with_a_cause_that_keeps_what_it_said() -> None:
    key = fresh_key()
    first = record(key)
    row = row_of(first)
    result = run(row, key, {first.entry.record_id: read(first, total="20.00", issuer_name="Padaria")})
    assert result.revisions == {2} and result.history == history(row, key)
    assert set(result.plan.differences) == {"fields.total", "fields.issuer_name", "counts.total"}
    found = history(row, key)
    [one] = found.records
    [change] = one.readings
    assert (change.cause, change.run, change.job, change.applied_at) == (REPARSE, "reparse", "reparse/1", 5_000)
    assert (change.origin, change.received_at) == (first.raw.origin, RECEIVED_AT), (
        "where the record came from is as it was"
    )
    assert change.dimensions_before and change.dimensions_before["total"] == "10.50"
    assert change.dimensions_after["total"] == "20.00"
    assert change.logged and change.revision == found.revision == 2
    assert change.was == {"parser": 0, "fields": {"total": "10.50", "issuer_name": None}}
    assert (one.entry.fields["total"], one.entry.parser, one.entry.record_id) == ("20.00", 2, first.entry.record_id)
    ((_, before),) = readings_of(one)
    assert before == first.entry
    assert row.cells["x", bytes.fromhex(first.entry.record_id)] in rows.record_cells(CODEC, first).cells
    assert rows.head_of(cells_of(row)) == (2, rows.stored_bytes(c for c in row.cells.values() if c.family in "fx"))


def test_a_second_reparse_writes_nothing_and_hands_on_what_the_first_may_not_have() -> None:
    key = fresh_key()
    first = record(key)
    row, readings = row_of(first), {first.entry.record_id: read(first, total="20.00")}
    run(row, key, readings)
    before, steps = dict(row.cells), len(row.steps)
    again = run(row, key, readings, FIRST._replace(job="reparse/2"))
    assert again.revisions == {2} and again.history is not None
    done = run(row, key, readings, FIRST._replace(job="reparse/3", finished={"reparse/1"}))
    assert done.revisions == frozenset() and done.history is None
    assert row.cells == before and len(row.steps) == steps


def test_a_record_that_is_read_as_it_is_stored_is_marked_as_read_and_nothing_else() -> None:
    key = fresh_key()
    first = record(key)
    row = row_of(first)
    before = dict(row.cells)
    result = run(row, key, {first.entry.record_id: read(first)})
    mark = row.cells.pop((rows.STATE, rows.READ))
    assert row.cells == before and (result.history, result.plan.records) == (None, 0)
    assert rows.read_by({rows.STATE: {rows.READ: mark.value}}) == ReadBy(2, 1)
    row.cells[rows.STATE, rows.READ] = mark
    assert plan(CODEC, key, cells_of(row), {first.entry.record_id: read(first)}, FIRST).cells == ()


def test_a_row_that_was_read_in_part_is_not_marked() -> None:
    key = fresh_key()
    first, second = record(key), record(key, "other")
    assert plan(CODEC, key, cells_of(row_of(first, second)), {first.entry.record_id: read(first)}, FIRST).cells == ()


def test_rows_of_this_parser_need_no_mark() -> None:
    key = fresh_key()
    first = by_parser(record(key), 2)
    assert plan(CODEC, key, cells_of(row_of(first)), {first.entry.record_id: read(first)}, FIRST).cells == ()


def test_what_a_newer_parser_read_stays() -> None:
    key = fresh_key()
    first = by_parser(record(key), 3)
    assert (
        plan(CODEC, key, cells_of(row_of(first)), {first.entry.record_id: read(first, total="1.00")}, FIRST).cells == ()
    )


def test_what_is_read_no_more_stays_with_a_finding_until_it_is_read_again() -> None:
    key = fresh_key()
    first = record(key)
    row = row_of(first)
    assert run(row, key, {first.entry.record_id: None}).plan.differences == (f"findings.{NO_LONGER_READ}",)
    one = stored(row, key).entry
    assert one.fields == first.entry.fields and one.findings == (NO_LONGER_READ, *first.entry.findings)
    assert plan(CODEC, key, cells_of(row), {first.entry.record_id: None}, FIRST).records == 0
    run(row, key, {first.entry.record_id: read(first, 3)}, FIRST._replace(parser=3))
    assert stored(row, key).entry.findings == first.entry.findings and len(stored(row, key).readings) == 2


@pytest.mark.parametrize("value", [1 << 64, "\ud800"])
def test_what_cannot_be_stored_is_not_read(value: object) -> None:
    key = fresh_key()
    first = record(key)
    made = plan(CODEC, key, cells_of(row_of(first)), {first.entry.record_id: read(first, odd=value)}, FIRST)
    assert made.differences == (f"findings.{NO_LONGER_READ}",)


def test_an_earlier_instant_is_not_hidden_behind_the_later_one() -> None:
    key = fresh_key()
    first = record(key)
    row = row_of(first)
    run(row, key, {first.entry.record_id: read(first, issued_at="2024-01-01T00:00:00Z")})
    assert stored(row, key).entry.fields["issued_at"] == "2024-01-01T00:00:00Z"


def test_a_record_that_does_not_fit_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    key = fresh_key()
    first = record(key)
    row = row_of(first)
    noise = random.Random(1).randbytes(4_000).hex()
    monkeypatch.setattr(rows, "MAX_CELL_BYTES", 2_000)
    made = plan(CODEC, key, cells_of(row), {first.entry.record_id: read(first, issuer_name=noise)}, FIRST)
    assert (made.too_large, made.records, made.cells) == (1, 0, ())


def test_a_record_that_comes_meanwhile_stays_as_it_came() -> None:
    key = fresh_key()
    first, second = record(key), record(key, "other", protocol_status=100)
    row = row_of(first)
    seen = cells_of(row)
    row.apply(second)
    run(row, key, {first.entry.record_id: read(first, total="20.00")}, seen=seen)
    found = history(row, key)
    assert [change.revision for change in found.changes] == [1, 2, 3] and found.changes[2].cause == REPARSE
    assert not refold_of(found).needed and found.state["status"] == "authorised"
    assert found.records[1].entry.fields == second.entry.fields


def test_a_retry_of_what_arrived_once_resumes_with_the_record_as_it_is_read_now() -> None:
    key = fresh_key()
    first = record(key)
    row = row_of(first)
    run(row, key, {first.entry.record_id: read(first, total="20.00")})
    again = applied(row.apply(first, Attempt("run", "job-2", 9_000)))
    found = stored(row, key)
    assert again.arrival.outcome == RESUMED and again.change == found.change and again.reading == found.readings[0]
    assert (again.entry.fields["total"], again.entry.parser) == ("20.00", 2)


@given(records(), st.data())
@settings(max_examples=60)
def test_whatever_is_read_otherwise_the_row_is_that_of_records_read_so(
    found: list[Record], data: st.DataObject
) -> None:
    row, key = row_of(*found), found[0].entry.key
    totals = st.one_of(st.none(), st.sampled_from(["1.00", "2.00"]))
    readings = {one.entry.record_id: read(one, total=data.draw(totals)) for one in data.draw(st.permutations(found))}
    run(row, key, readings)
    whole = history(row, key)
    assert {one.entry.record_id: one.entry.fields for one in whole.records} == {
        k: v.fields for k, v in readings.items()
    }
    assert has_all_changes(whole) and not refold_of(whole).needed
    assert whole.state == fold(one for one in readings.values()).state
    for one in whole.records:
        original = next(each for each in found if each.entry.record_id == one.entry.record_id)
        *_, before = [one.entry, *(entry for _, entry in readings_of(one))]
        assert before == original.entry


def test_a_record_found_inside_is_applied_once_and_handed_on_again_until_its_job_is_done() -> None:
    key = fresh_key()
    inside = record(key, origin="file:///a.xml#evento[1]")
    row = Row()
    first = row.follow(adopt(CODEC, inside, FIRST)).result
    assert first.change.logged and first.change.run == "reparse"
    second = row.follow(adopt(CODEC, inside, FIRST._replace(job="reparse/2"))).result
    assert (second.arrival.outcome, second.change) == (RESUMED, first.change)
    finished = FIRST._replace(job="reparse/3", finished={"reparse/1"})
    assert row.follow(adopt(CODEC, inside, finished)).result is None


def test_a_record_found_inside_that_came_by_itself_is_left_alone() -> None:
    key = fresh_key()
    inside = record(key)
    row = row_of(inside)
    before = dict(row.cells)
    assert (
        row.follow(adopt(CODEC, inside._replace(raw=inside.raw._replace(origin="file:///other.xml#1")), FIRST)).result
        is None
    )
    assert row.cells == before
