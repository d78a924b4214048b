"""Rows of what is erased are removed from every table, and no others."""

from __future__ import annotations

from local.stack import PROJECT_ID
from tests import views_world as world
from tests.integration.views.dataset import Dataset
from transforms.views import erased

GONE, STAYS = world.key_of(number=1), world.key_of(number=2)


def test_rows_of_noted_ids_are_removed_and_the_others_stay(dataset: Dataset) -> None:
    dataset.write_applied(world.applied([world.document(GONE, "a"), world.document(STAYS, "b")]))
    build = f"{dataset.name}__erasing_test"
    dataset.client.create_dataset(build)
    erased.create_ids(PROJECT_ID, build)
    erased.note_ids(PROJECT_ID, build, [GONE])
    done = erased.remove(PROJECT_ID, dataset.name, build)
    dataset.client.delete_dataset(build, delete_contents=True)
    assert {table: rows for table, rows in done.items() if rows} == {"documents": 1, "changes": 1, "arrivals": 1}
    for table in ("documents", "changes", "arrivals"):
        assert [row["access_key"] for row in dataset.emulated(f"SELECT access_key FROM {table}")] == [STAYS]
