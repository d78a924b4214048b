"""Backfill and stream on Flink, with two TaskManagers: TaskManagers and Python workers are killed, and nothing differs.

Every job runs with parallelism 2 on two TaskManagers, each with Python workers of its own.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.flink.cluster import Cluster
from local.generate.__main__ import INPUT, write_set
from local.stores import bigtable_rows
from tests.integration.brokers import Broker
from tests.integration.jobs.flinks import arguments, kill_task_manager, kill_worker, started, unfinished
from tests.integration.jobs.stores import NewStores, Stores, differences, finish
from tests.integration.jobs.streams import DocumentQueue, DocumentTopic, Streaming, arrivals, counted
from tests.integration.jobs.test_faults import clean_backfill, inputs, settles
from tests.integration.jobs.test_stream_counts import day_differences
from tests.processes import eventually

pytestmark = pytest.mark.long


@pytest.fixture(scope="session")
def flink(running_stack: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("flink")) as running:
        yield running


def same(stores: Stores, clean: Stores, folder: Path) -> None:
    """In every store what one clean job on FnApiRunner leaves."""
    assert stores.content() == clean.content()
    assert stores.views() == clean.views()
    assert differences(stores, folder / "differences.jsonl") == []


def test_a_backfill_ends_where_one_on_fnapirunner_ends(
    flink: Cluster, new_stores: NewStores, documents: Path, tmp_path: Path
) -> None:
    clean, stores = new_stores(), new_stores()
    clean.backfill(documents)
    finish(stores.start_backfill(documents, *arguments(flink)))
    same(stores, clean, tmp_path)
    assert unfinished(flink) == []


def test_a_backfill_of_which_a_taskmanager_and_a_worker_are_killed(
    flink: Cluster, new_stores: NewStores, tmp_path: Path
) -> None:
    write_set(tmp_path / "set", 13, 1_500, broken=0.05, duplicates=0.05)
    documents = tmp_path / "set" / INPUT
    clean, stores = new_stores(), new_stores()
    clean.backfill(documents)
    job = stores.start_backfill(documents, *arguments(flink))
    assert eventually(lambda: bigtable_rows(stores.truth) > 20, 300), "nothing is written"
    kill_task_manager(flink, "taskmanager1")
    assert eventually(lambda: "RESTARTING" in flink.states(), 60), "it was killed too late"
    assert eventually(lambda: "RUNNING" in flink.states() and kill_worker(flink), 60), "no worker comes back"
    assert eventually(lambda: "RESTARTING" in flink.states(), 60), "the worker was killed too late"
    finish(job)
    same(stores, clean, tmp_path)


def killed_meanwhile(
    flink: Cluster, job: Streaming, queue: DocumentQueue | DocumentTopic, payloads: Sequence[bytes]
) -> None:
    """Publishes a quarter after the other; of each, something has arrived when a TaskManager or a worker is killed."""
    for part in range(4):
        known = arrivals(job.stores)
        queue.publish(payloads[part::4])
        job.wait_until(lambda known=known: arrivals(job.stores) > known, "nothing arrives", 300)  # type: ignore[misc]
        if part % 2:
            kill_worker(flink)
        else:
            kill_task_manager(flink, f"taskmanager{1 + part // 2}")


def exact(job: Streaming, clean: Stores, messages: int, folder: Path) -> None:
    """Records, rows and counts are those of a clean backfill, and two reconciliations find nothing."""
    settles(job, clean, messages)
    job.wait_until(lambda: counted(job.stores), "counts do not settle", 60)
    assert differences(job.stores, folder / "differences.jsonl") == []
    assert day_differences(job.stores, f"{datetime.now(UTC):%Y-%m-%d}", folder) == {}


def test_a_stream_of_pubsub_of_which_taskmanagers_and_workers_are_killed(
    flink: Cluster, new_stores: NewStores, tmp_path: Path
) -> None:
    queue, stores, payloads = DocumentQueue(), new_stores(), inputs(91, 1_200)
    clean = clean_backfill(new_stores, payloads, tmp_path / "documents")
    with Streaming(stores, queue, tmp_path / "log", runner=arguments(flink)) as job:
        killed_meanwhile(flink, job, queue, payloads)
        exact(job, clean, len(payloads), tmp_path)
    assert eventually(lambda: unfinished(flink) == [], 30), "the job outlives its launcher"


def test_a_stream_of_kafka_of_which_taskmanagers_and_workers_are_killed(
    flink: Cluster, new_stores: NewStores, broker: Broker, tmp_path: Path
) -> None:
    topic, stores, payloads = DocumentTopic(broker), new_stores(), inputs(93, 600)
    clean = clean_backfill(new_stores, payloads, tmp_path / "documents")
    with Streaming(stores, topic, tmp_path / "log", runner=arguments(flink)) as job:
        killed_meanwhile(flink, job, topic, payloads)
        exact(job, clean, len(payloads), tmp_path)
        job.wait_until(lambda: sum(broker.committed(topic.topic, 3)) == len(payloads), "no offsets are committed", 60)


def test_ctrl_c_and_a_failure_are_told_in_words_and_end_the_job_on_the_cluster(
    flink: Cluster, new_stores: NewStores, documents: Path
) -> None:
    stores = new_stores()
    job = stores.start_backfill(documents, *arguments(flink))
    assert eventually(lambda: bigtable_rows(stores.truth) > 0, 300), "nothing is written"
    job.send_signal(signal.SIGINT)
    said = job.communicate(timeout=60)[1].decode()
    assert job.returncode == 130 and "Interrupted" in said and "Traceback" not in said
    assert eventually(lambda: unfinished(flink) == [], 30), said

    job = stores.start_backfill(documents, *arguments(flink))
    assert eventually(lambda: "RUNNING" in flink.states(), 300), "the job is not there"
    [running] = [one["jid"] for one in flink.ask("/jobs/overview")["jobs"] if one["state"] == "RUNNING"]
    flink.ask(f"/jobs/{running}/yarn-cancel")
    said = job.communicate(timeout=120)[1].decode()
    assert job.returncode == 1 and "error: the job failed: " in said and "JobCancellationException" in said
    assert "\tat " not in said and "Traceback" not in said


def test_a_job_that_finds_no_job_server_says_so(new_stores: NewStores, documents: Path) -> None:
    nowhere = ("--runner=flink", "--job_endpoint=127.0.0.1:9", "--job_server_timeout=3", "--environment_type=LOOPBACK")
    job = new_stores().start_backfill(documents, *nowhere)
    said = job.communicate(timeout=120)[1].decode()
    assert job.returncode == 1 and "error: the job failed: " in said
    assert "Traceback" not in said, said
