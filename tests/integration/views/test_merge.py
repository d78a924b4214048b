"""States are a table with the changes since its last merge laid over it: what is read is the same at any moment.

Both engines answer as if nothing were merged, since the rows of ``states`` are none of what was written; so views are
asked on the emulator alone, and compared with those of a dataset that was never merged.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from typing import Any

import pytest

from local.stack import PROJECT_ID
from tests import views_world as world
from tests.integration.views.dataset import Dataset
from tests.integration.views.killed import killed
from tests.integration.views.partials import some_histories
from tests.integration.views.year import YEAR
from transforms.model import Applied
from transforms.views import catalog, merge, merge_sql
from transforms.views.rows import TableRow, rows_of

Make = Callable[..., Dataset]
HOUR = 3600 * world.SECOND
NOW = world.RECEIVED_AT + 100 * HOUR


def stream(seed: int = 5) -> list[Applied]:
    """A company's year and random histories, in the order in which they were applied, an hour between any two."""
    year = world.applied(YEAR, "run-year")
    keys = {one.entry.key for one in year}
    applied = [*year, *(one for one in some_histories(seed) if one.entry.key not in keys)]
    at = {id(one): world.RECEIVED_AT + n * HOUR // 2 for n, one in enumerate(applied)}
    found = []
    for one in applied:
        if one.change is None:
            continue
        change = one.change._replace(applied_at=at[id(one)])
        found.append(one._replace(change=change, current_at=change.applied_at))
    return found


def rows(applied: list[Applied]) -> list[TableRow]:
    return [row for one in applied for row in rows_of(one)]


def answers(dataset: Dataset) -> list[str]:
    """What is read of states, by whoever reads them: all other views read this one."""
    return sorted(map(repr, dataset.emulated("SELECT * FROM document_state")))


def states(dataset: Dataset) -> list[dict[str, Any]]:
    return dataset.emulated("SELECT access_key, revision, month FROM states ORDER BY access_key")


def test_views_say_the_same_merged_or_not_whatever_comes_between(make_dataset: Make) -> None:
    plain, merged = make_dataset(), make_dataset()
    applied = stream()
    shuffled = random.Random(3)
    for begin in range(0, len(applied), len(applied) // 3 + 1):
        part = applied[begin : begin + len(applied) // 3 + 1]
        shuffled.shuffle(part)  # rows of different bundles come in any order
        for dataset in (plain, merged):
            dataset.write(rows(part))
            dataset.write(rows(part[::3]))
        assert answers(merged) == answers(plain)
        last = max(one.change.applied_at for one in applied[:begin] or part if one.change)
        done = merge.merge(PROJECT_ID, merged.name, last + merge.OVERLAP, most=20)
        assert done.statements >= 1
        assert answers(merged) == answers(plain)
    end = max(one.change.applied_at for one in applied if one.change) + merge.OVERLAP
    merge.merge(PROJECT_ID, merged.name, end)
    found = states(merged)
    assert answers(merged) == answers(plain)
    assert len(found) == len({row["access_key"] for row in found}) > 50
    merge.merge(PROJECT_ID, merged.name, end)
    assert states(merged) == found
    # The definition of a state is the fold's, by test_state; here a merged row is what the view made of changes.
    assert merged.emulated("SELECT COUNT(*) AS n FROM document_state") == plain.emulated(
        "SELECT COUNT(*) AS n FROM document_state"
    )
    assert catalog.migrate(PROJECT_ID, merged.name) == [], "what is merged stays when the dataset is brought up to date"


def moved() -> list[Applied]:
    """An event, then its document, which is of another month than the key says, then one more event."""
    key = world.key_of(number=77)
    return world.applied(
        [
            world.event(key, "e1", "110110", correction="a"),
            world.document(key, "d1", issued_on="2026-05-02", issued_at="2026-05-02T12:00:00Z"),
            world.event(key, "e2", "110111", registered_at="2026-05-03T10:00:00Z"),
        ]
    )


@pytest.mark.parametrize("until", [1, 2])
def test_a_key_that_moves_to_another_month_is_there_once(make_dataset: Make, until: int) -> None:
    dataset = make_dataset()
    applied = moved()
    dataset.write(rows(applied[:until]))
    merge.merge(PROJECT_ID, dataset.name, NOW)
    month = states(dataset)[0]["month"]
    dataset.write(rows([*applied[:until], *(one._replace(current_at=NOW) for one in applied[until:])]))
    (row,) = dataset.emulated("SELECT status, issuer_name, CAST(month AS STRING) AS month FROM document_state")
    assert (row["status"], row["month"]) == ("cancelled", "2026-05-01")
    # Applied just before the merge, and merged again by the next one: what it overlaps.
    merge.merge(PROJECT_ID, dataset.name, NOW)
    (kept,) = states(dataset)
    assert (f"{kept['month']}", kept["revision"]) == ("2026-05-01", 3)
    assert (f"{month}" == "2026-05-01") == (until == 2)


def test_an_older_change_that_comes_later_does_not_win(make_dataset: Make) -> None:
    dataset = make_dataset()
    first, second, third = moved()
    dataset.write(rows([first, third]))
    merge.merge(PROJECT_ID, dataset.name, NOW)
    # A job that was killed behind its commit is started days later: Bigtable has a later change, this is not current.
    dataset.write(rows([second._replace(current_at=None)]))
    (row,) = dataset.emulated("SELECT revision FROM document_state")
    assert row["revision"] == 3
    merge.merge(PROJECT_ID, dataset.name, NOW + HOUR)
    assert [one["revision"] for one in states(dataset)] == [3]
    assert len(dataset.emulated("SELECT revision FROM history")) == 3


def test_the_last_change_that_comes_days_later_is_seen_at_once(make_dataset: Make) -> None:
    dataset = make_dataset()
    first, second, third = moved()
    dataset.write(rows([first, second]))
    merge.merge(PROJECT_ID, dataset.name, NOW)
    # What is sent again says when it was looked at, which was after the merge.
    dataset.write(rows([third._replace(current_at=NOW + 50 * HOUR)]))
    assert [row["revision"] for row in dataset.emulated("SELECT revision FROM document_state")] == [3]
    merge.merge(PROJECT_ID, dataset.name, NOW + 60 * HOUR)
    assert [one["revision"] for one in states(dataset)] == [3]


def test_a_change_that_came_behind_the_horizon_of_a_merge_is_seen_when_it_comes_again(make_dataset: Make) -> None:
    """The bundle of one that was under way for too long fails, and its retry says anew that it is current."""
    dataset = make_dataset()
    first, second, third = moved()
    dataset.write(rows([first, second]))
    merge.merge(PROJECT_ID, dataset.name, NOW)
    dataset.write(rows([third._replace(current_at=NOW - merge.OVERLAP - HOUR)]))
    assert [row["revision"] for row in dataset.emulated("SELECT revision FROM document_state")] == [2]
    dataset.write(rows([third._replace(current_at=NOW + HOUR)]))
    assert [row["revision"] for row in dataset.emulated("SELECT revision FROM document_state")] == [3]
    merge.merge(PROJECT_ID, dataset.name, NOW + 3 * HOUR)
    assert [one["revision"] for one in states(dataset)] == [3]


def test_what_is_begun_again_is_made_of_changes_alone(make_dataset: Make) -> None:
    dataset = make_dataset()
    dataset.write(rows(moved()))
    merge.merge(PROJECT_ID, dataset.name, NOW)
    before = answers(dataset)
    dataset.emulated("UPDATE states SET status = 'wrong', access_key = 'nobody' WHERE TRUE")
    merge.begin_again(PROJECT_ID, dataset.name)
    assert states(dataset) == []
    assert answers(dataset) == before
    merge.merge(PROJECT_ID, dataset.name, NOW)
    assert answers(dataset) == before


def test_killed_anywhere_and_run_again_it_is_the_same(make_dataset: Make) -> None:
    dataset = make_dataset()
    dataset.write(rows(stream()))
    right = answers(dataset)
    for step in (3, 4, 5, 8):
        statement = f"merge.merge(PROJECT_ID, {dataset.name!r}, {NOW}, most=20)"
        assert killed(statement, step, "statements.rows", "statements.alone", "merge._lay_over") == -signal.SIGKILL
        assert answers(dataset) == right, step
    assert merge.merge(PROJECT_ID, dataset.name, NOW, most=20).statements > 0
    assert answers(dataset) == right
    found = states(dataset)
    assert len(found) == len({row["access_key"] for row in found})
    keys = dataset.emulated("SELECT COUNT(DISTINCT access_key) AS n FROM changes WHERE kind != 'voided_range'")
    assert [len(found)] == [row["n"] for row in keys]


def test_a_window_of_whole_days_is_merged_no_further_than_changes_are_complete(make_dataset: Make) -> None:
    dataset = make_dataset()
    applied = stream()
    dataset.write(rows(applied))
    now = applied[len(applied) // 2].change.applied_at + HOUR  # type: ignore[union-attr]
    done = merge.merge(PROJECT_ID, dataset.name, now + merge.OVERLAP, most=len(applied))
    assert done.until == now
    done = merge.merge(PROJECT_ID, dataset.name, now + merge.OVERLAP + world.SECOND, most=1)
    assert done.until <= now + world.SECOND


def test_windows_take_whole_days() -> None:
    from datetime import UTC, date, datetime

    found = [(date(2026, 5, 28), 8), (date(2026, 5, 29), 9), (date(2026, 5, 30), 1), (date(2026, 5, 31), 30)]
    start = int(datetime(2026, 5, 28, 20, tzinfo=UTC).timestamp()) * world.SECOND
    ends = [window.end for window in merge_sql.windows(found, start, most=10)]
    assert [None if end is None else f"{datetime.fromtimestamp(end // world.SECOND, UTC):%d %H}" for end in ends] == [
        "29 00", "31 00", None,
    ]  # fmt: skip
    assert list(merge_sql.windows([], start)) == [merge_sql.Window(start)]
