"""What a client of Kafka reports, by what can be done about it. Pure: codes by their names in librdkafka."""

from __future__ import annotations

import re
from typing import Any

from transforms.errors import AcervoError
from transforms.language import mark, say, tr

AWAY = frozenset(
    {
        "_TRANSPORT",
        "_ALL_BROKERS_DOWN",
        "_RESOLVE",
        "_TIMED_OUT",
        "_TIMED_OUT_QUEUE",
        "_WAIT_COORD",
        "REQUEST_TIMED_OUT",
        "NETWORK_EXCEPTION",
        "LEADER_NOT_AVAILABLE",
        "NOT_LEADER_FOR_PARTITION",
        "BROKER_NOT_AVAILABLE",
        "REPLICA_NOT_AVAILABLE",
        "COORDINATOR_NOT_AVAILABLE",
        "COORDINATOR_LOAD_IN_PROGRESS",
        "NOT_COORDINATOR",
        "KAFKA_STORAGE_ERROR",
        "FENCED_LEADER_EPOCH",
        "UNKNOWN_LEADER_EPOCH",
    }
)
"""Of a cluster that is away, or moving: they mean that no messages come now."""

REFUSED = {
    "_AUTHENTICATION": mark("does not accept who this is: mend --kafka_mechanism, --kafka_user or the password"),
    "SASL_AUTHENTICATION_FAILED": mark("does not accept who this is: mend --kafka_user or the password"),
    "UNSUPPORTED_SASL_MECHANISM": mark("has no such mechanism: mend --kafka_mechanism"),
    "_SSL": mark("and this side do not agree on TLS: mend --kafka_security, --kafka_ca or --kafka_certificate"),
    "TOPIC_AUTHORIZATION_FAILED": mark(
        "does not let this user use the topic: it needs the ACLs READ and DESCRIBE to read it, WRITE and DESCRIBE to "
        "write to it"
    ),
    "GROUP_AUTHORIZATION_FAILED": mark(
        "does not let this user keep offsets: it needs the ACL READ on the group of --kafka_group"
    ),
    "CLUSTER_AUTHORIZATION_FAILED": mark(
        "does not let this user write idempotently: it needs WRITE on the topic, and before Kafka 2.8 IDEMPOTENT_WRITE "
        "on the cluster"
    ),
}
"""What somebody has to mend; the broker is the subject."""

GONE = frozenset({"UNKNOWN_TOPIC_OR_PART", "UNKNOWN_TOPIC_ID", "INCONSISTENT_TOPIC_ID", "_UNKNOWN_TOPIC"})
"""The topic is not there, or is another of the same name."""


_ALERTS = re.compile(r"alert (bad|unsupported|unknown|certificate|handshake|access)", re.IGNORECASE)
"""With TLS 1.3 a broker looks at the client's certificate after the handshake: the connection is lost then, and only
the client's words tell why."""


class KafkaError(AcervoError):
    """A topic cannot be used, and trying again will not help: the message says what has to be mended."""


def refuses(error: Any) -> bool:
    """Whether an error of the client is one that somebody has to mend."""
    return _cause(error.name(), error.str()) in REFUSED


def explained(what: str, bootstrap: str, name: str, said: str) -> KafkaError:
    """``what`` could not be done: for people, with the setting to mend. ``name`` is that of the code, ``said`` the
    library's words."""
    name = _cause(name, said)
    if name in REFUSED:
        return KafkaError(
            say(
                "{what}: Kafka at {bootstrap} {refuses}. It said: {said}",
                what=what,
                bootstrap=bootstrap,
                refuses=tr(REFUSED[name]),
                said=said,
            )
        )
    if name in AWAY:
        return unanswered(bootstrap, said)
    if name in GONE:
        return KafkaError(
            say(
                "{what}: there is no such topic at {bootstrap}. It said: {said}",
                what=what,
                bootstrap=bootstrap,
                said=said,
            )
        )
    return KafkaError(f"{what}: {said} ({name})")


def unanswered(bootstrap: str, said: str) -> KafkaError:
    """A cluster that does not answer, told to whoever starts a job."""
    return KafkaError(
        say(
            "Kafka does not answer at {bootstrap}. Check --kafka_bootstrap, the network from here, and "
            "--kafka_security (a port for TLS is silent without it). It said: {said}",
            bootstrap=bootstrap,
            said=said,
        )
    )


def _cause(name: str, said: str) -> str:
    return "_SSL" if name == "_TRANSPORT" and _ALERTS.search(said) else name
