"""No view over states takes absurdly longer than it must: over 200,000 of them, beside reading them at all.

What ten million take stands in docs/QUERY_COSTS.md. Here the margin is wide, as the machine may be busy: what it finds
is a view that compares rows with one another, or goes over all of them again for each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from local.bench import states
from tests.integration.views.dataset import Dataset
from transforms.views import sql

STATES = 200_000
# Times the seconds of reading all states, or seconds, whichever is longer.
TIMES, SECONDS = 30, 15
PAGE = Path(__file__).parents[3] / "docs" / "QUERY_COSTS.md"
VIEWS = states.views_of_states()


@pytest.fixture(scope="module")
def filled(make_dataset: Callable[..., Dataset]) -> Dataset:
    dataset = make_dataset()
    states.fill(dataset.name, STATES)
    found = dataset.emulated("SELECT COUNT(*) AS n, COUNTIF(status = 'cancelled' AND revision = 2) AS changed "
                             "FROM document_state")  # fmt: skip
    assert found == [{"n": STATES, "changed": STATES * states.CHANGED}]
    return dataset


@pytest.mark.parametrize("view", [view for view in VIEWS if view != sql.STATE_VIEW])
def test_a_view_takes_no_absurd_time_beside_reading_all_states(filled: Dataset, view: str) -> None:
    reading = states.seconds(filled.name, sql.STATE_VIEW, 1)["whole"]
    taken = states.seconds(filled.name, view, 1)
    assert max(taken.values()) < max(TIMES * reading, SECONDS), (taken, reading)


def test_the_page_tells_the_seconds_of_each_view_of_states() -> None:
    section = PAGE.read_text("utf-8").partition("## Seconds")[2]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == VIEWS
