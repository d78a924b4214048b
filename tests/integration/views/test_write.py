"""``WriteRows`` in pipelines, against the emulator."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.metrics import MetricsFilter
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from local.stack import PROJECT_ID
from tests import views_world as world
from tests.integration.views.dataset import Dataset
from transforms import instants
from transforms.views import connect, merge, rows, schema, write
from transforms.views.append import AppendError
from transforms.views.catalog import CatalogError
from transforms.views.rows import TableRow, rows_of
from transforms.views.write import WriteRows

KEY = world.key_of()
ITEMS = [
    {"number": 1, "code": "A", "quantity": "2.5000", "unit_value": "0.0123456789", "value": "0.03"},
    {"number": 2, "description": "sem código"},
]


def documents(name: str, count: int, **fields: Any) -> list[TableRow]:
    """Rows of the table of documents alone, with record ids of a name's own."""
    entries = [world.document(world.key_of(number=n), f"{name}-{n}", **fields) for n in range(count)]
    return [row for applied in world.applied(entries) for row in rows_of(applied) if row[0] == schema.DOCUMENTS]


def run(dataset: Dataset, table_rows: list[TableRow], expected_refused: list[Any] | None = None) -> dict[str, int]:
    """Writes rows in a pipeline of their own; its counters."""
    with TestPipeline(runner="FnApiRunner") as pipeline:
        outputs = pipeline | beam.Create(table_rows) | "Write" >> WriteRows(PROJECT_ID, dataset.name, 20)
        if expected_refused is not None:
            reasons = outputs.refused | beam.MapTuple(lambda table, row, reason: (table, row, reason))
            assert_that(reasons, equal_to(expected_refused), label="refused")
    counters = pipeline.result.metrics().query(MetricsFilter().with_namespace("acervo"))["counters"]
    return {counter.key.metric.name: counter.committed for counter in counters if counter.committed}


def test_changes_that_come_later_than_promised_fail_their_bundle(dataset: Dataset) -> None:
    """A merge counts on it: what was current before its horizon is there by then, or comes again as current later."""
    (result,) = world.applied([world.document(world.key_of(number=9_001), "late")])
    now = instants.now()

    def write_it(current_at: int | None, **how: Any) -> None:
        rows = rows_of(result._replace(current_at=current_at))
        with TestPipeline(runner="FnApiRunner") as pipeline:
            _ = pipeline | beam.Create(rows) | "Write" >> WriteRows(PROJECT_ID, dataset.name, 20, **how)

    minute = 60 * world.SECOND
    with pytest.raises(Exception, match="took more than 45 minutes from Bigtable to BigQuery"):
        write_it(now - write.PROMISED - minute, in_time=True)
    write_it(now - write.PROMISED + 10 * minute, in_time=True)
    write_it(None, in_time=True)  # another change of its key is the last one: a merge has nothing to take
    write_it(now - write.PROMISED - minute)  # a rebuild, which lays changes over states itself
    found = dataset.emulated(f"SELECT COUNT(*) AS n FROM changes WHERE access_key = '{result.entry.key}'")
    assert found == [{"n": 4}], "the one that failed is there too: it is the same row when it comes again"
    assert merge.OVERLAP > write.PROMISED


def landed(dataset: Dataset, name: str) -> int:
    """Rows of the name that are in the table; each is there once."""
    (row,) = dataset.emulated(
        "SELECT COUNT(*) AS n, COUNT(DISTINCT record_id) AS ids FROM documents "
        f"WHERE STARTS_WITH(record_id, '{name}-') AND NOT STARTS_WITH(record_id, '{name}-not')"
    )
    assert row["n"] == row["ids"]
    return int(row["n"])


