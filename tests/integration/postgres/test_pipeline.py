"""``ReadFromPostgres`` in pipelines: both outputs, several workers, connections lost in mid-run."""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from tests.integration.postgres.database import Database, meanwhile, wait_until
from tests.integration.postgres.reading import ROWS, Note, noted, once, read
from transforms.ingest.postgres.snapshot import hold_snapshot
from transforms.ingest.postgres.source import PostgresSource
from transforms.model import DeadLetter, RawDocument

SMALL = {"range_bytes": 512 << 10, "statement_bytes": 256 << 10, "max_connections": 6, "processes": 2}


@pytest.fixture
def table(database: Database) -> Database:
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml text)")
    database.fill("docs", ROWS, 1500)
    database.execute("VACUUM ANALYZE docs")
    return database


def options(*arguments: str) -> PipelineOptions:
    return PipelineOptions(["--runner=FnApiRunner", *arguments])


def test_documents_and_dead_letters_with_their_origins_and_counters(database: Database) -> None:
    database.execute("CREATE TABLE docs (id bigint PRIMARY KEY, xml bytea)")
    broken = gzip.compress(b"<a/>")[:-3]
    database.execute(
        "INSERT INTO docs VALUES (1, '<a/>'), (2, NULL), (3, %s), (4, %s)", [gzip.compress(b"<b/>"), broken]
    )
    source = database.source(read_at=77)
    with TestPipeline(options=options()) as pipeline:
        outputs = read(pipeline, source)
        documents = outputs.documents
        dead = outputs.dead_letters
        assert documents.element_type is RawDocument
        assert dead.element_type is DeadLetter
        assert_that(
            documents,
            equal_to(
                [RawDocument(b"<a/>", "postgres:public.docs/1", 77), RawDocument(b"<b/>", "postgres:public.docs/3", 77)]
            ),
            label="documents",
        )
        summary = dead | beam.Map(lambda letter: (letter.code, letter.origin, letter.payload, letter.received_at))
        expected = [
            ("empty", "postgres:public.docs/2", b"", 77),
            ("corrupt_archive", "postgres:public.docs/4", broken, 77),
        ]
        assert_that(summary, equal_to(expected), label="dead letters")
    counters = {counter.key.metric.name: counter.committed for counter in pipeline.result.metrics().query()["counters"]}
    assert counters["postgres_rows"] == 4


WORKERS = {
    "one": (),
    "threads": ("--direct_num_workers=2", "--direct_running_mode=multi_threading"),
    "processes": ("--direct_num_workers=2", "--direct_running_mode=multi_processing"),
}


@pytest.mark.parametrize(
    ("workers", "split_by"),
    [("one", "ctid"), ("one", "id"), ("threads", "ctid"), ("threads", "id"), ("processes", "ctid")],
)
def test_every_row_once_with_one_worker_or_several(
    table: Database, tmp_path: Path, workers: str, split_by: str
) -> None:
    with TestPipeline(options=options(*WORKERS[workers])) as pipeline:
        documents = read(pipeline, table.source(split_by=split_by, **SMALL)).documents
        documents | beam.ParDo(Note(str(tmp_path)))
    assert noted(tmp_path) == once()
    wait_until(lambda: table.sessions() == 0)


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_two_workers_lose_their_connections_ten_times_while_others_write(
    table: Database, tmp_path: Path, workers: str
) -> None:
    """In a snapshot: every row that was there when the job began comes out once, as nothing else does."""
    killed: set[int] = set()
    notes, enough = tmp_path / "notes", tmp_path / "enough"
    notes.mkdir()

    def disturb() -> None:
        time.sleep(0.05)
        first = random.randrange(ROWS)
        table.execute("UPDATE docs SET xml = '<other/>' || id WHERE id BETWEEN %s AND %s", [first, first + 50])
        table.execute("INSERT INTO docs VALUES (%s, '<late/>') ON CONFLICT DO NOTHING", [10**6 + first])
        if len(killed) < 10 and table.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'acervo:readers' AND query LIKE 'COPY%'"
        ):
            killed.update(table.kill_sessions("readers"))
        if len(killed) >= 10:
            enough.touch()

    with hold_snapshot(table.source(run="holder", **SMALL)) as held:
        source = PostgresSource(**{**vars(held), "run": "readers"})
        with meanwhile(disturb), TestPipeline(options=options(*WORKERS[workers])) as pipeline:
            documents = read(pipeline, source).documents
            documents | beam.ParDo(Note(str(notes), slow_until=str(enough)))
    assert len(killed) >= 10
    assert noted(notes) == once()


def test_a_view_through_the_pipeline(table: Database, tmp_path: Path) -> None:
    table.execute("CREATE VIEW shown AS SELECT id AS number, xml FROM docs WHERE id <= 100")
    with TestPipeline(options=options()) as pipeline:
        documents = read(pipeline, table.source("shown", key_columns=("number",))).documents
        documents | beam.ParDo(Note(str(tmp_path)))
    assert noted(tmp_path) == once(100)
