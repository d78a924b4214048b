from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.truth.samples import CODEC, Row, fresh_key, history, record, records
from transforms.model import Record
from transforms.truth import rows
from transforms.truth.refold import Refolded, refold, refold_of
from transforms.truth.transaction import Check


def row_of(found: list[Record]) -> Row:
    row = Row()
    for one in found:
        row.apply(one)
    return row


def damage_change(row: Row, key: str, revision: int, **fields: object) -> None:
    change = history(row, key).changes[revision - 1]._replace(**fields)  # type: ignore[arg-type]
    cell = rows.change_cell(CODEC, change)
    row.cells[cell.family, cell.qualifier] = cell


@given(records())
@settings(max_examples=50)
def test_a_history_as_it_was_written_needs_nothing(found: list[Record]) -> None:
    row, key = row_of(found), found[0].entry.key
    assert not refold_of(history(row, key)).needed
    row.steps.clear()
    assert row.follow(refold(CODEC, key)).result == Refolded(key, False, 0)
    assert not [step for step in row.steps if isinstance(step, Check)]


@given(records(), st.data())
@settings(max_examples=50)
def test_whatever_derived_part_is_damaged_comes_back_as_it_was(found: list[Record], data: st.DataObject) -> None:
    row, key = row_of(found), found[0].entry.key
    before = dict(row.cells)
    bogus = {"status": "bogus"}
    last = len(found)
    begun = data.draw(st.integers(1, last))
    damages: list[Callable[[], None]] = [
        lambda: row.cells.update(
            {(rows.STATE, rows.FOLDED): rows.Cell(rows.STATE, rows.FOLDED, 0, CODEC.encode_json(bogus))}
        ),
        lambda: damage_change(row, key, last, after=bogus),
        lambda: damage_change(row, key, last, dimensions_after=bogus),
        lambda: damage_change(row, key, begun, before=bogus, dimensions_before=bogus),
    ]
    for damage in data.draw(st.lists(st.sampled_from(damages), min_size=1)):
        damage()
    row.follow(refold(CODEC, key))
    assert row.cells == before


def test_a_record_that_comes_meanwhile_is_folded_in() -> None:
    key = fresh_key()
    row, other = row_of([record(key)]), record(key, "other", protocol_status=100)
    damage_change(row, key, 1, after={"status": "bogus"})
    transaction = refold(CODEC, key)
    check = transaction.send(row.answer(next(transaction)))
    row.apply(other)
    completed = row.follow(transaction, row.answer(check))
    assert completed.conflicts == 1
    whole = history(row, key)
    assert not refold_of(whole).needed and whole.state["status"] == "authorised"
    assert whole.changes[0].after == {"status": "bogus"}, "what was said at its time stays"


def test_a_history_that_lacks_changes_is_left_alone() -> None:
    key = fresh_key()
    row = row_of([record(key), record(key, "other")])
    del row.cells[rows.CHANGES, rows.change_qualifier(1)]
    before = dict(row.cells)
    assert row.follow(refold(CODEC, key)).result == Refolded(key, False, 0)
    assert row.cells == before
