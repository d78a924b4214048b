"""Documents as bodies of messages and back, origins, and what errors of the client ask for."""

from __future__ import annotations

import base64
import gzip
import pickle
import time

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from transforms.ingest.queue.message import Message, origin_of
from transforms.ingest.sqs.messages import message_of, payload_of
from transforms.ingest.sqs.settings import QueueSource
from transforms.sqs.body import body_of
from transforms.sqs.connection import Connection, region_of
from transforms.sqs.errors import Kind, explained, kind_of

RAW = {
    "MessageId": "d417bec8",
    "Body": "<a/>",
    "Attributes": {"SentTimestamp": "1772366400123"},
    "MessageAttributes": {"origin": {"DataType": "String", "StringValue": "a.xml"}},
}
LATIN = '<?xml version="1.0" encoding="ISO-8859-1"?><a>São</a>'


def test_it_is_named_by_region_queue_and_id_and_dated_by_when_it_was_sent() -> None:
    message = message_of(RAW)
    assert message == Message(b"<a/>", "d417bec8", {"origin": "a.xml"}, 1_772_366_400_123_000)
    source = QueueSource(Connection(), "https://sqs.sa-east-1.amazonaws.com/123456789012/nfe")
    assert origin_of(message, source.place) == "sqs:sa-east-1/nfe/d417bec8/a.xml"
    assert pickle.loads(pickle.dumps(source)) == source


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.sa-east-1.amazonaws.com/1/q", "sa-east-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1"),
        ("https://us-west-2.queue.amazonaws.com/1/q", "us-west-2"),
        ("http://127.0.0.1:9324/000000000000/q", ""),
        ("https://sqs.evil.example/1/q", ""),
    ],
)
def test_the_region_of_a_url(url: str, region: str) -> None:
    assert region_of(url) == region


@pytest.mark.parametrize("sent", ["", "x", "9" * 30, "-1"])
def test_a_message_without_a_time_is_dated_now(sent: str) -> None:
    now = time.time_ns() // 1_000
    assert now <= message_of(RAW | {"Attributes": {"SentTimestamp": sent}}).published_at < now + 60_000_000


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (LATIN, LATIN.encode("latin-1")),
        (LATIN.replace("ISO-8859-1", "nonsense"), LATIN.replace("ISO-8859-1", "nonsense").encode()),
        (LATIN.replace("São", "\u65e5"), LATIN.replace("São", "\u65e5").encode()),
        ("\ufeff<a/>", b"\xef\xbb\xbf<a/>"),
        (base64.b64encode(b"<a/>").decode(), b"<a/>"),
        (base64.encodebytes(gzip.compress(b"<a/>" * 99, mtime=0)).decode(), gzip.compress(b"<a/>" * 99, mtime=0)),
        ("hello", b"hello"),
        ("abcdefgh", b"abcdefgh"),
        ("", b""),
    ],
)
def test_bytes_of_a_body_that_says_nothing_of_base64(body: str, payload: bytes) -> None:
    assert payload_of(body) == payload


@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=200).map(lambda text: f"<a>{text}</a>".encode("utf-8", "replace"))
    )
)
def test_any_bytes_come_back(payload: bytes) -> None:
    body, is_base64 = body_of(payload)
    assert payload_of(body, is_base64) == payload


def test_a_body_that_is_made_to_keep_a_pattern_busy_does_not() -> None:
    began = time.thread_time()
    for body in (" " * 1_000_000 + "!", "A" * 1_000_000 + "!", "\n=" * 500_000, "<?xml " + "e" * 1_000_000):
        payload_of(body)
    assert time.thread_time() - began < 2


def client_error(code: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "ReceiveMessage")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), Kind.AWAY),
        (ConnectTimeoutError(endpoint_url="http://x"), Kind.AWAY),
        (client_error("Anything", 503), Kind.AWAY),
        (client_error("ThrottlingException"), Kind.AWAY),
        (NoCredentialsError(), Kind.REFUSED),
        (client_error("InvalidClientTokenId", 403), Kind.REFUSED),
        (client_error("ExpiredToken", 403), Kind.REFUSED),
        (client_error("AccessDenied", 403), Kind.REFUSED),
        (client_error("KmsAccessDenied"), Kind.REFUSED),
        (client_error("AWS.SimpleQueueService.NonExistentQueue"), Kind.GONE),
        (client_error("InvalidParameterValue"), Kind.OTHER),
        (ValueError("x"), Kind.OTHER),
    ],
)
def test_what_errors_ask_for(error: Exception, kind: Kind) -> None:
    assert kind_of(error) is kind
    told = str(explained("cannot read", "nfe", error))
    assert told.startswith("cannot read") and "nfe" in told and len(told.splitlines()) == 1
