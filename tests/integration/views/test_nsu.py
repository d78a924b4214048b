"""NSUs of distributions: what came, per CNPJ that asks, and what is missing between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import views_world as world
from tests.integration.views.dataset import Dataset
from transforms.model import Applied
from transforms.views import rows

US, THEM = "11222333000181", "99888777000161"


def came(origins: dict[str, Any]) -> Iterator[Applied]:
    """Documents applied, each from its origin."""
    for applied, origin in zip(world.applied(origins.values()), origins, strict=True):
        yield applied._replace(arrival=applied.arrival._replace(origin=origin))


HANDED_OUT = {
    f"gs://b/nfe/{US}/1.xml#NSU=000000000000007": world.document(world.key_of(number=1), "r7"),
    f"gs://b/nfe/{US}/1.xml#NSU=000000000000008": world.event(world.key_of(number=1), "r8", "210210"),
    f"gs://b/nfe/{US}/2.xml#NSU=000000000000012": world.document(world.key_of(number=2), "r12"),
    f"gs://b/nfe/{THEM}/1.xml#NSU=000000000000003": world.document(world.key_of(number=3), "s3"),
    f"gs://b/nfe/{THEM}/1.xml#NSU=000000000000004": world.document(world.key_of(number=4), "s4"),
    f"gs://b/cte/{US}/1.xml#NSU=000000000000001": world.document(world.key_of("57", 1), "c1"),
    f"gs://b/cte/{US}/1.xml#NSU=000000000000003": world.document(world.key_of("57", 2), "c3"),
    "files/all/9.xml#NSU=20": world.document(world.key_of(number=5), "f20"),
    "files/all/9.xml#NSU=22": world.document(world.key_of(number=6), "f22"),
    "gs://b/plain/1.xml": world.document(world.key_of(number=9), "p1"),
}


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
