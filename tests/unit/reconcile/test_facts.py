from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.truth.samples import Row, applied, history, records
from transforms.model import Record
from transforms.reconcile import facts
from transforms.reconcile.facts import Digest, Fact, add, bucket_of, compare, digest_of
from transforms.truth.transaction import Attempt
from transforms.views.rows import rows_of

KEY = "35250312345678000195550010000000011000000010"


def fact(text: str, day: str = "") -> Fact:
    return Fact("documents", KEY, "id", text, day)


def kinds(stored: list[Fact], served: list[Fact]) -> list[str]:
    return [difference.what for difference in compare(stored, served)]


@given(st.lists(st.text(max_size=20), unique=True))
def test_the_digest_of_a_set_knows_no_order_and_no_division(texts: list[str]) -> None:
    digests = [digest_of(text) for text in texts]
    shuffled = sorted(digests, key=lambda d: d.second)
    half = len(texts) // 2
    assert add(digests) == add(shuffled) == add([add(shuffled[:half]), add(shuffled[half:])])


def test_two_facts_swapped_for_one_doubled_fact_do_not_cancel_out() -> None:
    assert add([digest_of("a"), digest_of("a")]) != add([digest_of("a"), digest_of("b")])
    assert add([]) == Digest(0, 0, 0)


def test_a_row_that_was_written_twice_the_same_is_no_difference() -> None:
    assert kinds([fact("a", "2025-03-01")], [fact("a"), fact("a")]) == []


def test_missing_surplus_wrong_and_doubled_rows_are_told_apart() -> None:
    assert kinds([fact("a")], []) == ["missing_row"]
    assert kinds([], [fact("a")]) == ["surplus_row"]
    assert kinds([fact("a")], [fact("b")]) == ["wrong_row"]
    assert kinds([fact("a")], [fact("a"), fact("b")]) == ["doubled_row"]


def test_a_difference_names_day_issuer_and_the_job_that_mends_it() -> None:
    [missing] = compare([fact("a", "2025-03-09")], [])
    assert (missing.day, missing.issuer) == ("2025-03-09", "12345678000195")
    assert missing.mend == f"python -m pipelines.rebuild --keys {KEY}"
    [surplus] = compare([], [fact("a")])
    assert surplus.day == "2025-03-01", "where nobody knows the day, the month of the key"


def test_the_bucket_is_what_sql_calls_right() -> None:
    assert bucket_of(KEY, 3) == "010" and bucket_of("ab", 3) == "ab"


@given(records(), st.integers(1, 4))
def test_whatever_attempts_were_lost_the_last_one_of_each_run_tells_all_facts_once(
    found: list[Record], attempts: int
) -> None:
    """Earlier attempts reach the row of the key and nothing else."""
    row, served = Row(), set()
    for run in ("backfill", "stream"):
        for attempt in range(attempts):
            told = [applied(row.apply(one, Attempt(run, f"{run}-{attempt}", attempt))) for one in found]
        made = (facts.fact_of_row(table, one) for each in told for table, one in rows_of(each))
        served |= {(fact.key, fact.identity, fact.text) for fact in made}
    stored = [(fact.key, fact.identity, fact.text) for fact in facts.facts_of_history(history(row, found[0].entry.key))]
    assert set(stored) == served and len(stored) == len(set(stored))


def test_the_text_of_a_count_is_as_sql_writes_it() -> None:
    key = ("issuer", "12345678000195", "55", "1", "authorised", "2026-03-01", "2026-03-01")
    assert facts.count_text(key, -2, "-12.50") == "|".join((*key, "-2", "-12.-500000000"))
    assert facts.count_bucket(key, 3) == facts.count_bucket(key, 5)[:3]
