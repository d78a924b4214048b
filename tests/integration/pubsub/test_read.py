"""Reading a subscription on Prism: what is read, what is acknowledged, and what survives a crash."""

from __future__ import annotations

import gzip
import io
import os
import signal
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.transforms import trigger
from apache_beam.transforms.window import FixedWindows

from local.stack import PROJECT_ID
from pipelines import command_line, stores, stream
from tests.integration.pubsub.jobs import (
    POISON,
    Seen,
    WriteDown,
    acknowledged,
    build,
    counter,
    on_prism,
    read_together,
    running,
    start,
    wait_for,
)
from tests.integration.queues import Queue
from transforms.ingest.pubsub.preflight import check_subscription
from transforms.ingest.pubsub.settings import ReadSettings, SubscriptionError
from transforms.ingest.pubsub.transform import place_of
from transforms.model import RawDocument
from transforms.notify.topic import ensure_queue

LEASE = 10


def documents(count: int) -> list[bytes]:
    return [f"<doc>{number}</doc>".encode() for number in range(count)]


def settings(queue: Queue, lease_seconds: int = LEASE) -> ReadSettings:
    return ReadSettings(queue.subscription, lease_seconds=lease_seconds, settle_seconds=1)


def wait_until_acknowledged(queue: Queue) -> None:
    """What has been processed, and counted, is acknowledged soon."""
    wait_for(lambda: acknowledged(settings(queue)), 60, lambda: "messages are still held")


