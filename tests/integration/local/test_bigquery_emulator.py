from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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
SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.string())])


def appends(table: str) -> Iterator[AppendRowsRequest]:
    rows = pa.record_batch({"n": range(ROWS), "text": ["x" * 100] * ROWS}, schema=SCHEMA)
    for number in range(APPENDS):
        data = AppendRowsRequest.ArrowData(rows={"serialized_record_batch": rows.serialize().to_pybytes()})
        if number == 0:
            data.writer_schema = {"serialized_schema": SCHEMA.serialize().to_pybytes()}
        yield AppendRowsRequest(write_stream=f"{table}/streams/_default", arrow_rows=data)


@pytest.mark.timeout(120)
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
            for response in writer.append_rows(appends(table), timeout=60):
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
