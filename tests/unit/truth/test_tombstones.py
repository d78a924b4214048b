"""Tombstones in a row that does what Bigtable promises: whoever writes, whenever it is put, nothing comes back."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.truth.samples import CODEC, FIRST, Row, applied, fresh_key, record, records
from transforms.erase import target as targets
from transforms.erase.target import Target
from transforms.model import Record
from transforms.truth import dead_letters, rows, tombstones
from transforms.truth.read import decode_history
from transforms.truth.refold import refold
from transforms.truth.rows import Cells
from transforms.truth.tombstones import ISSUER, RECIPIENT, Bars, Tombstone, digest_of, has_content, tombstone_of
from transforms.truth.transaction import Answer, Attempt, Barred, Check, Read, Step, Transaction, Write, transact

STONE = Tombstone(5_000, "erase/1")
FAMILIES = {"s", "f", "x", "c", "a"}


class FullRow(Row):
    """One that also deletes whole families."""

    def answer(self, step: Step) -> Answer:
        if isinstance(step, Check) and step.deleted and step.deleted[0].qualifier is None:
            head = rows.head_of(rows.by_column(self.cells.values()))
            if (head.revision if head else None) != step.revision:
                return False
            gone = {column.family for column in step.deleted}
            self.cells = {place: cell for place, cell in self.cells.items() if place[0] not in gone}
            step = step._replace(deleted=())
            self.cells.update({(cell.family, cell.qualifier): cell for cell in step.cells})
            return True
        return super().answer(step)

    def seen(self) -> Cells:
        return rows.by_column(self.cells.values())


def bar(key: str) -> Transaction:
    return targets.bar_key(CODEC, key, STONE)


@given(records(max_size=4), st.integers(0, 2**32))
def test_whatever_writers_and_an_eraser_do_between_each_others_steps_nothing_is_left(
    found: list[Record], seed: int
) -> None:
    chance, row, key = random.Random(seed), FullRow(), found[0].entry.key
    row.apply(found[0])
    attempts = [transact(CODEC, one, Attempt("run", f"job-{n}", n)) for n, one in enumerate([*found, *found])]
    running: dict[Transaction, Answer] = dict.fromkeys([*attempts, refold(CODEC, key), bar(key)])
    barred: list[Target] = []
    while running:
        transaction = chance.choice(list(running))
        try:
            answer = running[transaction]
            running[transaction] = row.answer(transaction.send(answer))
        except StopIteration as stop:
            del running[transaction]
            barred += [stop.value.result] if isinstance(stop.value.result, Target) else []
    (target,) = barred
    assert decode_history(CODEC, key, row.seen()) is None, "nobody sees what is being erased"
    again = row.follow(bar(key)).result
    assert again == target, "an erasure that is started again finds the same to take out"
    row.follow(targets.remove(target))
    assert {place[0] for place in row.cells} == {"s"} and not has_content(row.seen())
    for one in found:
        assert row.follow(transact(CODEC, one, FIRST)).result == Barred(key)
    assert tombstone_of(row.seen()) == STONE and not has_content(row.seen())


def test_what_has_to_be_taken_out_is_that_of_the_row_as_it_was_barred() -> None:
    row, key = FullRow(), fresh_key()
    row.apply(record(key), Attempt("backfill", "job", 1_000))
    made = applied(row.apply(record(key, "other", issued_on="2025-04-02"), Attempt("stream", "job", 9_000, True)))
    target = row.follow(bar(key)).result
    assert (target.runs, len(target.logged)) == (("backfill",), 1)
    assert made.change and target.logged[0][1] == f"{key}/{made.change.revision}".encode()
    assert target.days


def test_a_key_that_never_came_is_kept_out() -> None:
    row, key = FullRow(), fresh_key()
    assert row.follow(bar(key)).result.revision == 1
    assert row.apply(record(key)).result == Barred(key)
    assert key.encode() not in b"".join(cell.value for cell in row.cells.values())


@pytest.mark.parametrize(("role", "fields"), [(ISSUER, {}), (RECIPIENT, {"payer_id": "52998224725"})])
def test_a_bar_keeps_out_what_was_never_seen_of_a_subject_in_its_part(role: str, fields: dict[str, str]) -> None:
    key = fresh_key()
    issuer = tombstones.parts_of((), key)[ISSUER].pop()
    subject = fields.get("payer_id", issuer[:8])
    bars = Bars(b"salt", frozenset({digest_of(b"salt", role, subject)}))
    row, given_record = FullRow(), record(key, **fields)
    steps = transact(CODEC, given_record, FIRST, bars)
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value.result == Barred(key)
    assert not row.cells
    other = Bars(b"salt", frozenset({digest_of(b"salt", RECIPIENT, issuer), digest_of(b"other", role, subject)}))
    assert applied(row.follow(transact(CODEC, given_record, FIRST, other)))


def test_a_dead_letter_with_a_tombstone_is_not_stored_again() -> None:
    from transforms.model import DeadLetter

    letter = DeadLetter("not_xml", "?", "parse", "file:///a", b"payload", 1, 7)
    row = FullRow()
    row.follow(dead_letters.store(CODEC, letter, "run", "job"))
    target = row.follow(targets.bar_letter(letter.dead_letter_id, STONE)).result
    assert dead_letters.decode(CODEC, b"00x", row.seen()) is None
    row.follow(targets.remove(target))
    assert row.follow(dead_letters.store(CODEC, letter, "other", "job")).result == Barred("")
    assert {place[0] for place in row.cells} == {"s"}


def test_steps_that_write_whatever_a_row_holds_are_of_arrivals_alone() -> None:
    """An arrival of a duplicate is written unconditionally: what is left of it is swept by the erasure's last step."""
    row, stored = FullRow(), record(fresh_key())
    row.apply(stored)
    transaction = transact(CODEC, stored, Attempt("other", "job", 2))
    steps = [next(transaction)]
    steps.append(transaction.send(False))
    assert [type(step) for step in steps] == [Check, Read]
    step = transaction.send(row.answer(steps[1]))
    assert isinstance(step, Write) and {cell.family for cell in step.cells} == {"a"}
