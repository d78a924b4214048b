"""The source over SQS on Prism, against ElasticMQ: every message, deleted behind its effects, whatever happens."""

from __future__ import annotations

import contextlib
import gzip
import io
import logging
import os
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.pubsub.jobs import POISON, Seen, on_prism, running, wait_for
from tests.integration.sqs.jobs import build, start
from tests.integration.sqs.server import Sqs
from tests.processes import eventually
from transforms.ingest.sqs.intake import INTAKES, Intake
from transforms.ingest.sqs.settings import QueueSource
from transforms.sqs.errors import SqsError


def documents(count: int, first: int = 0) -> list[bytes]:
    return [f"<doc>{number}</doc>".encode() for number in range(first, first + count)]


@contextlib.contextmanager
def reading(source: QueueSource, prism: Path, path: Path, seconds: float = 0) -> Iterator[Seen]:
    with running(on_prism(prism), lambda pipeline: build(pipeline, source, path, seconds)):
        yield Seen(path)


def zipped(*payloads: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, payload in enumerate(payloads):
            archive.writestr(f"{number}.xml", payload)
    return file.getvalue()


def test_every_message_once_with_its_origin_and_deleted_behind_its_effects(
    sqs: Sqs, prism: Path, tmp_path: Path
) -> None:
    url = sqs.create()
    before = time.time()
    sqs.publish(url, documents(500), {"origin": "a.xml", "received_at": "2026-01-02T03:04:05Z"})
    with reading(sqs.source(url), prism, tmp_path / "seen") as seen:
        seen.wait(500)
        began = time.monotonic()
        sqs.publish(url, documents(1, 500))
        seen.wait(501)
        assert time.monotonic() - began < 5
        assert eventually(lambda: sqs.left(url) == 0, 20)
    assert sorted(seen.payloads) == sorted(documents(501))
    named = [line for line in seen.lines if line[0].endswith("/a.xml")]
    place = sqs.source(url).place
    assert len(named) == 500 and place == f"sqs:127.0.0.1/{url.rpartition('/')[2]}"
    assert all(line[0].startswith(f"{place}/") and int(line[1]) / 1e6 > before - 1 for line in named)
    assert {line[2] for line in named} == {"1767323045000000"}
    assert len({line[0] for line in seen.lines}) == 501


def test_what_is_no_text_comes_as_it_was_sent_and_what_is_no_document_is_a_dead_letter(
    sqs: Sqs, prism: Path, tmp_path: Path
) -> None:
    url = sqs.create()
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?><doc>São João</doc>'.encode("latin-1")
    bomb = zipped(b"<doc>" + b"0" * 11_000_000 + b"</doc>")
    sqs.publish(url, [latin, gzip.compress(b"<doc>1</doc>"), zipped(b"<doc>2</doc>", b"<doc>3</doc>"), b"poison", bomb])
    sqs.client.send_message(QueueUrl=url, MessageBody=" ")
    with reading(sqs.source(url), prism, tmp_path / "seen") as seen:
        dead = Seen(Path(f"{seen.path}.dead"))
        seen.wait(6)
        dead.wait(1)
        assert eventually(lambda: sqs.left(url) == 0, 20), "what is dead is deleted too"
    assert sorted(seen.payloads) == sorted([latin, *documents(3, 1), b"poison", b" "])
    assert len(dead.lines) == 1 and dead.lines[0][0].endswith("#0.xml")


def test_what_is_worked_on_for_long_is_kept_from_others(sqs: Sqs, prism: Path, tmp_path: Path) -> None:
    url = sqs.create()
    sqs.publish(url, documents(30))
    with reading(sqs.source(url), prism, tmp_path / "seen", seconds=0.3) as seen:
        seen.wait(1)
        others = []
        while len(seen.lines) < 30:
            others += sqs.client.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        assert eventually(lambda: sqs.left(url) == 0, 20)
    assert others == [] and len(seen.lines) == 30


@pytest.mark.slow
def test_a_job_that_is_killed_loses_nothing(sqs: Sqs, prism: Path, tmp_path: Path) -> None:
    url, path = sqs.create(), tmp_path / "seen"
    seen, runner = Seen(path), ["--runner=PrismRunner", f"--prism_location={prism}", "--prism_log_level=error"]
    sqs.publish(url, documents(1_500))
    for _ in range(2):
        job, known = start(sqs, url, runner, path, seconds=0.002), len(seen.lines)
        wait_for(lambda known=known: len(seen.lines) > known + 50, 90, lambda: Path(f"{path}.log").read_text())  # type: ignore[misc]
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
    with reading(sqs.source(url), prism, path):
        wait_for(lambda: len(set(seen.payloads)) >= 1_500, 90, lambda: f"{len(set(seen.payloads))}")
        assert eventually(lambda: sqs.left(url) == 0, 20)
    assert set(seen.payloads) == set(documents(1_500))
    by_payload: dict[str, set[str]] = {}
    for line in seen.lines:
        by_payload.setdefault(line[3], set()).add(line[0])
    assert all(len(origins) == 1 for origins in by_payload.values()), "what comes again has the same origin"


def test_a_bundle_that_fails_gives_its_messages_back_at_once(sqs: Sqs, prism: Path, tmp_path: Path) -> None:
    url = sqs.create()
    sqs.publish(url, [POISON])
    with (
        contextlib.suppress(RuntimeError),
        running(
            on_prism(prism), lambda pipeline: build(pipeline, sqs.source(url, lease_seconds=120), tmp_path / "seen")
        ) as job,
    ):
        job.wait_until_finish()
    began = time.monotonic()
    assert eventually(
        lambda: sqs.client.receive_message(QueueUrl=url, WaitTimeSeconds=1, VisibilityTimeout=0).get("Messages"), 30
    )
    assert time.monotonic() - began < 30 and sqs.left(url) == 1


@pytest.mark.slow
def test_a_server_that_is_killed_is_waited_for(prism: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    own = Sqs(tmp_path / "elasticmq")
    try:
        url = own.create()
        own.publish(url, documents(200))
        source = own.source(url, lease_seconds=60)
        with caplog.at_level(logging.WARNING), reading(source, prism, tmp_path / "seen") as seen:
            seen.wait(200)
            assert eventually(lambda: own.left(url) == 0, 20)
            intake = INTAKES.peek(source)
            own.kill()
            time.sleep(4)
            own.start()
            own.publish(url, documents(200, 200))
            back = time.monotonic()
            seen.wait(400)
            assert time.monotonic() - back < 3
            assert sorted(seen.payloads) == sorted(documents(400)), "none is lost, none came twice"
        assert intake is not None
    finally:
        own.stop()
    said = [record.getMessage() for record in caplog.records]
    assert sum("SQS does not answer about" in text for text in said) == 1
    assert sum("SQS answers again" in text for text in said) == 1


def taken(intake: Intake, seconds: float) -> Any:
    """The next lease that is not empty."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if lease := intake.take(100, 1_000_000, 0.2):
            return lease
    raise AssertionError("nothing comes")


def test_a_queue_that_is_deleted_ends_reading_with_its_name(sqs: Sqs) -> None:
    url = sqs.create()
    intake = Intake(sqs.source(url, refused_seconds=1))
    sqs.publish(url, documents(1))
    intake.acknowledge(taken(intake, 10))
    assert eventually(lambda: sqs.left(url) == 0, 10)
    sqs.client.delete_queue(QueueUrl=url)
    with pytest.raises(SqsError, match=f"there is no queue {url.rpartition('/')[2]}"):
        taken(intake, 20)
    intake.close()


def test_a_queue_that_was_settled_and_comes_again_is_deleted_and_not_read_again(sqs: Sqs) -> None:
    """What SQS shows again before it is deleted: its last handle is the one that counts."""
    url = sqs.create()
    sqs.publish(url, documents(3))
    intake = Intake(sqs.source(url))
    try:
        lease = taken(intake, 10)
        while len(lease) < 3:
            more = taken(intake, 10)
            lease = type(lease)(lease.deliveries + more.deliveries, lease.taken_at)
        intake._calls.hide(lease.ack_ids, 0)  # shown to all again, as when a lease has run out
        assert eventually(lambda: intake.redelivered() > 0, 10)
        intake._backlog._leases.add(lease)
        intake.acknowledge(lease)
        assert eventually(lambda: sqs.left(url) == 0, 15)
        assert not intake.take(10, 1_000, 1.5)
    finally:
        intake.close()