def test_a_document_is_read_back_as_it_was_parsed(dataset: Dataset) -> None:
    entry = world.document(
        KEY, "whole", items=ITEMS, referenced_keys=["1" * 44, "2" * 44], findings=["b", "c"], unheard_of={"a": [1]}
    )
    counters = run(dataset, rows_of(world.applied([entry])[0]), [])
    assert counters == {"rows_written_documents": 1, "rows_written_changes": 1, "rows_written_arrivals": 1}
    (row,) = dataset.emulated("SELECT * FROM documents WHERE record_id = 'whole'")
    assert row["issued_at"] == datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert str(row["issued_on"]) == "2026-03-10"
    assert str(row["total"]) in {"100", "100.000000000"}
    assert [(i["number"], i["code"], i["description"]) for i in row["items"]] == [
        (1, "A", None),
        (2, None, "sem código"),
    ]
    assert float(row["items"][0]["unit_value"]) == 0.0123456789
    assert (row["referenced_keys"], row["findings"]) == (["1" * 44, "2" * 44], ["b", "c"])
    assert row["extra"] == {"unheard_of": {"a": [1]}}
    assert row["received_at"] == datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC)
    (change,) = dataset.emulated(
        "SELECT JSON_VALUE(state_after.status) AS status FROM changes WHERE record_id = 'whole'"
    )
    assert change["status"] == "authorised"


def test_no_stream_stays_open_behind_a_pipeline(dataset: Dataset) -> None:
    before = threading.enumerate()
    run(dataset, documents("closed", 3))
    assert landed(dataset, "closed") == 3
    left = [thread for thread in threading.enumerate() if thread not in before and thread.name.startswith("append")]
    for thread in left:
        thread.join(60)
    assert not any(thread.is_alive() for thread in left)


def test_bytes_of_a_dead_letter_are_read_back(dataset: Dataset) -> None:
    payload = bytes(range(256)) * 4000
    letter = world.dead_letter("not_xml", payload=payload)
    run(dataset, rows.rows_of_dead_letter(letter, "r", "j", world.RECEIVED_AT), [])
    (row,) = dataset.emulated("SELECT payload, payload_size FROM dead_letters")
    assert row == {"payload": payload, "payload_size": len(payload)}


def test_a_row_that_does_not_fit_is_refused_with_its_reason_and_all_others_land(dataset: Dataset) -> None:
    good = documents("fit", 200)
    table, row = documents("fit-not", 1)[0]
    bad = row | {"total": "1" * 40}
    reason = "column total cannot hold '" + "1" * 40 + "': more than 29 digits before or 9 after the point"
    counters = run(dataset, [*good[:100], (table, bad), *good[100:]], [(table, bad, reason)])
    assert counters == {"rows_written_documents": 200, "rows_refused_documents": 1}
    assert landed(dataset, "fit") == 200


def test_a_row_that_only_the_server_refuses_is_found_and_all_others_land(
    dataset: Dataset, trusting: beam.PTransform
) -> None:
    """The emulator, unlike the service, does not name the bad row of a batch."""
    good = documents("server", 50)
    table, row = documents("server-not", 1)[0]
    bad = row | {"total": "0.0000000001"}
    with TestPipeline(runner="FnApiRunner") as pipeline:
        outputs = pipeline | beam.Create([*good[:20], (table, bad), *good[20:]]) | trusting
        refused = outputs.refused | beam.MapTuple(lambda table, row, _: (table, row["record_id"], row["total"]))
        assert_that(refused, equal_to([(table, "server-not-0", "0.0000000001")]))
    assert landed(dataset, "server") == 50


