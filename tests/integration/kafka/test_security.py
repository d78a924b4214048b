"""A broker that wants users, certificates and rights: what is read with them, and what is said without."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from tests.integration.brokers import Broker, needs_kafka
from tests.integration.kafka.jobs import build
from tests.integration.pubsub.jobs import Seen
from transforms.ingest.kafka.lookup import looked_up
from transforms.ingest.kafka.settings import TopicSource
from transforms.kafka.cluster import check_writable
from transforms.kafka.connection import PASSWORD, Connection
from transforms.kafka.errors import KafkaError

pytestmark = pytest.mark.long

PASSWORDS = {"admin": "admin-secret", "reader": "reader-secret"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate of an own authority in PEM, and the store that the broker has it in."""
    folder = tmp_path_factory.mktemp("tls")
    key, own, store = folder / "key.pem", folder / "own.pem", folder / "store.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(own)]
    subprocess.run(command, check=True, capture_output=True)
    store.write_text(key.read_text() + own.read_text())
    return own.read_text(), str(store)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[str, str]) -> Iterator[Broker]:
    """A broker that speaks SASL over TLS, and lets only its administrator do what no ACL allows."""
    needs_kafka()
    pem, store = certificate
    users = " ".join(f'user_{name}="{password}"' for name, password in PASSWORDS.items())
    module = "org.apache.kafka.common.security"
    listener = "listener.name.client"
    settings = {
        "listener.security.protocol.map": "CLIENT:SASL_SSL,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        f"{listener}.ssl.keystore.type": "PEM",
        f"{listener}.ssl.keystore.location": store,
        f"{listener}.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512,OAUTHBEARER",
        f"{listener}.plain.sasl.jaas.config": f"{module}.plain.PlainLoginModule required {users};",
        f"{listener}.scram-sha-512.sasl.jaas.config": f"{module}.scram.ScramLoginModule required;",
        f"{listener}.oauthbearer.sasl.jaas.config": (
            f'{module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="admin";'
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:admin;User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
    }
    arguments = [f"--scram={name}={password}" for name, password in PASSWORDS.items()]
    client = {
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "admin",
        "sasl.password": PASSWORDS["admin"],
        "ssl.ca.pem": pem,
    }
    folder = tmp_path_factory.mktemp("kafka") / "guarded"
    broker = Broker(folder, [f"{name}={value}" for name, value in settings.items()], client, arguments)
    yield broker
    broker.stop()


def connection(broker: Broker, pem: str, user: str = "admin", mechanism: str = "SCRAM-SHA-512") -> Connection:
    return Connection(broker.address, "sasl_ssl", mechanism, user, ca=pem)


def unsecured_token(_: str) -> tuple[str, float]:
    """A token without a signature, which a broker takes that is not told of an authority."""
    import base64
    import json

    until = time.time() + 600
    parts = ({"alg": "none"}, {"sub": "admin", "iat": time.time(), "exp": until})
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + ".", until


def allow(broker: Broker, kind: ResourceType, name: str, *operations: AclOperation) -> None:
    bindings = [
        AclBinding(kind, name, ResourcePatternType.LITERAL, "User:reader", "*", operation, AclPermissionType.ALLOW)
        for operation in operations
    ]
    for future in broker.admin.create_acls(bindings).values():
        future.result(30)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512", "OAUTHBEARER"])
def test_a_topic_is_read_with_each_mechanism_over_tls(
    guarded: Broker, certificate: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mechanism: str
) -> None:
    monkeypatch.setenv(PASSWORD, PASSWORDS["admin"])
    topic = guarded.create(1)
    guarded.publish(topic, [b"<doc/>"] * 5)
    reached = connection(guarded, certificate[0], mechanism=mechanism)
    reached = dataclasses.replace(reached, token=f"{__name__}:unsecured_token")
    read = looked_up(TopicSource(reached, topic), "earliest", "latest")
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as pipeline:
        build(pipeline, read, tmp_path / "seen")
    assert len(Seen(tmp_path / "seen").lines) == 5


@pytest.mark.parametrize(
    ("change", "password", "said"),
    [
        ({}, "wrong", "does not accept who this is: mend --kafka_mechanism, --kafka_user or the password"),
        ({"ca": ""}, "admin-secret", "do not agree on TLS: mend --kafka_security, --kafka_ca or"),
        ({"security": "plaintext"}, "", "does not answer at .*--kafka_security"),
        ({"mechanism": "SCRAM-SHA-256"}, "admin-secret", "mend --kafka_mechanism"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_with_the_option(
    guarded: Broker,
    certificate: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    password: str,
    said: str,
) -> None:
    monkeypatch.setenv(PASSWORD, password)
    reached = dataclasses.replace(connection(guarded, certificate[0]), **change)
    began = time.monotonic()
    with pytest.raises(KafkaError, match=said) as told:
        looked_up(TopicSource(reached, "t"), "earliest", "")
    assert len(str(told.value).splitlines()) == 1 and "secret" not in str(told.value)
    assert time.monotonic() - began < 30


def test_rights_that_are_missing_are_told_before_the_job(
    guarded: Broker, certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD, PASSWORDS["reader"])
    topic = guarded.create(1)
    source = TopicSource(connection(guarded, certificate[0], "reader"), topic, group="g")
    with pytest.raises(KafkaError, match="ACL"):
        looked_up(source, "earliest", "")
    allow(guarded, ResourceType.TOPIC, topic, AclOperation.DESCRIBE)
    with pytest.raises(KafkaError, match="may see the topic .* and not read it: it needs the ACL READ"):
        looked_up(source, "earliest", "")
    allow(guarded, ResourceType.TOPIC, topic, AclOperation.READ)
    with pytest.raises(KafkaError, match="keep offsets: it needs the ACL READ on the group"):
        looked_up(source, "committed", "")
    allow(guarded, ResourceType.GROUP, "g", AclOperation.READ)
    assert looked_up(source, "committed", "").starts == ((0, 0),)
    with pytest.raises(KafkaError, match="that this user may write to"):
        check_writable(source.connection, topic)
