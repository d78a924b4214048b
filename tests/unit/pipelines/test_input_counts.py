from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local import demo
from pipelines import input_counts

COUNTERS = {
    "inputs": 20,
    "documents": 10,
    "events": 5,
    "voided_ranges": 1,
    "records_new": 9,
    "records_resumed": 3,
    "records_duplicate": 4,
    "dead_letters": 4,
    "dead_letter_truncated": 3,
    "dead_letter_empty": 1,
    "dead_letters_empty": 1,
    "bytes_read": 1,
}


def test_input_counts__counters_of_a_run__add_up() -> None:
    counts = input_counts.input_counts_of(COUNTERS, {"xml_bytes": 1000, "stored_bytes": 100, "apply_millis": 7})
    assert counts.records == 16
    assert counts.new == 12
    assert counts.resumed == 3
    assert counts.dead_letters == {"empty": 1, "truncated": 3}
    assert (counts.xml_bytes, counts.stored_bytes) == (1000, 100)
    assert input_counts.problems(counts) == []


def test_input_counts__empty_input__has_no_counters_at_all() -> None:
    counts = input_counts.input_counts_of({}, {})
    assert (counts.inputs, counts.records, counts.dead) == (0, 0, 0)
    assert input_counts.problems(counts) == []


def test_input_counts__row_that_bigquery_refused__is_told_apart_from_dead_inputs() -> None:
    counts = input_counts.input_counts_of({**COUNTERS, "dead_letter_row_refused": 2}, {})
    assert counts.dead == 4
    assert counts.refused_rows == 2
    assert ["2 rows" in line for line in input_counts.problems(counts)] == [True]


@given(st.sampled_from(["inputs", "documents", "records_new", "records_duplicate", "dead_letter_empty"]))
def test_problems__any_counter_off_by_one__is_noticed(name: str) -> None:
    counts = input_counts.input_counts_of({**COUNTERS, name: COUNTERS[name] + 1}, {})
    assert input_counts.problems(counts) != []


def test_unexpected__names_what_differs_from_the_manifest() -> None:
    counts = input_counts.input_counts_of(COUNTERS, {})
    manifest: dict[str, Any] = {
        "inputs": 20,
        "documents": 11,
        "events": 5,
        "voided_ranges": 1,
        "dead_letters": {"truncated": 3, "empty": 1},
        "duplicates": 0,
    }
    assert demo.unexpected(counts, manifest) == ["documents: 10 instead of 11"]
    assert demo.unexpected(counts, {**manifest, "documents": 10}) == []


def test_json__has_what_scripts_rely_on() -> None:
    counts = input_counts.input_counts_of(COUNTERS, {"xml_bytes": 9, "stored_bytes": 3})
    found = input_counts.as_json(counts)
    assert found["inputs"] == found["documents"] + found["events"] + found["voided_ranges"] + sum(
        found["dead_letters"].values()
    )
    assert found["new"] + found["duplicates"] == 16
    assert set(found) >= {"xml_bytes", "stored_bytes", "resumed", "refused_rows"}
