"""A broker of an own authority that takes only clients with a certificate of it: source, sink, and what is said
without one."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from confluent_kafka import Consumer, TopicPartition

from pipelines import publish
from tests.integration.brokers import Broker, needs_kafka
from tests.integration.kafka.jobs import build
from tests.integration.pubsub.jobs import Seen, on_prism, running
from transforms.ingest.kafka.lookup import looked_up
from transforms.ingest.kafka.options import KafkaClusterOptions, connection_of
from transforms.ingest.kafka.settings import TopicSource
from transforms.kafka.cluster import check_writable
from transforms.kafka.connection import KEY, KEY_PASSWORD, Connection
from transforms.kafka.errors import KafkaError
from transforms.notify.kafka import KafkaPublisher, KafkaTopic
from transforms.notify.messages import Outgoing

pytestmark = pytest.mark.long


class Authority(NamedTuple):
    """Who signs, in a folder."""

    folder: Path

    def openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.folder)

    def make(self) -> Authority:
        subject = "-days 2 -subj /CN=authority -keyout ca.key -out ca.pem"
        self.openssl(*f"req -x509 -newkey rsa:2048 -nodes {subject}".split())
        return self

    def issue(self, name: str) -> tuple[str, str]:
        """Certificate and private key of a name, PEM."""
        alternative = self.folder / "alternative"
        alternative.write_text("subjectAltName=IP:127.0.0.1")
        self.openssl(*f"req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr".split())
        sign = "x509 -req -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial -extfile alternative"
        self.openssl(*f"{sign} -in {name}.csr -out {name}.pem".split())
        return (self.folder / f"{name}.pem").read_text(), (self.folder / f"{name}.key").read_text()

    @property
    def pem(self) -> str:
        return (self.folder / "ca.pem").read_text()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority")).make()


@pytest.fixture(scope="module")
def mutual(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker; its own client has a certificate too."""
    needs_kafka()
    own, key = authority.issue("broker")
    store = authority.folder / "store.pem"
    store.write_text(key + own)
    listener = "listener.name.client"
    settings = {
        "listener.security.protocol.map": "CLIENT:SSL,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        f"{listener}.ssl.keystore.type": "PEM",
        f"{listener}.ssl.keystore.location": str(store),
        f"{listener}.ssl.truststore.type": "PEM",
        f"{listener}.ssl.truststore.location": str(authority.folder / "ca.pem"),
        f"{listener}.ssl.client.auth": "required",
    }
    certificate, private = authority.issue("tester")
    client = {"security.protocol": "ssl", "ssl.ca.pem": authority.pem}
    client |= {"ssl.certificate.pem": certificate, "ssl.key.pem": private}
    folder = tmp_path_factory.mktemp("kafka") / "mutual"
    broker = Broker(folder, [f"{name}={value}" for name, value in settings.items()], client)
    yield broker
    broker.stop()


@pytest.fixture
def reached(mutual: Broker, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The connection of a client with a certificate, whose key is in the environment."""
    certificate, key = authority.issue("acervo")
    monkeypatch.setenv(KEY, key)
    monkeypatch.delenv(KEY_PASSWORD, raising=False)
    return Connection(mutual.address, "ssl", ca=authority.pem, certificate=certificate)


def test_a_stream_and_a_range_are_read(mutual: Broker, reached: Connection, prism: Path, tmp_path: Path) -> None:
    topic = mutual.create(2)
    mutual.publish(topic, [b"<doc/>"] * 20)
    read = looked_up(TopicSource(reached, topic, settle_seconds=1), "earliest", "latest")
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        build(pipeline, read, tmp_path / "range")
    assert len(Seen(tmp_path / "range").lines) == 20
    read = looked_up(TopicSource(reached, topic, settle_seconds=1), "committed", "")
    with running(on_prism(prism), lambda pipeline: build(pipeline, read, tmp_path / "seen")):
        seen = Seen(tmp_path / "seen")
        seen.wait(20)
        mutual.publish(topic, [b"<doc/>"] * 5)
        seen.wait(25)


def test_changes_and_files_are_written(
    mutual: Broker, reached: Connection, authority: Authority, tmp_path: Path
) -> None:
    topic = mutual.create(1)
    check_writable(reached, topic)
    publisher = KafkaPublisher(KafkaTopic(reached, topic))
    message = Outgoing(b"{}", {"access_key": "1"})
    publisher.settle([(message, publisher.send(message))])
    publisher.close()
    (tmp_path / "a.xml").write_bytes(b"<doc/>")
    (tmp_path / "own.pem").write_text(reached.certificate)
    argv = ["--kafka_topic", topic, "--kafka_bootstrap", mutual.address, "--kafka_security", "ssl"]
    argv += ["--kafka_ca", str(authority.folder / "ca.pem"), "--kafka_certificate", str(tmp_path / "own.pem")]
    assert publish.main([str(tmp_path / "a.xml"), *argv]) == 0
    consumer = Consumer({**mutual.client, "group.id": "t"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    assert [raw.value() for raw in consumer.consume(2, 20)] == [b"{}", b"<doc/>"]
    consumer.close()


def test_a_key_that_is_encrypted_is_read_with_its_password(
    mutual: Broker, reached: Connection, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = mutual.create(1)
    authority.openssl(*["rsa", "-aes256", "-in", "acervo.key", "-out", "encrypted.key", "-passout", "pass:of-the-key"])
    monkeypatch.setenv(KEY, (authority.folder / "encrypted.key").read_text())
    monkeypatch.setenv(KEY_PASSWORD, "of-the-key")
    assert looked_up(TopicSource(reached, topic), "earliest", "").starts == ((0, 0),)


def test_without_a_certificate_or_with_that_of_another_authority_the_option_is_named(
    mutual: Broker, reached: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KafkaError, match="--kafka_certificate") as told:
        looked_up(TopicSource(dataclasses.replace(reached, certificate=""), "t"), "earliest", "")
    assert len(str(told.value).splitlines()) == 1
    certificate, key = Authority(tmp_path).make().issue("stranger")
    monkeypatch.setenv(KEY, key)
    with pytest.raises(KafkaError, match="--kafka_certificate") as told:
        looked_up(TopicSource(dataclasses.replace(reached, certificate=certificate), "t"), "earliest", "")
    assert len(str(told.value).splitlines()) == 1 and "PRIVATE" not in str(told.value)


def test_what_is_given_wrong_is_told_before_anybody_is_asked(
    reached: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.pem"

    def connection(*more: str) -> Connection:
        options = PipelineOptions(["--kafka_bootstrap=b:1", f"--kafka_certificate={file}", *more])
        return connection_of(options.view_as(KafkaClusterOptions))

    file.write_text(reached.certificate)
    assert connection("--kafka_security=ssl").certificate == reached.certificate
    with pytest.raises(KafkaError, match="--kafka_certificate needs --kafka_security=ssl"):
        connection()
    monkeypatch.setenv(KEY, "no key")
    with pytest.raises(KafkaError, match="no private key for --kafka_certificate"):
        connection("--kafka_security=ssl").settings()
    file.write_text(reached.certificate + "-----BEGIN PRIVATE KEY-----")
    with pytest.raises(KafkaError, match="holds a private key too"):
        connection("--kafka_security=ssl")