def packed(entries: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, entry in entries.items():
            archive.writestr(name, entry)
    return data.getvalue()


@pytest.mark.slow
def test_every_message_is_read_once_and_acknowledged_also_what_is_no_xml(
    queue: Queue, prism: Path, tmp_path: Path
) -> None:
    seen, dead = Seen(tmp_path / "seen"), Seen(tmp_path / "seen.dead")
    plain = queue.publish(documents(300))
    zipped = queue.publish([gzip.compress(b"<gz/>"), packed({"a.xml": b"<a/>", "b.xml": b"<b/>"})])
    broken = queue.publish([b"no xml", gzip.compress(b"<doc/>")[:-9]])
    named = queue.publish([b"<named/>"], {"origin": "gs://b/a.xml", "received_at": "2026-03-01T12:00:00Z"})
    with running(on_prism(prism), lambda p: build(p, settings(queue), seen.path)):
        seen.wait(305)
        dead.wait(1)
        wait_until_acknowledged(queue)
    named_by = place_of(queue.subscription)
    found = {line[0]: (bytes.fromhex(line[3]), line) for line in seen.lines}
    assert len(seen.lines) == 305
    assert {found[f"{named_by}/{i}"][0] for i in plain} == set(documents(300))
    assert found[f"{named_by}/{zipped[0]}"][0] == b"<gz/>"
    assert found[f"{named_by}/{zipped[1]}#b.xml"][0] == b"<b/>"
    assert found[f"{named_by}/{broken[0]}"][0] == b"no xml"
    assert [line[0] for line in dead.lines] == [f"{named_by}/{broken[1]}"]
    assert found[f"{named_by}/{named[0]}/gs://b/a.xml"][1][2] == "1772366400000000"
    time.sleep(LEASE + 2)
    assert queue.pulled(1, 2) == []


def test_the_timestamp_is_when_the_message_was_published(queue: Queue, prism: Path, tmp_path: Path) -> None:
    seen = Seen(tmp_path / "seen")
    before = time.time_ns() // 1_000
    queue.publish(documents(1))
    after = time.time_ns() // 1_000
    queue.publish(documents(1), {"received_at": "2020-01-01T00:00:00Z"})
    with running(on_prism(prism), lambda p: build(p, settings(queue), seen.path)):
        seen.wait(2)
    first, second = sorted(seen.lines, key=lambda line: int(line[1]))
    assert before - 1_000 <= int(first[1]) <= after + 1_000
    assert first[1] == first[2]
    assert int(second[1]) >= before
    assert second[2] == "1577836800000000"


@pytest.mark.long
def test_a_job_killed_in_mid_stream_loses_nothing(queue: Queue, prism: Path, tmp_path: Path) -> None:
    seen = Seen(tmp_path / "seen")
    sent = documents(250)
    queue.publish(sent)
    runner = ["--runner=PrismRunner", f"--prism_location={prism}"]
    job = start(settings(queue), runner, seen.path, seconds=0.05)
    try:
        seen.wait(60)
    finally:
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
    assert len(set(seen.payloads)) < 250
    with running(on_prism(prism), lambda p: build(p, settings(queue), seen.path)):
        wait_for(lambda: set(seen.payloads) == set(sent), 150, lambda: f"{len(set(seen.payloads))} of 250")
        wait_until_acknowledged(queue)
    time.sleep(LEASE + 2)
    assert queue.pulled(1, 2) == []


@pytest.mark.slow
def test_work_longer_than_a_lease_is_not_delivered_again(queue: Queue, prism: Path, tmp_path: Path) -> None:
    seen = Seen(tmp_path / "seen")
    queue.publish(documents(8))
    with running(on_prism(prism), lambda p: build(p, settings(queue), seen.path, seconds=2)) as result:
        seen.wait(1)
        others = queue.pulled(1, 13)
        seen.wait(8)
        wait_for(lambda: counter(result, "messages_received") == 8, 20, lambda: "the bundle does not end")
        assert counter(result, "messages_redelivered") == 0
        wait_until_acknowledged(queue)
    assert others == []
    assert sorted(seen.payloads) == sorted(documents(8))
    assert queue.pulled(1, LEASE + 2) == []


def test_what_a_failed_bundle_held_comes_again_at_once(
    queue: Queue, prism: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_together(monkeypatch, 6)
    seen = Seen(tmp_path / "seen")
    lasting = settings(queue, lease_seconds=600)
    queue.publish([*documents(5), POISON])
    with running(on_prism(prism), lambda p: build(p, lasting, seen.path)) as result:
        wait_for(lambda: result.state == "FAILED", 60, lambda: str(result.state))
    assert {message.data for message in queue.pulled(6, 60)} == {*documents(5), POISON}


def test_what_a_cancelled_job_had_not_read_comes_again_at_once(
    queue: Queue, prism: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_together(monkeypatch, 400)
    seen = Seen(tmp_path / "seen")
    lasting = settings(queue, lease_seconds=600)
    queue.publish(documents(400))
    with running(on_prism(prism), lambda p: build(p, lasting, seen.path, seconds=0.02)):
        seen.wait(10)
    assert {message.data for message in queue.pulled(400, 60)} == set(documents(400))


def test_windows_close_on_a_quiet_subscription(queue: Queue, prism: Path, tmp_path: Path) -> None:
    """The default trigger fires only when the watermark has passed, and nothing comes to push it."""
    counts = Seen(tmp_path / "counts")

    def construct(pipeline: beam.Pipeline) -> None:
        _ = (
            build(pipeline, settings(queue), tmp_path / "seen")
            | beam.WindowInto(FixedWindows(1))
            | beam.Map(lambda document: ("all", 1)).with_output_types(tuple[str, int])
            | beam.CombinePerKey(sum)
            | beam.Map(lambda count: RawDocument(str(count[1]).encode(), "count", 0))
            | "WriteCounts" >> beam.ParDo(WriteDown(str(counts.path)))
        )

    queue.publish(documents(50))
    with running(on_prism(prism), construct):
        wait_for(lambda: sum(map(int, counts.payloads)) == 50, 60, lambda: str(counts.payloads))


def test_panes_add_up_to_what_was_read(queue: Queue, prism: Path, tmp_path: Path) -> None:
    counts = Seen(tmp_path / "counts")
    sent = 0

    def construct(pipeline: beam.Pipeline) -> None:
        _ = (
            build(pipeline, settings(queue), tmp_path / "seen")
            | beam.Map(lambda document: (document.payload[5:6], 1)).with_output_types(tuple[bytes, int])
            | beam.WindowInto(
                FixedWindows(2),
                trigger=trigger.AfterWatermark(
                    early=trigger.AfterProcessingTime(1), late=trigger.AfterProcessingTime(1)
                ),
                accumulation_mode=trigger.AccumulationMode.DISCARDING,
                allowed_lateness=3_600,
            )
            | beam.CombinePerKey(sum)
            | beam.Map(lambda count: RawDocument(str(count[1]).encode(), "count", 0))
            | "WriteCounts" >> beam.ParDo(WriteDown(str(counts.path)))
        )

    with running(on_prism(prism), construct):
        for _ in range(10):
            sent += len(queue.publish(documents(37)))
            time.sleep(0.5)
        wait_for(
            lambda: sum(map(int, counts.payloads)) >= sent, 60, lambda: f"{sum(map(int, counts.payloads))} of {sent}"
        )
        time.sleep(5)
    assert sum(map(int, counts.payloads)) == sent


def test_the_runners_own_source_gives_the_same_documents(queue: Queue, prism: Path, tmp_path: Path) -> None:
    """On the old direct runner, which waits half a minute on a quiet subscription, so it is killed."""
    theirs, ours = Seen(tmp_path / "theirs"), Seen(tmp_path / "ours")
    other = queue.subscription + "-other"
    ensure_queue(queue.topic, other)
    queue.publish([*documents(20), gzip.compress(b"<gz/>")], {"origin": "a.xml", "received_at": "1000000"})
    queue.publish([packed({"a.xml": b"<a/>", "b.xml": b"<b/>"}), b"no xml"])
    job = start(replace(settings(queue), subscription=other), ["--runner=BundleBasedDirectRunner"], theirs.path)
    try:
        theirs.wait(24)
    finally:
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
    with running(on_prism(prism), lambda p: build(p, settings(queue), ours.path)):
        ours.wait(24)
    assert sorted(theirs.lines) == sorted(
        [line[0].replace(place_of(queue.subscription), place_of(other)), *line[1:]] for line in ours.lines
    )


def test_a_preflight_says_what_is_there(queue: Queue) -> None:
    facts = check_subscription(queue.subscription)
    assert (facts.topic, facts.ack_deadline_seconds, facts.notes) == (queue.topic, 10, ())


def test_who_launches_a_stream_reads_what_is_odd_of_its_subscription(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = queue.subscription + "-odd"
    queue.subscriber.create_subscription(
        request={
            "name": odd,
            "topic": queue.topic,
            "enable_exactly_once_delivery": True,
            "enable_message_ordering": True,
        }
    )
    assert check_subscription(odd).exactly_once
    monkeypatch.setattr(stores, "check", lambda options: None)
    stream.preflight(command_line.options_of(["--subscription", odd, f"--project={PROJECT_ID}"], stream.StreamOptions))
    said = capsys.readouterr().err
    assert f"note: {odd}: it delivers exactly once, which is not needed" in said and "costs latency" in said
    assert f"gcloud pubsub subscriptions update {odd} --no-enable-exactly-once-delivery" in said
    assert f"note: {odd}: it delivers in order" in said


def test_a_preflight_says_what_is_missing(queue: Queue) -> None:
    with pytest.raises(SubscriptionError, match="does not exist. Create it: .*publish --create --topic TOPIC"):
        check_subscription(queue.subscription + "-not")


def test_a_job_on_a_missing_subscription_fails_and_says_why(queue: Queue, prism: Path, tmp_path: Path) -> None:
    missing = ReadSettings(queue.subscription + "-not")
    with running(on_prism(prism), lambda p: build(p, missing, tmp_path / "seen")) as result:
        wait_for(lambda: result.state == "FAILED", 60, lambda: str(result.state))
        with pytest.raises(RuntimeError, match="NOT_FOUND.*Create the subscription"):
            result.wait_until_finish()