@pytest.fixture
def trusting(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> beam.PTransform:
    """``WriteRows`` that does not look at amounts itself, so that what is wrong with one reaches the server."""
    destination = write.Destination(PROJECT_ID, dataset.name, connect.storage_endpoint(), 21)
    trusting_sink = write.Sink(destination)
    trusting_sink.encoders[schema.DOCUMENTS]._converters["total"] = None
    monkeypatch.setitem(write.sink._SINKS._shared, (os.getpid(), destination), (trusting_sink, 0))
    return WriteRows(PROJECT_ID, dataset.name, 21)


def test_a_row_too_large_for_a_request_is_refused_alone(dataset: Dataset) -> None:
    good = documents("beside", 3)
    table, row = documents("huge", 1)[0]
    huge = row | {"operation": "x" * (write.MAX_ROW_BYTES + 1)}
    counters = run(dataset, [*good, (table, huge)])
    assert counters == {"rows_written_documents": 3, "rows_refused_documents": 1}


def test_a_row_almost_too_large_for_a_request_lands(dataset: Dataset) -> None:
    big = documents("big", 2, operation="x" * (write.MAX_ROW_BYTES - 10_000))
    assert run(dataset, big, []) == {"rows_written_documents": 2}
    assert landed(dataset, "big") == 2


def test_a_bundle_of_many_batches_lands_whole(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "BATCH_ROWS", 7)
    assert run(dataset, documents("many", 500), []) == {"rows_written_documents": 500}
    assert landed(dataset, "many") == 500


def test_refused_rows_and_counts_of_written_ones_stay_in_their_windows(dataset: Dataset) -> None:
    good = documents("window", 3)
    table, row = good[0]
    bad = (table, row | {"total": "none"})
    with TestPipeline(runner="FnApiRunner") as pipeline:
        outputs = (
            pipeline
            | stamped((good[0], 1), (good[1], 2), (bad, 11), (good[2], 12))
            | WriteRows(PROJECT_ID, dataset.name, 20)
        )
        written = outputs.written | "W" >> beam.Map(_with_window_start)
        refused = outputs.refused | "R" >> beam.Map(_with_window_start)
        assert_that(written, equal_to([((table, 2), 0), ((table, 1), 10)]), label="written")
        assert_that(refused | beam.Map(lambda r: r[1]), equal_to([10]), label="refused")


def stamped(*table_rows: tuple[TableRow, int]) -> beam.PTransform:
    """A source of rows at instants (seconds), in windows of ten."""
    return (
        "Rows" >> beam.Create(table_rows)
        | "Stamp" >> beam.MapTuple(TimestampedValue).with_output_types(TableRow)
        | "Windows" >> beam.WindowInto(FixedWindows(10))
    )


def _with_window_start(element: Any, window: Any = beam.DoFn.WindowParam) -> Any:
    return element, int(window.start)


def test_rows_refused_by_the_server_stay_in_their_window(trusting: beam.PTransform) -> None:
    table, row = documents("window-not", 1)[0]
    with TestPipeline(runner="FnApiRunner") as pipeline:
        outputs = pipeline | stamped(((table, row | {"total": "0.0000000001"}), 25)) | trusting
        starts = outputs.refused | beam.Map(_with_window_start) | beam.Map(lambda r: r[1])
        assert_that(starts, equal_to([20]))


def test_a_dataset_without_its_tables_is_named_with_what_to_run(make_dataset: Callable[..., Dataset]) -> None:
    missing = make_dataset(empty=True)
    with pytest.raises(Exception, match="table documents does not exist.*python -m pipelines.tables") as raised:
        run(missing, documents("missing", 1))
    assert CatalogError.__name__ in str(raised.value) or isinstance(raised.value, CatalogError)


def test_rows_that_cannot_be_written_fail_the_bundle(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv(connect.STORAGE_EMULATOR, f"127.0.0.1:{closed.getsockname()[1]}")
        with (
            pytest.raises(Exception, match="took no rows for 1 s; the last answer: UNAVAILABLE") as raised,
            TestPipeline(runner="FnApiRunner") as pipeline,
        ):
            _ = pipeline | beam.Create(documents("lost", 3)) | WriteRows(PROJECT_ID, dataset.name, 1)
    assert AppendError.__name__ in str(raised.value) or isinstance(raised.value, AppendError)


def test_half_of_an_emulator_is_refused_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(connect.REST_EMULATOR, os.environ.get(connect.REST_EMULATOR, "http://localhost:1"))
    monkeypatch.delenv(connect.STORAGE_EMULATOR, raising=False)
    with pytest.raises(connect.EndpointError, match="BIGQUERY_STORAGE_EMULATOR_HOST is not"):
        WriteRows(PROJECT_ID, "acervo")
