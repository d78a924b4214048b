from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, bigtable, pubsub_v1
from google.cloud.bigtable import column_family

from local.bench.processes import below
from local.stack import Stack, StackError, discover, stack
from local.stack.process import PROJECT, listens
from tests.processes import alive, eventually, needs_pubsub


def ports_of(running: Stack) -> list[int]:
    return [port for service in running.services for port in service.ports]


def children(pid: int) -> set[int]:
    """Processes that ``pid`` started itself: a server of another test has children that come and go."""
    all_below = below(pid)
    return set(all_below) - {further for child in all_below for further in below(child)}


def use_bigtable() -> None:
    table = bigtable.Client(admin=True, credentials=AnonymousCredentials()).instance("acervo").table("lifecycle")
    table.create(column_families={"x": column_family.MaxVersionsGCRule(1)})
    row = table.direct_row(b"key")
    row.set_cell("x", b"q", b"value")
    row.commit()
    read = table.read_row(b"key")
    assert read is not None
    assert read.cell_value("x", b"q") == b"value"


def use_bigquery() -> None:
    client = bigquery.Client(credentials=AnonymousCredentials())
    client.create_dataset("lifecycle")
    table = bigquery.Table(f"{client.project}.lifecycle.t", [bigquery.SchemaField("n", "INTEGER")])
    client.create_table(table)
    assert client.insert_rows_json(table, [{"n": 7}]) == []
    assert [row.n for row in client.query("SELECT n FROM lifecycle.t").result()] == [7]


def use_pubsub() -> None:
    publisher = pubsub_v1.PublisherClient()
    subscriber = pubsub_v1.SubscriberClient()
    topic = publisher.topic_path(os.environ["GOOGLE_CLOUD_PROJECT"], "lifecycle")
    subscription = subscriber.subscription_path(os.environ["GOOGLE_CLOUD_PROJECT"], "lifecycle")
    publisher.create_topic(name=topic)
    subscriber.create_subscription(name=subscription, topic=topic)
    publisher.publish(topic, b"message").result(timeout=10)
    pulled = subscriber.pull(subscription=subscription, max_messages=1, timeout=10)
    assert [received.message.data for received in pulled.received_messages] == [b"message"]
    subscriber.close()
    publisher.stop()


def test_stack__each_emulator_works__and_stopping_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_pubsub()
    before = dict(os.environ)
    with stack(pubsub=True) as running:
        with running.exported():
            use_bigtable()
            use_bigquery()
            use_pubsub()
        assert dict(os.environ) == before
        assert running.stopped() == []
        processes = [pid for service in running.services for pid in below(service.process._guard.pid)]
        assert len(processes) >= 3
        assert all(map(alive, processes))
    assert not any(map(alive, processes))
    assert not any(map(listens, ports_of(running)))
    assert not running.logs.exists()


def test_stack__only_what_was_asked_for(tmp_path: Path) -> None:
    with stack(bigquery=False, logs=tmp_path / "logs") as running:
        assert set(running.env) == {"GOOGLE_CLOUD_PROJECT", "BIGTABLE_EMULATOR_HOST"}
    assert (tmp_path / "logs" / "bigtable.log").read_text().startswith("Cloud Bigtable emulator")


def test_stack__one_emulator_cannot_start__the_others_are_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "cbtemulator"
    broken.write_text("#!/bin/sh\necho no licence today; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BIGTABLE_EMULATOR_BIN", str(broken))
    before = children(os.getpid())
    with pytest.raises(StackError, match="no licence today"), stack():
        pytest.fail("the stack came up without Bigtable")
    assert children(os.getpid()) - before == set()


def keep_stack_up(state: Path, logs: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in discover.VARIABLES}
    return subprocess.Popen(
        [sys.executable, "-m", "local.stack", "--no-pubsub", "--logs", str(logs)],
        cwd=PROJECT,
        env=environment | {"ACERVO_STACK_FILE": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_kept_up_stack__other_commands_find_it__and_its_end_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: signal.Signals
) -> None:
    monkeypatch.setenv("ACERVO_STACK_FILE", str(tmp_path / "stack.json"))
    kept = keep_stack_up(tmp_path / "stack.json", tmp_path / "logs")
    try:
        assert eventually(lambda: discover.running() is not None or kept.poll() is not None, 120)
        environment = discover.running()
        assert environment is not None
        query = subprocess.run(
            [sys.executable, "-m", "pipelines.query", "--csv", "SELECT 40 + 2 AS answer"],
            cwd=PROJECT,
            env={name: value for name, value in os.environ.items() if name not in discover.VARIABLES},
            capture_output=True,
            text=True,
        )
        assert query.stdout == "answer\n42\n", query.stderr
        second = keep_stack_up(tmp_path / "stack.json", tmp_path / "logs")
        assert "up already" in second.communicate(timeout=120)[0]
        assert second.returncode == 1
        processes = below(kept.pid)
        kept.send_signal(ending)
        output = kept.communicate(timeout=120)[0]
        assert kept.returncode == (-signal.SIGKILL if ending == signal.SIGKILL else 0)
    finally:
        kept.kill()
        kept.wait()
    assert "pipelines.query" in output
    assert len(processes) >= 4
    assert eventually(lambda: not any(map(alive, processes)))
    assert discover.running() is None
    assert (tmp_path / "stack.json").exists() == (ending == signal.SIGKILL)


def test_storage_api__of_the_stack__answers(local_stack: Stack) -> None:
    import grpc
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient
    from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
    from google.cloud.bigquery_storage_v1.types import DataFormat, ReadSession

    client = bigquery.Client(credentials=AnonymousCredentials())
    client.create_dataset("storage_api")
    table = bigquery.Table(f"{client.project}.storage_api.t", [bigquery.SchemaField("n", "INTEGER")])
    client.create_table(table)
    client.insert_rows_json(table, [{"n": 1}, {"n": 2}])
    channel = grpc.insecure_channel(local_stack.env["BIGQUERY_STORAGE_EMULATOR_HOST"])
    reader = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
    path = f"projects/{client.project}/datasets/storage_api/tables/t"
    session = reader.create_read_session(
        parent=f"projects/{client.project}", read_session=ReadSession(table=path, data_format=DataFormat.ARROW)
    )
    assert session.estimated_row_count in (0, 2)
    assert session.streams
    channel.close()
