"""NSUs of distributions: what came, per CNPJ that asks, and what is missing between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import views_world as world
from tests.integration.views.dataset import Dataset
from tests.integration.views.handed_out import HANDED_OUT, THEM, US, came
from transforms.views import rows


@pytest.fixture(scope="module")
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    made = make_dataset()
    made.write_applied(came(HANDED_OUT))
    letter = world.dead_letter("truncated", f"gs://b/nfe/{US}/1.xml#NSU=000000000000009")
    made.write(rows.rows_of_dead_letter(letter, "run-1", "run-1/1", world.RECEIVED_AT))
    made.write_applied(came(HANDED_OUT))
    return made


def test_every_nsu_is_there_once_with_who_asked(dataset: Dataset) -> None:
    query = "SELECT family, holder_id, nsu, outcome FROM nsu_received ORDER BY family, holder_id, nsu"
    assert [tuple(row.values()) for row in dataset.query(query)] == [
        ("cte", US, 1, "new"), ("cte", US, 3, "new"),
        ("nfe", None, 20, "new"), ("nfe", None, 22, "new"),
        ("nfe", US, 7, "new"), ("nfe", US, 8, "new"), ("nfe", US, 9, "dead"), ("nfe", US, 12, "new"),
        ("nfe", THEM, 3, "new"), ("nfe", THEM, 4, "new"),
    ]  # fmt: skip


def test_gaps_are_of_one_service_and_one_who_asked(dataset: Dataset) -> None:
    query = (
        "SELECT family, holder_id, holder, first_missing, last_missing, missing, last_nsu FROM nsu_gaps "
        "ORDER BY family, holder"
    )
    assert [tuple(row.values()) for row in dataset.query(query)] == [
        ("cte", US, US, 2, 2, 1, 3),
        ("nfe", US, US, 10, 11, 2, 12),
        ("nfe", None, "files/all", 21, 21, 1, 22),
    ]
