"""The job from PostgreSQL ends where a backfill of the same documents ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from local.postgres import Server, postgres_server
from local.stack.discover import LOCAL_PROJECT
from pipelines import extract, reconcile
from tests.integration.jobs.stores import NewStores, Stores, payloads_of
from tests.integration.jobs.streams import counted
from transforms.counting import store


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


def test_a_table_that_changed_is_extracted_again_and_counts_stay_right(
    new_stores: NewStores, few_documents: Path, table: Server, tmp_path: Path
) -> None:
    stores = new_stores()
    payloads = payloads_of(few_documents)
    half = len(payloads) // 2
    with table.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE changing (id bigint PRIMARY KEY, xml bytea)")
        cursor.executemany("INSERT INTO changing VALUES (%s, %s)", list(enumerate(payloads[:half])))
        again = arguments(stores, table, "--postgres_table", "public.changing")
        extract.run(again)
        cursor.execute("DELETE FROM changing WHERE id %% 3 = 0", ())
        for number, payload in enumerate(payloads[half:]):
            cursor.execute("UPDATE changing SET xml = %s WHERE id = %s", (payload, number))
        cursor.executemany("INSERT INTO changing VALUES (%s, %s)", [(1000 + n, p) for n, p in enumerate(payloads)])
        # What is cut off is taken up again under its own run.
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(store, "_store", cut_off)
            with pytest.raises(RuntimeError, match="pulled the plug"):
                extract.run(again)
        extract.run(again)
    assert counted(stores)
    assert reconcile.main([*stores.arguments("-")[2:], "--output", str(tmp_path / "found")]) == 0
    runs = {row["run"] for row in stores.query("SELECT DISTINCT run FROM changes")}
    assert len(runs) == 2 and max(runs) == f"{min(runs)}-2"


def cut_off(*_: object) -> NoReturn:
    raise RuntimeError("pulled the plug")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--postgres_xml_column", "xlm"], "xlm"),
        (["--postgres_table", "public.nowhere"], "nowhere"),
        (["--postgres_dsn", "host=localhost password=hidden"], "password"),
        (["--postgres_dsn", "mysql://reader:hidden@db/fiscal"], "not a connection string"),
        (["--postgres_snapshot", "exprot"], "neither one of auto, export, none"),
        (["--postgres_max_connections", "many"], "invalid int value: 'many'"),
        (["--postgres_tabel", "docs"], "Did you mean --postgres_table"),
    ],
)
def test_mistyped_source_is_told_before_anything_is_read(
    new_stores: NewStores, table: Server, capfd: pytest.CaptureFixture[str], wrong: list[str], message: str
) -> None:
    assert extract.main(arguments(Stores("absent"), table, *wrong)) == 2
    error = capfd.readouterr().err
    assert message in error and "Traceback" not in error and "hidden" not in error
