"""A stream from SQS ends where one clean backfill of the same documents ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import stream
from pipelines.launch import LaunchError
from tests.integration.jobs.stores import NewStores
from tests.integration.jobs.streams import SHORT_LEASES, DocumentsInSqs, Streaming, arrivals
from tests.integration.jobs.test_faults import clean_backfill, inputs, settles
from tests.integration.sqs.server import Sqs


@pytest.mark.long
def test_killed_with_repetitions_disorder_and_poison(
    new_stores: NewStores, running_stack: object, sqs: Sqs, tmp_path: Path
) -> None:
    queue, stores, payloads = DocumentsInSqs(sqs), new_stores(), inputs(87, 200)
    clean = clean_backfill(new_stores, payloads, tmp_path / "documents")
    queue.publish(payloads[:100])
    with Streaming(stores, queue, tmp_path / "log-0", module=SHORT_LEASES) as job:
        job.wait_until(lambda: arrivals(stores) > 20, "nothing arrives")
        queue.publish(payloads[100:])
        job.kill()
    with Streaming(stores, queue, tmp_path / "log-1", module=SHORT_LEASES) as job:
        settles(job, clean, len(payloads))
        job.wait_until(lambda: sqs.left(queue.url) == 0, "not all is deleted", 30)


@pytest.mark.slow
def test_a_queue_that_is_deleted_stops_the_job_which_says_so(
    new_stores: NewStores, running_stack: object, sqs: Sqs, tmp_path: Path
) -> None:
    queue, stores, log = DocumentsInSqs(sqs), new_stores(), tmp_path / "log"
    queue.publish(inputs(97, 10))
    with Streaming(stores, queue, log, module=SHORT_LEASES) as job:
        job.wait_for_arrivals(10)
        sqs.client.delete_queue(QueueUrl=queue.url)
        assert job.process.wait(240) == 1
    said = log.read_text()
    assert f"there is no queue {queue.url.rpartition('/')[2]}" in said.partition("error: the job")[2]
    assert "Trying again for" in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--sqs_queue", "nothing"], "there is no queue nothing"),
        (["--sqs_queue", "q", "--kafka_topic", "t"], "one job reads one of them"),
        (["--sqs_queue", "q", "--sqs_endpoint", "http://127.0.0.1:1"], "SQS does not answer about q"),
        (["--sqs_queue", "q", "--runner", "BundleBasedDirectRunner"], "give --runner=PrismRunner"),
        (["--sqs_queue", "q", "--sqs_endpoint", "127.0.0.1:1"], "is no address of SQS"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line_before_the_job(
    new_stores: NewStores, running_stack: object, sqs: Sqs, more: list[str], said: str
) -> None:
    places = new_stores().arguments("-")[2:-2]
    with pytest.raises(LaunchError, match=said) as told:
        stream.run(["--sqs_endpoint", sqs.endpoint, "--runner", "PrismRunner", *places, *more])
    assert len(str(told.value).splitlines()) == 1
