from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from google.cloud import pubsub_v1

from local.postgres import Server, postgres_server
from local.stack import exported, stack
from pipelines import tables
from templates import metadata
from tests.integration.dataflow.stand_in import StandIn, key_of_an_account, stand_in
from tests.integration.dataflow.submit import BUCKET, INPUT, PROJECT, SUBSCRIPTION, TOPICS, Submitted, submit
from transforms.truth.config import TruthConfig


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """All that a job looks at before it is submitted: stores with their tables, a subscription, an input, a database.

    The folder of the database's socket is in the environment, so that the job's DSN is the same every time.
    """
    with stack(pubsub=True) as running, running.exported(), stand_in() as server, postgres_server() as postgres:
        key = tmp_path_factory.mktemp("account") / "key.json"
        key.write_text(json.dumps(key_of_an_account(server)))
        places = {"STORAGE_EMULATOR_HOST": server.url, "GOOGLE_APPLICATION_CREDENTIALS": str(key)}
        with exported({**places, "PGHOST": str(postgres.folder)}):
            tables.set_up(TruthConfig(PROJECT, "acervo", "acervo"), "acervo")
            with pubsub_v1.PublisherClient() as publisher, pubsub_v1.SubscriberClient() as subscriber:
                for topic in TOPICS:
                    publisher.create_topic(name=f"projects/{PROJECT}/topics/{topic}")
                subscriber.create_subscription(
                    name=f"projects/{PROJECT}/subscriptions/{SUBSCRIPTION}",
                    topic=f"projects/{PROJECT}/topics/{TOPICS[0]}",
                )
            server.objects[f"{BUCKET}/{INPUT}"] = b"<nfeProc/>"
            _fill(postgres)
            yield server


@pytest.fixture(scope="session", params=metadata.jobs())
def submitted(request: pytest.FixtureRequest, services: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Submitted:
    """Each job, submitted from the work tree."""
    return submit(request.param, services, tmp_path_factory.mktemp(request.param))


def _fill(postgres: Server) -> None:
    with postgres.connect() as connection:
        connection.execute("CREATE TABLE documents (id bigint PRIMARY KEY, xml bytea)")
        connection.execute("INSERT INTO documents VALUES (1, '<nfeProc/>')")
        connection.execute("ANALYZE documents")
