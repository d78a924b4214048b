from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
import pyarrow as pa
import pytest
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport
from google.cloud.bigquery_storage_v1.types import AppendRowsRequest

from local.stack import Stack
from pipelines import query

DATASET = "emulator"
TABLES = 5
APPENDS = 40
ROWS = 200
# What the processes of one test session leave open: a stream for each table of each dataset.
OPEN_STREAMS = 300
SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.string())])


def appends(table: str, times: int = APPENDS) -> Iterator[AppendRowsRequest]:
    rows = pa.record_batch({"n": range(ROWS), "text": ["x" * 100] * ROWS}, schema=SCHEMA)
    for number in range(times):
        data = AppendRowsRequest.ArrowData(rows={"serialized_record_batch": rows.serialize().to_pybytes()})
        if number == 0:
            data.writer_schema = {"serialized_schema": SCHEMA.serialize().to_pybytes()}
        yield AppendRowsRequest(write_stream=f"{table}/streams/_default", arrow_rows=data)


@pytest.mark.timeout(300)
def test_queries_while_many_tables_are_appended_to__hang_neither(local_stack: Stack) -> None:
    client = query.connect(None)
    client.create_dataset(DATASET)
    fields = [bigquery.SchemaField("n", "INTEGER"), bigquery.SchemaField("text", "STRING")]
    for number in range(TABLES):
        client.create_table(bigquery.Table(f"{client.project}.{DATASET}.t{number}", fields))

    def append(number: int) -> None:
        with grpc.insecure_channel(local_stack.env["BIGQUERY_STORAGE_EMULATOR_HOST"]) as channel:
            writer = BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))
            table = f"projects/{client.project}/datasets/{DATASET}/tables/t{number}"
            for response in writer.append_rows(appends(table), timeout=240):
                assert not response.error.code, response.error

    counts = "SELECT " + ", ".join(f"(SELECT COUNT(*) FROM t{number}) AS t{number}" for number in range(TABLES))
    with ThreadPoolExecutor(TABLES) as pool:
        appending = [pool.submit(append, number) for number in range(TABLES)]
        while not all(future.done() for future in appending):
            (row,) = query.run(client, counts, DATASET)
            assert all(count % ROWS == 0 for count in row.values())
        for future in appending:
            future.result()
    (row,) = query.run(client, counts, DATASET)
    assert list(row.values()) == [APPENDS * ROWS] * TABLES


@pytest.mark.timeout(300)
def test_hundreds_of_streams_that_stay_open__let_another_be_served(local_stack: Stack) -> None:
    client = query.connect(None)
    dataset = f"{DATASET}_open"
    client.create_dataset(dataset)
    fields = [bigquery.SchemaField("n", "INTEGER"), bigquery.SchemaField("text", "STRING")]
    client.create_table(bigquery.Table(f"{client.project}.{dataset}.t", fields))
    table = f"projects/{client.project}/datasets/{dataset}/tables/t"
    release = Event()

    def held() -> Iterator[AppendRowsRequest]:
        yield from appends(table, times=1)
        release.wait()

    with grpc.insecure_channel(local_stack.env["BIGQUERY_STORAGE_EMULATOR_HOST"]) as channel:
        writer = BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))
        try:
            calls = []  # a call that nobody holds is cancelled
            for _ in range(OPEN_STREAMS):
                calls.append(iter(writer.append_rows(held(), timeout=240)))
                assert not next(calls[-1]).error.code
        finally:
            release.set()
    (row,) = query.run(client, "SELECT COUNT(*) AS n FROM t", dataset)
    assert row["n"] == OPEN_STREAMS * ROWS


def test_columns_that_are_added_keep_all_decimals(local_stack: Stack) -> None:
    client = query.connect(None)
    client.create_dataset("altered", exists_ok=True)
    client.create_table(bigquery.Table(f"{client.project}.altered.t", [bigquery.SchemaField("n", "INTEGER")]))
    for column in ("a NUMERIC", "b BIGNUMERIC"):
        client.query(f"ALTER TABLE `{client.project}.altered.t` ADD COLUMN IF NOT EXISTS {column}").result()
    client.query(
        "INSERT INTO altered.t (n, a, b) VALUES (1, NUMERIC '1.123456789', BIGNUMERIC '2.1234567890123')"
    ).result()
    [row] = client.query("SELECT CAST(a AS STRING) AS a, CAST(b AS STRING) AS b FROM altered.t").result()
    assert (row["a"], row["b"].rstrip("0")) == ("1.123456789", "2.1234567890123")
