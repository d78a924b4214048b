from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from google.cloud import pubsub_v1

from local.stack import exported, stack
from pipelines import tables
from tests.integration.dataflow.stand_in import StandIn, key_of_an_account, stand_in
from tests.integration.dataflow.submit import BUCKET, INPUT, PROJECT, SUBSCRIPTION, TOPICS
from transforms.truth.config import TruthConfig


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """All that a job looks at before it is submitted: stores with their tables, a subscription, an input."""
    with stack(pubsub=True) as running, running.exported(), stand_in() as server:
        key = tmp_path_factory.mktemp("account") / "key.json"
        key.write_text(json.dumps(key_of_an_account(server)))
        with exported({"STORAGE_EMULATOR_HOST": server.url, "GOOGLE_APPLICATION_CREDENTIALS": str(key)}):
            tables.set_up(TruthConfig(PROJECT, "acervo", "acervo"), "acervo")
            with pubsub_v1.PublisherClient() as publisher, pubsub_v1.SubscriberClient() as subscriber:
                for topic in TOPICS:
                    publisher.create_topic(name=f"projects/{PROJECT}/topics/{topic}")
                subscriber.create_subscription(
                    name=f"projects/{PROJECT}/subscriptions/{SUBSCRIPTION}",
                    topic=f"projects/{PROJECT}/topics/{TOPICS[0]}",
                )
            server.objects[f"{BUCKET}/{INPUT}"] = b"<nfeProc/>"
            yield server
