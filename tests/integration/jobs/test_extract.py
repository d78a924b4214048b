"""The job from PostgreSQL ends where a backfill of the same documents ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgres import Server, postgres_server
from local.stack.discover import LOCAL_PROJECT
from pipelines import extract
from tests.integration.jobs.stores import Stores
from tests.integration.jobs.test_backfill import NewStores, payloads_of


@pytest.fixture(scope="module")
def table(documents: Path) -> Iterator[Server]:
    """A database whose table holds every generated document, some of them in two rows."""
    with postgres_server() as server:
        with server.connect() as connection:
            connection.execute("CREATE TABLE documents (id bigint PRIMARY KEY, xml bytea)")
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO documents VALUES (%s, %s)", list(enumerate(payloads_of(documents))))
            connection.commit()
        yield server


def arguments(stores: Stores, server: Server, *more: str) -> list[str]:
    places = ["--project", LOCAL_PROJECT, "--bigtable_table", stores.name, "--dataset", stores.name]
    source = ["--postgres_dsn", server.dsn(), "--postgres_table", "public.documents", "--postgres_xml_column", "xml"]
    return [*places, *source, "--runner", "FnApiRunner", *more]


def test_extract_ends_as_a_backfill_of_the_same_documents_and_again_adds_nothing(
    new_stores: NewStores, documents: Path, table: Server
) -> None:
    filed, extracted = new_stores(), new_stores()
    filed.backfill(documents)
    for _ in range(2):
        extract.run(arguments(extracted, table))
        assert extracted.content() == filed.content()
        assert extracted.views() == filed.views()
    origins = {arrival.origin for history in extracted.histories().values() for _, arrival in history.arrivals}
    assert all(origin.startswith("postgres:public.documents/") for origin in origins)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--postgres_xml_column", "xlm"], "xlm"),
        (["--postgres_table", "public.nowhere"], "nowhere"),
        (["--postgres_dsn", "host=localhost password=hidden"], "password"),
    ],
)
def test_mistyped_source_is_told_before_anything_is_read(
    new_stores: NewStores, table: Server, capfd: pytest.CaptureFixture[str], wrong: list[str], message: str
) -> None:
    assert extract.main(arguments(Stores("absent"), table, *wrong)) == 2
    error = capfd.readouterr().err
    assert message in error and "Traceback" not in error and "hidden" not in error
