"""The transaction against a row in memory that does what Bigtable promises of one row: each step is atomic."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.truth.samples import (
    CODEC,
    FIRST,
    RECEIVED_AT,
    Row,
    applied,
    expected_cells,
    fresh_key,
    from_origin,
    record,
    records,
)
from transforms.model import DUPLICATE, NEW, RESUMED, Applied, DeadLetter, Record
from transforms.truth import certificates, row_keys, rows
from transforms.truth.codec import Codec, current, packaged
from transforms.truth.errors import TruthError
from transforms.truth.transaction import Answer, Attempt, Check, Keep, Read, Transaction, transact


def test_the_first_record_of_a_key_takes_one_step() -> None:
    row, first = Row(), record(fresh_key())
    result = applied(row.apply(first))
    assert [type(step) for step in row.steps] == [Check]
    assert (result.arrival.outcome, result.change and result.change.revision) == (NEW, 1)
    assert result.change and result.change.before is None
    assert row.content() == expected_cells(CODEC, [first])
    assert [a.outcome for a in row.arrivals()] == [NEW]


def test_a_certificate_is_kept_before_the_document_that_needs_it() -> None:
    text = random.Random(1).randbytes(900).hex()
    row, signed = Row(), record(fresh_key(), f"<X509Certificate>{text}</X509Certificate>")
    assert applied(row.apply(signed)).arrival.outcome == NEW
    assert [type(step) for step in row.steps] == [Keep, Check]
    ((place, cell),) = row.kept
    reader = Codec(
        packaged(),
        current(),
        find_certificate=lambda digest: cell.value if row_keys.certificate_row(digest) == place else None,
    )
    stored = row.cells["x", bytes.fromhex(signed.entry.record_id)].value
    assert place == row_keys.certificate_row(certificates.digest_of(text.encode()))
    assert reader.decode_xml(stored) == signed.raw.payload
    assert len(stored) < len(text) / 2


def test_the_second_record_builds_on_what_the_first_change_left() -> None:
    key = fresh_key()
    row = Row()
    first = applied(row.apply(record(key)))
    second = applied(row.apply(record(key, "other", protocol_status=100)))
    assert first.change and second.change
    assert second.change.revision == 2
    assert second.change.before == first.change.after
    assert second.change.dimensions_before == first.change.dimensions_after
    assert second.change.after["status"] == "authorised"
    assert row.content() == expected_cells(CODEC, [record(key), record(key, "other", protocol_status=100)])


def test_a_later_attempt_of_the_same_run_and_origin_resumes_with_the_same_change() -> None:
    row, stored = Row(), record(fresh_key())
    first = applied(row.apply(stored))
    again = applied(row.apply(stored, Attempt("run", "job-2", 9_000)))
    assert (again.arrival.outcome, again.change) == (RESUMED, first.change)
    assert sorted(a.job for a in row.arrivals()) == ["job-1", "job-2"]


def test_a_retry_within_the_job_resumes_and_leaves_the_lineage_as_it_is() -> None:
    row, stored = Row(), record(fresh_key())
    first = applied(row.apply(stored))
    before = dict(row.cells)
    again = applied(
        row.apply(
            stored._replace(raw=stored.raw._replace(received_at=RECEIVED_AT + 5)), FIRST._replace(applied_at=9_000)
        )
    )
    assert again == first._replace(arrival=first.arrival._replace(outcome=RESUMED))
    assert row.cells == before


def test_a_resumed_record_is_handed_on_as_it_was_stored_not_as_it_is_parsed_now() -> None:
    key = fresh_key()
    row = Row()
    row.apply(record(key))
    stored = record(key)
    now = stored._replace(entry=stored.entry._replace(fields={"model": "55"}, findings=()))
    again = applied(row.apply(now, Attempt("run", "job-2", 2)))
    assert again.entry == stored.entry


@pytest.mark.parametrize(("run", "origin"), [("another run", "file:///a.xml"), ("run", "file:///copy.xml")])
def test_the_same_bytes_by_another_run_or_origin_are_a_duplicate(run: str, origin: str) -> None:
    row, stored = Row(), record(fresh_key())
    row.apply(stored)
    content, changes = row.content(), row.changes()
    result = applied(row.apply(from_origin(stored, origin), Attempt(run, "job-2", 2_000)))
    came = result.arrival
    assert (came.outcome, result.change, came.run, came.origin) == (DUPLICATE, None, run, origin)
    assert (row.content(), row.changes()) == (content, changes)
    assert {(a.run, a.origin, a.outcome) for a in row.arrivals()} == {
        ("run", "file:///a.xml", NEW),
        (run, origin, DUPLICATE),
    }


def test_a_write_whose_answer_was_lost_is_still_new() -> None:
    row, stored = Row(), record(fresh_key())
    transaction = transact(CODEC, stored, FIRST)
    row.answer(next(transaction))  # written, but the client hears nothing and sends it again
    result = applied(row.follow(transaction, answer=False))
    assert (result.arrival.outcome, result.change and result.change.revision) == (NEW, 1)
    assert len(row.changes()) == 1


def test_a_write_whose_answer_was_lost_is_new_even_when_another_record_followed() -> None:
    key = fresh_key()
    row = Row()
    transaction = transact(CODEC, record(key), FIRST)
    row.answer(next(transaction))
    row.apply(record(key, "other"), Attempt("stream", "job-9", 5))
    result = applied(row.follow(transaction, answer=False))
    assert (result.arrival.outcome, result.change and result.change.revision) == (NEW, 1)


def test_another_writer_in_between_is_a_conflict_and_nothing_is_lost() -> None:
    key = fresh_key()
    row = Row()
    row.apply(record(key))
    slow = transact(CODEC, record(key, "slow", origin="slow"), FIRST)
    step = slow.send(row.answer(next(slow)))  # refused: the key has a revision
    assert isinstance(step, Read)
    step = slow.send(row.answer(step))
    row.apply(record(key, "fast", origin="fast"))
    completed = row.follow(slow, row.answer(step))
    assert completed.conflicts == 1
    assert [c.revision for c in row.changes()] == [1, 2, 3]
    assert row.content() == expected_cells(CODEC, [record(key), record(key, "slow"), record(key, "fast")])


def test_a_row_that_was_deleted_in_between_begins_again() -> None:
    key = fresh_key()
    row = Row()
    row.apply(record(key))
    transaction = transact(CODEC, record(key, "other"), FIRST)
    step = transaction.send(row.answer(next(transaction)))
    row.cells.clear()
    result = applied(row.follow(transaction, row.answer(step)))
    assert result.change and result.change.revision == 1


def test_a_cell_that_is_too_large_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_CELL_BYTES", 500)
    row, stored = (
        Row(),
        record(fresh_key(), bytes(range(33, 127)).decode() * 40, description="".join(map(chr, range(900)))),
    )
    completed = row.apply(stored)
    assert isinstance(completed.result, DeadLetter)
    assert (completed.result.code, completed.result.stage) == ("cell_too_large", "truth")
    assert (completed.result.payload, completed.result.origin) == (stored.raw.payload, stored.raw.origin)
    assert row.cells == {}


def test_a_full_row_takes_no_more_but_still_knows_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    key = fresh_key()
    row = Row()
    row.apply(record(key))
    monkeypatch.setattr(rows, "MAX_ROW_BYTES", rows.stored_bytes(rows.record_cells(CODEC, record(key)).cells) + 50)
    completed = row.apply(record(key, "other"))
    assert isinstance(completed.result, DeadLetter)
    assert completed.result.code == "row_full"
    assert key in completed.result.message
    assert applied(row.apply(record(key), Attempt("run", "job-2", 2))).arrival.outcome == RESUMED


def test_a_number_that_json_cannot_hold_is_a_dead_letter() -> None:
    completed = Row().apply(record(fresh_key(), number=10**30))
    assert isinstance(completed.result, DeadLetter)
    assert completed.result.code == "unstorable_fields"


def test_an_origin_with_bytes_that_are_no_unicode_is_stored_and_known_again() -> None:
    row = Row()
    stored = record(fresh_key(), origin="file:///\udce7.xml")
    assert applied(row.apply(stored)).arrival.outcome == NEW
    assert applied(row.apply(stored, Attempt("run", "job-2", 2))).arrival.outcome == RESUMED


@pytest.mark.parametrize("stored", [True, False], ids=["the same record", "another record"])
def test_a_row_that_contradicts_itself_is_an_error(stored: bool) -> None:
    key = fresh_key()
    row = Row()
    row.apply(record(key))
    del row.cells["c", b"0000000001"]
    with pytest.raises(TruthError, match=f"{key}.*no change"):
        row.apply(record(key, "" if stored else "other"))


class Writer:
    """A process that applies its records one after another, in attempts that may be cut off anywhere."""

    def __init__(self, row: Row, run: str, found: list[Record]) -> None:
        self.row = row
        self.run = run
        self.left = list(found)
        self.emitted: list[Applied] = []
        self.attempts = 0
        self._transaction: Transaction | None = None
        self._answer: Callable[[], Answer] = lambda: None

    def step(self, lose_answer: bool) -> None:
        """One step reaches the row; with ``lose_answer`` the process dies before it hears of it."""
        if not self.left:
            return
        if self._transaction is None:
            self.attempts += 1
            attempt = Attempt(self.run, f"{self.run}-{self.attempts}", self.attempts)
            self._transaction = transact(CODEC, self.left[0], attempt)
            self._step = next(self._transaction)
        answer = self.row.answer(self._step)
        if lose_answer:
            self._transaction = None
            return
        try:
            self._step = self._transaction.send(answer)
        except StopIteration as stop:
            self.emitted.append(applied(stop.value))
            self.left.pop(0)
            self._transaction = None


@given(st.data())
def test_any_interleaving_of_writers_that_die_anywhere_ends_in_the_same_row(data: st.DataObject) -> None:
    history = data.draw(records())
    row = Row()
    # What two runs bring overlaps: the second finds duplicates, or the first does.
    writers = [
        Writer(row, "backfill", data.draw(st.permutations(history))),
        Writer(row, "stream", data.draw(st.lists(st.sampled_from(history), max_size=5))),
        Writer(row, "other", data.draw(st.permutations(history))),
    ]
    schedule = data.draw(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=40))
    for number, lose_answer in schedule:
        writers[number].step(lose_answer)
    for writer in writers:
        while writer.left:
            writer.step(lose_answer=False)
    assert row.content() == expected_cells(CODEC, history)
    changes = row.changes()
    assert [c.revision for c in changes] == list(range(1, len(history) + 1))
    assert sorted(c.record_id for c in changes) == sorted(r.entry.record_id for r in history)
    assert all(later.before == earlier.after for earlier, later in zip(changes, changes[1:], strict=False))
    # Whoever owns a change has emitted it when all is done, and nobody else has.
    emitted = [a.change._replace(key="") for writer in writers for a in writer.emitted if a.change]
    assert {c.revision for c in emitted} == {c.revision for c in changes}
    assert all(c == changes[c.revision - 1] for c in emitted)
