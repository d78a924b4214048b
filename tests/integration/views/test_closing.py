"""Counts of days that are over are read added up, and are the same at any moment, whatever comes late or twice.

Both engines answer as if nothing were closed, since sums are none of what was written; so views are asked on the
emulator alone, and compared with those of a dataset of which no day was ever closed.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from local.stack import PROJECT_ID
from tests import views_world as world
from tests.integration.views.dataset import Dataset
from tests.integration.views.killed import killed
from tests.integration.views.partials import partials, some_histories
from transforms import instants
from transforms.counting import log
from transforms.model import Applied
from transforms.views import closing, connect, sql, statements
from transforms.views.rows import TableRow, row_of_count

Make = Callable[..., Dataset]
DAY = 24 * 3600 * world.SECOND
NOW = world.RECEIVED_AT + 30 * DAY
FIRST = datetime.fromtimestamp(world.RECEIVED_AT // world.SECOND, UTC).date()


def slots(applied: list[Applied], every: int, version: int = 1) -> list[TableRow]:
    """Partial sums of a stream: of some changes each, their slots a quarter of a day apart."""
    found = []
    for number, begin in enumerate(range(0, len(applied), every)):
        at = world.RECEIVED_AT + number * DAY // 4
        rows = partials(applied[begin : begin + every], f"log/{log.slot_of(at)}", at)
        found += [row_of_count(row | {"version": version, "computed_at": at}) for row in rows]
    return found


def answers(dataset: Dataset) -> list[str]:
    return sorted(map(repr, dataset.emulated("SELECT * FROM counts_total")))


def sums(dataset: Dataset) -> int:
    return int(dataset.emulated("SELECT COUNT(*) AS n FROM closed_counts")[0]["n"])


def closed_until(dataset: Dataset) -> date:
    view = connect.rest_client(PROJECT_ID).get_table(f"{PROJECT_ID}.{dataset.name}.{sql.COUNT_VIEW}")
    return sql.closed_until(view.view_query)


def append(dataset: Dataset, rows: Iterable[TableRow]) -> None:
    """As whoever adds slots up appends them: their days are opened before, and looked at behind."""
    rows = list(rows)
    days = [date.fromisoformat(row["log_day"]) for _, row in rows if "log_day" in row]
    closing.open_late(PROJECT_ID, dataset.name, days)
    dataset.write(rows)
    closing.open_late(PROJECT_ID, dataset.name, days)


def test_counts_are_the_same_closed_or_not_whatever_comes_late_or_twice(make_dataset: Make) -> None:
    plain, closed = make_dataset(), make_dataset()
    applied = some_histories(7)
    whole = slots(applied, 3, version=2)
    early = [(table, {**row, "version": 1, "documents": 99}) for table, row in whole[::5]]
    run = [row_of_count(row) for row in partials(some_histories(8), "run-1/all/0", 1_000_000)]
    again = [row_of_count(row) for row in partials(some_histories(8), "run-1/all/0", 2_000_000)]
    shuffled = random.Random(3)
    rows = [*early, *whole]
    shuffled.shuffle(rows)
    part = len(rows) // 3 + 1
    # A sum of fewer contributions before and behind the right one, copies of rows that are closed, a run begun again.
    steps = [rows[:part] + run, rows[part : 2 * part], rows[2 * part :], whole[::7] + early[::3], again]
    for number, step in enumerate(steps):
        for dataset in (plain, closed):
            append(dataset, step)
        assert answers(closed) == answers(plain), number
        done = closing.close(PROJECT_ID, closed.name, world.RECEIVED_AT + (number + 1) * 2 * DAY)
        assert done.rows > 0, number
        assert answers(closed) == answers(plain), number
    assert closed_until(plain) == sql.NOTHING_CLOSED < closed_until(closed)
    assert 0 < sums(closed) < len(whole)


def test_a_partial_that_comes_again_opens_its_day_and_is_counted_once(make_dataset: Make) -> None:
    dataset = make_dataset()
    rows = slots(some_histories(7), 3)
    append(dataset, rows)
    right = answers(dataset)
    closing.close(PROJECT_ID, dataset.name, NOW)
    assert closed_until(dataset) == datetime.fromtimestamp(NOW // world.SECOND, UTC).date()
    append(dataset, rows[-1:])
    assert closed_until(dataset) == date.fromisoformat(rows[-1][1]["log_day"])
    assert answers(dataset) == right
    closing.close(PROJECT_ID, dataset.name, NOW)
    assert answers(dataset) == right


def test_what_is_appended_while_its_day_is_being_closed_is_counted(
    make_dataset: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, dataset = make_dataset(), make_dataset()
    rows = slots(some_histories(7), 3)
    plain.write(rows)
    append(dataset, rows[1:])
    alone = statements.alone
    calls: list[Any] = []

    def late(*args: Any) -> Any:
        """The statement that sums is over; then a partial comes, before the view says that days are closed."""
        done = alone(*args)
        if not calls:
            append(dataset, rows[:1])
        calls.append(args)
        return done

    monkeypatch.setattr(statements, "alone", late)
    closing.close(PROJECT_ID, dataset.name, NOW)
    assert len(calls) == 2, "closed anew, since a day was opened meanwhile"
    assert answers(dataset) == answers(plain)
    assert closed_until(dataset) > FIRST


def test_what_is_begun_again_is_made_of_partials_alone(make_dataset: Make) -> None:
    dataset = make_dataset()
    append(dataset, slots(some_histories(7), 3))
    right = answers(dataset)
    closing.close(PROJECT_ID, dataset.name, NOW)
    dataset.emulated("UPDATE closed_counts SET documents = documents + 1 WHERE TRUE")
    assert answers(dataset) != right
    closing.begin_again(PROJECT_ID, dataset.name)
    assert (sums(dataset), answers(dataset)) == (0, right)
    closing.close(PROJECT_ID, dataset.name, NOW)
    assert answers(dataset) == right


def test_a_day_is_closed_an_hour_after_its_end(make_dataset: Make) -> None:
    dataset = make_dataset()
    midnight = instants.micros_of_text(f"{FIRST}T00:00:00") + DAY
    half, whole = (closing.close(PROJECT_ID, dataset.name, midnight + part * DAY // 48) for part in (1, 2))
    assert (half.until, whole.until) == (FIRST, datetime.fromtimestamp(midnight // world.SECOND, UTC).date())


def test_killed_anywhere_and_run_again_it_is_the_same(make_dataset: Make) -> None:
    dataset = make_dataset()
    append(dataset, slots(some_histories(7), 3))
    right = answers(dataset)
    for step in (2, 3, 4):  # before the note, before the sums, before the view
        status = _close_until_killed(dataset, step)
        assert (status, answers(dataset)) == (-signal.SIGKILL, right), step
    assert closed_until(dataset) == sql.NOTHING_CLOSED
    closing.close(PROJECT_ID, dataset.name, NOW)
    assert answers(dataset) == right
    assert closed_until(dataset) > FIRST
    once = "SELECT COUNT(*) AS n FROM (SELECT DISTINCT * EXCEPT (documents, total) FROM closed_counts)"
    assert dataset.emulated(once) == [{"n": sums(dataset)}]


def _close_until_killed(dataset: Dataset, step: int) -> int:
    # A note that is there already is not made again.
    step -= "-- closing" in _query(dataset) and step > 2
    statement = f"closing.close(PROJECT_ID, {dataset.name!r}, {NOW})"
    return killed(statement, step, "closing._view", "closing._put", "statements.alone")


def _query(dataset: Dataset) -> str:
    view = connect.rest_client(PROJECT_ID).get_table(f"{PROJECT_ID}.{dataset.name}.{sql.COUNT_VIEW}")
    return str(view.view_query)
