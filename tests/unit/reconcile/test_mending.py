"""One command mends all that was found."""

from __future__ import annotations

from transforms.reconcile.mending import Mending, mending_of

REBUILD, REFOLD = "python -m pipelines.rebuild", "python -m pipelines.refold"


def found(key: str, mend: str) -> dict[str, str]:
    return {"key": key, "mend": mend}


def test_missing_rows_alone_are_added_by_a_rebuild_of_their_keys() -> None:
    mending = mending_of([found("A", f"{REBUILD} --keys A"), found("B", f"{REBUILD} --keys B")] * 2)
    assert mending.commands() == [("rebuild", "--keys", "A,B")]
    assert mending.commands("f") == [("rebuild", "--keys", "@f")]


def test_what_only_a_whole_rebuild_mends_makes_it_one() -> None:
    mending = mending_of([found("A", f"{REBUILD} --keys A"), found("", REBUILD)])
    assert mending.commands("f") == [("rebuild",)]


def test_states_are_folded_again_before_the_rebuild_that_follows() -> None:
    alone = mending_of([found("A", f"{REFOLD} --keys A")])
    assert alone.commands() == [("refold", "--keys", "A")]
    both = mending_of([found("A", f"{REFOLD} --keys A && {REBUILD}"), found("B", f"{REBUILD} --keys B")])
    assert both.commands("f") == [("refold", "--keys", "@f"), ("rebuild",)]


def test_many_keys_without_a_file_are_everything() -> None:
    keys = [f"K{number}" for number in range(100)]
    mending = mending_of(found(key, f"{REBUILD} --keys {key}") for key in keys)
    assert mending.commands() == [("rebuild",)] and mending.commands("f") == [("rebuild", "--keys", "@f")]


def test_what_no_job_mends_is_counted_and_has_no_command() -> None:
    assert mending_of([found("A", "restore the row from a backup")]) == Mending(lost=1)
    assert Mending(lost=1).commands() == []
