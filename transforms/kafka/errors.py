"""What a client of Kafka reports, by what can be done about it. Pure: codes by their names in librdkafka."""

from __future__ import annotations

from transforms.errors import AcervoError

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
    "_AUTHENTICATION": "does not accept who this is: --kafka_mechanism, --kafka_user and its password have to be "
    "mended",
    "SASL_AUTHENTICATION_FAILED": "does not accept who this is: --kafka_user and its password have to be mended",
    "UNSUPPORTED_SASL_MECHANISM": "has no such mechanism: --kafka_mechanism has to be mended",
    "_SSL": "and this side do not agree on TLS: --kafka_security and --kafka_ca have to be mended",
    "TOPIC_AUTHORIZATION_FAILED": "does not let this user use the topic: it needs the ACLs READ and DESCRIBE on it to "
    "read, WRITE and DESCRIBE to write",
    "GROUP_AUTHORIZATION_FAILED": "does not let this user keep offsets: it needs the ACL READ on the group of "
    "--kafka_group",
    "CLUSTER_AUTHORIZATION_FAILED": "does not let this user write idempotently: it needs WRITE on the topic, and with "
    "brokers before 2.8 IDEMPOTENT_WRITE on the cluster",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED": "does not let this user use transactions",
}
"""What somebody has to mend; the broker is the subject."""

GONE = frozenset({"UNKNOWN_TOPIC_OR_PART", "UNKNOWN_TOPIC_ID", "INCONSISTENT_TOPIC_ID", "_UNKNOWN_TOPIC"})
"""The topic is not there, or is another of the same name."""


class KafkaError(AcervoError):
    """A topic cannot be used, and trying again will not help: the message says what has to be mended."""


def explained(what: str, bootstrap: str, name: str, said: str) -> KafkaError:
    """``what`` could not be done: for people, with the setting to mend. ``name`` is that of the code, ``said`` the
    library's words."""
    if name in REFUSED:
        return KafkaError(f"{what}: Kafka at {bootstrap} {REFUSED[name]}. It said: {said}")
    if name in AWAY:
        return KafkaError(
            f"{what}: Kafka does not answer at {bootstrap}. Check --kafka_bootstrap, the network from here, and "
            f"--kafka_security (a port for TLS is silent without it). It said: {said}"
        )
    if name in GONE:
        return KafkaError(f"{what}: there is no such topic at {bootstrap}. It said: {said}")
    return KafkaError(f"{what}: {said} ({name})")
