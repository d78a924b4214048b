"""Files sent to a queue by ``acervo publish``."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from pipelines import publish
from tests.integration.sqs.server import Sqs
from transforms.ingest.sqs.messages import message_of
from transforms.notify.messages import Outgoing
from transforms.notify.sqs import SqsPublisher
from transforms.sqs.errors import SqsError


def received(sqs: Sqs, url: str, wanted: int) -> list[Any]:
    found: list[Any] = []
    while len(found) < wanted:
        found += sqs.client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=2,
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        )["Messages"]
    return [message_of(raw) for raw in found]


@pytest.mark.parametrize("name", ["published", "published.fifo"])
def test_files_are_sent_to_a_queue_that_is_created(sqs: Sqs, tmp_path: Path, name: str) -> None:
    for number in range(25):
        (tmp_path / f"{number:02}.xml").write_bytes(f"<doc>{number}</doc>".encode())
    argv = [str(tmp_path), "--sqs_queue", name, "--sqs_endpoint", sqs.endpoint]
    assert publish.main(argv) == 2, "it is not there"
    assert publish.main([*argv, "--create", "--received_at", "file"]) == 0
    found = received(sqs, sqs.client.get_queue_url(QueueName=name)["QueueUrl"], 25)
    assert sorted(message.data for message in found) == sorted(f"<doc>{number}</doc>".encode() for number in range(25))
    assert {message.attributes["origin"].rpartition("/")[2] for message in found} == {f"{n:02}.xml" for n in range(25)}
    assert all("received_at" in message.attributes for message in found)


def test_bytes_are_the_same_on_the_other_side(sqs: Sqs) -> None:
    url = sqs.create()
    payloads = [gzip.compress(b"<a/>"), b"\xff\xfe\x00", b"<a>\r\n\tx</a>", "<a>\U0001f600</a>".encode(), b"abcd"]
    sqs.publish(url, payloads)
    assert sorted(message.data for message in received(sqs, url, len(payloads))) == sorted(payloads)


def test_what_sqs_does_not_take_is_left_out_with_a_reason(sqs: Sqs, tmp_path: Path, capsys: Any) -> None:
    url = sqs.create()
    publisher = SqsPublisher(sqs.connection, url)
    for payload, said in ((b"", "it is empty"), (b"<a>" + b"x" * 1_048_576, "1,048,5.. bytes is too large")):
        with pytest.raises(SqsError, match=said):
            publisher.send(Outgoing(payload, {}))
    publisher.close()
    (tmp_path / "a.xml").write_bytes(b"<a>" + b"x" * 1_100_000 + b"</a>")
    (tmp_path / "b.xml").write_bytes(b"<b/>")
    assert publish.main([str(tmp_path), "--sqs_queue", url, "--sqs_endpoint", sqs.endpoint]) == 1
    assert "1 messages" in (said := capsys.readouterr().out) and "a.xml" in said


def test_large_messages_share_no_request_that_is_too_large(sqs: Sqs) -> None:
    url = sqs.create()
    payloads = [b"<a>" + str(number).encode() * 400_000 + b"</a>" for number in range(6)]
    sqs.publish(url, payloads)
    assert sorted(message.data for message in received(sqs, url, 6)) == payloads
