"""What cannot be read or written is told in a line, before a job and while it runs. Moto looks at who asks."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.integration.sqs.server import Sqs
from tests.moto_server import moto
from transforms.ingest.sqs.intake import Intake
from transforms.ingest.sqs.settings import QueueSource
from transforms.sqs.connection import Connection
from transforms.sqs.errors import SqsError
from transforms.sqs.queues import check_readable, create_queue, find, notes_of

SECRET = "AWS_SECRET_ACCESS_KEY"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Connection, dict[str, str]]]:
    """A server with a queue named ``guarded``, and the credentials of a user who may look at it and no more."""
    with moto(tmp_path_factory.mktemp("moto"), unchecked=4) as url:
        given = {
            "endpoint_url": url,
            "region_name": "us-east-1",
            "aws_access_key_id": "a",
            "aws_secret_access_key": "b",
        }
        iam = boto3.client("iam", **given)
        boto3.client("sqs", **given).create_queue(QueueName="guarded")
        iam.create_user(UserName="reader")
        policy = (
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sqs:Get*"], "Resource": "*"}]}'
        )
        iam.put_user_policy(UserName="reader", PolicyName="looks", PolicyDocument=policy)
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        yield Connection("us-east-1", url), {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], SECRET: key["SecretAccessKey"]}


@pytest.fixture
def credentials(guarded: tuple[Connection, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The connection, with that user's credentials in the environment."""
    for name, value in guarded[1].items():
        monkeypatch.setenv(name, value)
    return guarded[0]


def test_a_secret_that_is_wrong_is_told_before_the_job(
    credentials: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "wrong-and-secret")
    with pytest.raises(SqsError, match="does not accept who this is. Credentials come from the environment") as told:
        check_readable(credentials, "guarded")
    assert len(str(told.value).splitlines()) == 1 and "wrong-and-secret" not in str(told.value)


def test_an_account_that_nobody_knows_is_told_before_the_job(
    credentials: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    with pytest.raises(SqsError, match="does not accept who this is"):
        check_readable(credentials, "guarded")


def test_no_credentials_at_all_are_told_before_the_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", SECRET, "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(SqsError, match="does not accept who this is") as told:
        check_readable(Connection("us-east-1", "http://sqs.example.invalid"), "guarded")
    assert len(str(told.value).splitlines()) == 1


def test_rights_that_are_missing_are_told_before_the_job(credentials: Connection) -> None:
    assert find(credentials, "guarded").url.endswith("/guarded")
    with pytest.raises(SqsError, match="it needs sqs:GetQueueUrl, .* and sqs:DeleteMessage"):
        check_readable(credentials, "guarded")


def test_rights_that_are_taken_while_a_job_runs_stop_it_after_a_while(
    credentials: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    url = find(credentials, "guarded").url
    with caplog.at_level(logging.WARNING):
        intake = Intake(QueueSource(credentials, url, refused_seconds=1, wait_seconds=1))
        began = time.monotonic()
        with pytest.raises(SqsError, match="cannot read guarded: this account may not do that"):
            while time.monotonic() < began + 20:
                intake.take(10, 1_000, 0.2)
        assert time.monotonic() - began > 1
        intake.close()
    assert sum("Trying again for 1 s" in record.getMessage() for record in caplog.records) == 1


@pytest.mark.parametrize(
    ("region", "endpoint", "name", "said"),
    [
        ("us-east-1", "", "none", "there is no queue none. Create it, or mend --sqs_queue"),
        ("us-east-1", "http://127.0.0.1:1", "q", "SQS does not answer about q. Check --sqs_endpoint"),
        ("us-east-1", "nonsense:1", "q", "nonsense:1 is no address of SQS"),
        ("", "http://sqs.example.invalid", "q", "which region. Give --sqs_region"),
    ],
)
def test_a_queue_that_is_not_there_or_does_not_answer(
    sqs: Sqs, monkeypatch: pytest.MonkeyPatch, region: str, endpoint: str, name: str, said: str
) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    began = time.monotonic()
    with pytest.raises(SqsError, match=said) as told:
        check_readable(Connection(region, endpoint or sqs.endpoint), name)
    assert len(str(told.value).splitlines()) == 1 and time.monotonic() - began < 20


def test_what_people_should_know_of_a_queue(sqs: Sqs) -> None:
    create_queue(sqs.connection, "notes.fifo")
    create_queue(sqs.connection, "notes.fifo")
    [note] = notes_of(find(sqs.connection, "notes.fifo"))
    assert "it is a FIFO queue" in note
    dead = sqs.create()
    arn = sqs.client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = sqs.create(RedrivePolicy=f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": "5"}}')
    [note] = notes_of(check_readable(sqs.connection, url))
    assert f"after 5 deliveries without deletion a message goes to {arn}" in note
