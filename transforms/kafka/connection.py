"""How a cluster is reached. It travels with the job, and holds nothing secret: only where the secret is."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from transforms.kafka.errors import KafkaError
from transforms.kafka.tokens import token_source
from transforms.language import say, tr
from transforms.secret import secret_of

PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL = "plaintext", "ssl", "sasl_plaintext", "sasl_ssl"
SECURITY = (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL)
OAUTHBEARER = "OAUTHBEARER"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", OAUTHBEARER)
PASSWORD, KEY, KEY_PASSWORD = "KAFKA_PASSWORD", "KAFKA_KEY", "KAFKA_KEY_PASSWORD"
"""Variables of the environment: the password and the private key (PEM) where no secret is named for them, and what the
key is encrypted with, if it is."""


@dataclass(frozen=True)
class Connection:
    """``bootstrap``: host:port, several separated by commas. ``ca``: certificates in PEM that sign the brokers' own;
    the system's where it is empty. ``certificate``: the client's own in PEM, with those between it and the authority
    that the brokers trust, for brokers that want one. ``key_secret``: the name of its private key's secret; without it
    the environment has the key. ``password_secret``: the name of a secret in Secret Manager; without it the
    environment has the password. ``token``: who gives tokens to OAUTHBEARER, see ``tokens``."""

    bootstrap: str
    security: str = PLAINTEXT
    mechanism: str = ""
    user: str = ""
    password_secret: str = ""
    ca: str = ""
    certificate: str = ""
    key_secret: str = ""
    token: str = ""

    def settings(self) -> dict[str, Any]:
        """Of librdkafka, secrets among them: for a client, and never for a log. Raises KafkaError."""
        found: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security,
            "client.id": "acervo",
            # A broker that comes back is found within a second.
            "reconnect.backoff.ms": 100,
            "reconnect.backoff.max.ms": 1_000,
            "socket.keepalive.enable": True,
            "log.connection.close": False,
        }
        if self.ca:
            found["ssl.ca.pem"] = self.ca
        if self.certificate:
            found |= {"ssl.certificate.pem": self.certificate, "ssl.key.pem": self._key()}
            if password := os.environ.get(KEY_PASSWORD):
                found["ssl.key.password"] = password
        if self.security in (SASL_PLAINTEXT, SASL_SSL):
            found["sasl.mechanism"] = self.mechanism
            if self.mechanism == OAUTHBEARER:
                found["oauth_cb"] = token_source(self.token)
            else:
                found |= {"sasl.username": self.user, "sasl.password": self._password()}
        return found

    def _key(self) -> str:
        found = secret_of(self.key_secret, "--kafka_key_secret", KafkaError) or os.environ.get(KEY, "")
        if "PRIVATE KEY" not in found:
            raise KafkaError(
                say(
                    "no private key for --kafka_certificate: give --kafka_key_secret, a secret of Secret Manager, or "
                    "set {variable} in the environment (of the workers too) to the key in PEM.",
                    variable=KEY,
                )
            )
        return found

    def _password(self) -> str:
        found = secret_of(self.password_secret, "--kafka_password_secret", KafkaError)
        if found is None:
            found = os.environ.get(PASSWORD)
        if found is None:
            raise KafkaError(
                say(
                    "no password for {user}: give --kafka_password_secret, a secret of Secret Manager, or set "
                    "{variable} in the environment (of the workers too).",
                    user=self.user,
                    variable=PASSWORD,
                )
            )
        return found


Report = Callable[[Any], None]
"""Is told the errors of a client that belong to no call: of authentication, TLS and connections among them."""


def library() -> Any:
    """The module ``confluent_kafka``. Raises KafkaError where it is not installed."""
    try:
        import confluent_kafka
    except ImportError as error:
        raise KafkaError(tr("Kafka needs the extra of that name: pip install 'acervo[kafka]'.")) from error
    return confluent_kafka
