"""The command line of jobs that read from Kafka, or write to it."""

from __future__ import annotations

import argparse
import os

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from transforms.ingest.kafka.positions import COMMITTED
from transforms.ingest.kafka.settings import TopicSource
from transforms.kafka.connection import (
    MECHANISMS,
    OAUTHBEARER,
    PLAINTEXT,
    SASL_PLAINTEXT,
    SASL_SSL,
    SECURITY,
    SSL,
    Connection,
)
from transforms.kafka.errors import KafkaError
from transforms.language import say, tr

LOCAL_BROKER = "ACERVO_KAFKA_BOOTSTRAP"
"""The variable of the environment by which a broker that runs here, such as the local stack's, is named."""
_CA_BYTES = 1_000_000


class KafkaOptions(PipelineOptions):
    """Which topic of Kafka is read, from where to where, and which are told."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--kafka_topic", help=tr("Kafka topic to read, in the place of a subscription."))
        parser.add_argument(
            "--kafka_start",
            default=COMMITTED,
            help=tr(
                "Where to begin: committed (where the group's last job ended, else earliest), earliest, latest, "
                "timestamp:<RFC 3339, or a day in UTC>, or offsets:<partition>=<offset>,..."
            ),
        )
        parser.add_argument(
            "--kafka_stop",
            default="",
            help=tr("Where to end, written as --kafka_start. The job is bounded then, and moves no committed offset."),
        )
        parser.add_argument(
            "--kafka_group",
            default="acervo",
            help=tr("Consumer group whose offsets are committed. One for each table."),
        )
        parser.add_argument(
            "--kafka_headers",
            default="",
            help=tr("Headers to keep in origins, separated by commas, such as traceparent."),
        )
        parser.add_argument(
            "--kafka_envelope",
            action="store_true",
            help=tr("Values begin with the five bytes of a schema registry, which are taken off."),
        )
        parser.add_argument(
            "--kafka_changes_topic",
            help=tr("Kafka topic that is told when a document changes its state; its key is the access key."),
        )
        parser.add_argument("--kafka_dead_letters_topic", help=tr("Kafka topic that also gets dead letters."))


class KafkaClusterOptions(PipelineOptions):
    """How a cluster of Kafka is reached."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        add_connection(parser)


def add_connection(parser: argparse.ArgumentParser) -> None:
    """The options that say how a cluster is reached."""
    parser.add_argument("--kafka_bootstrap", default="", help=tr("Brokers, host:port, separated by commas."))
    parser.add_argument(
        "--kafka_security", choices=SECURITY, default=PLAINTEXT, help=tr("How brokers are spoken to (%(default)s).")
    )
    parser.add_argument("--kafka_mechanism", choices=MECHANISMS, help=tr("How to authenticate, with sasl_*."))
    parser.add_argument("--kafka_user", default="", help=tr("User of PLAIN and SCRAM."))
    parser.add_argument(
        "--kafka_password_secret",
        default="",
        help=tr(
            "Secret Manager name of the password, projects/PROJECT/secrets/NAME[/versions/N]. Without it the "
            "environment has it: KAFKA_PASSWORD."
        ),
    )
    parser.add_argument(
        "--kafka_token",
        default="",
        help=tr("Who gives tokens for OAUTHBEARER: google, or a function, package.module:function."),
    )
    parser.add_argument(
        "--kafka_ca", default="", help=tr("File (local or gs://) of the certificates that sign the brokers' own, PEM.")
    )
    parser.add_argument(
        "--kafka_certificate",
        default="",
        help=tr("File (local or gs://) of the client's own certificate, PEM, for brokers that ask for one."),
    )
    parser.add_argument(
        "--kafka_key_secret",
        default="",
        help=tr(
            "Secret Manager name of that certificate's private key, PEM. Without it the environment has it: KAFKA_KEY; "
            "KAFKA_KEY_PASSWORD where it is encrypted."
        ),
    )


def connection_of(given: argparse.Namespace | PipelineOptions) -> Connection:
    """The cluster that the options name. Raises KafkaError."""
    bootstrap = given.kafka_bootstrap or os.environ.get(LOCAL_BROKER, "")
    if not bootstrap:
        raise KafkaError(tr("which cluster? Give --kafka_bootstrap, host:port, or start one: make stack KAFKA=1"))
    sasl = given.kafka_security in (SASL_PLAINTEXT, SASL_SSL)
    if sasl and not given.kafka_mechanism:
        raise KafkaError(
            say(
                "--kafka_security={security} needs --kafka_mechanism: {mechanisms}.",
                security=given.kafka_security,
                mechanisms=", ".join(MECHANISMS),
            )
        )
    if given.kafka_mechanism and not sasl:
        raise KafkaError(
            tr("--kafka_mechanism needs --kafka_security=sasl_ssl, or sasl_plaintext within a safe network.")
        )
    if given.kafka_certificate and given.kafka_security not in (SSL, SASL_SSL):
        raise KafkaError(tr("--kafka_certificate needs --kafka_security=ssl, or sasl_ssl."))
    if sasl and given.kafka_mechanism != OAUTHBEARER and not given.kafka_user:
        raise KafkaError(say("--kafka_mechanism={mechanism} needs --kafka_user.", mechanism=given.kafka_mechanism))
    return Connection(
        bootstrap=bootstrap,
        security=given.kafka_security,
        mechanism=given.kafka_mechanism or "",
        user=given.kafka_user,
        password_secret=given.kafka_password_secret,
        ca=_certificates(given.kafka_ca, "--kafka_ca"),
        certificate=_certificates(given.kafka_certificate, "--kafka_certificate"),
        key_secret=given.kafka_key_secret,
        token=given.kafka_token,
    )


def source_of(options: PipelineOptions) -> TopicSource:
    """What the options describe, offsets aside. Raises KafkaError."""
    given = options.view_as(KafkaOptions)
    return TopicSource(
        connection=connection_of(options.view_as(KafkaClusterOptions)),
        topic=given.kafka_topic,
        group=given.kafka_group,
        headers=tuple(name.strip() for name in given.kafka_headers.split(",") if name.strip()),
        envelope=given.kafka_envelope,
    )


def _certificates(path: str, option: str) -> str:
    """PEM in a file; empty where none is named. It is not secret, and goes to the workers with the job."""
    if not path:
        return ""
    try:
        with FileSystems.open(path) as file:
            text = str(file.read(_CA_BYTES).decode("ascii"))
    except (OSError, UnicodeError) as error:
        raise KafkaError(
            say("cannot read the certificates of {option} {path}: {error}", option=option, path=path, error=error)
        ) from error
    if "BEGIN CERTIFICATE" not in text:
        raise KafkaError(say("{option} {path} holds no certificate in PEM.", option=option, path=path))
    if "PRIVATE KEY" in text:
        raise KafkaError(
            say(
                "{option} {path} holds a private key too, which would travel with the job for all to see: leave the "
                "certificates alone in it, and give --kafka_key_secret, or KAFKA_KEY.",
                option=option,
                path=path,
            )
        )
    return text
