"""Every view on two engines, over the same rows: whatever is in ``sql/`` is compared, none has to be listed here."""

from __future__ import annotations

import pytest

from local.stack import PROJECT_ID
from tests import views_world as world
from tests.integration.views.dataset import Dataset
from tests.integration.views.handed_out import HANDED_OUT, came
from tests.integration.views.partials import partials, some_histories
from tests.integration.views.replaced import HISTORY as REPLACED
from tests.integration.views.taxed import HISTORY as TAXED
from tests.integration.views.trade import HISTORY as TRADE
from tests.integration.views.year import YEAR_ROWS
from transforms.views import schema, sql
from transforms.views.rows import row_of_count, rows_of

TODAY = "2026-04-09"
VIEWS = [view.name for view in sql.views(PROJECT_ID, "acervo")]


@pytest.fixture(scope="module")
def everything(dataset: Dataset) -> Dataset:
    """A company's year and random histories, all repeated, with the counts of both."""
    dataset.write(YEAR_ROWS)
    dataset.write(YEAR_ROWS[::2])
    dataset.write(row for result in world.applied(REPLACED) for row in rows_of(result))
    dataset.write_applied(world.applied(TRADE))
    dataset.write_applied(world.applied(TAXED))
    dataset.write_applied(came(HANDED_OUT))
    histories = some_histories(11)
    dataset.write(row for result in histories for row in rows_of(result))
    dataset.write(row_of_count(row) for row in partials(histories, "run-3/all/0", 1_000_000) * 2)
    return dataset


@pytest.mark.parametrize("name", VIEWS)
def test_both_engines_give_the_same_rows_of_every_view(everything: Dataset, name: str) -> None:
    assert everything.view(name, TODAY), f"no row was compared: rows for {name} are missing in this test"


@pytest.mark.parametrize("name", schema.TABLES)
def test_both_engines_hold_the_same_rows_of_every_table(everything: Dataset, name: str) -> None:
    assert everything.query(f"SELECT * FROM {name}")
