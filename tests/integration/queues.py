"""A topic with its subscription in the Pub/Sub emulator."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence

from google.cloud import pubsub_v1

from local.stack import PROJECT_ID


class Queue:
    """A topic, and a pull subscription of it."""

    def __init__(self, kind: str = "t", ack_deadline_seconds: int = 10) -> None:
        self.publisher = pubsub_v1.PublisherClient(pubsub_v1.types.BatchSettings(max_latency=0.01))
        self.subscriber = pubsub_v1.SubscriberClient()
        name = f"{kind}-{uuid.uuid4().hex}"
        self.topic = self.publisher.topic_path(PROJECT_ID, name)
        self.subscription = self.subscriber.subscription_path(PROJECT_ID, name)
        self.publisher.create_topic(name=self.topic)
        self.subscriber.create_subscription(
            name=self.subscription, topic=self.topic, ack_deadline_seconds=ack_deadline_seconds
        )

    def publish(self, payloads: Sequence[bytes], attributes: Mapping[str, str] | None = None) -> list[str]:
        """Message ids, once all are published."""
        futures = [self.publisher.publish(self.topic, payload, **(attributes or {})) for payload in payloads]
        return [future.result(30) for future in futures]

    def pulled(self, wanted: int, seconds: float = 30) -> list[pubsub_v1.types.PubsubMessage]:
        """Up to ``wanted`` messages, acknowledged, until nothing comes for ``seconds``."""
        found: list[pubsub_v1.types.PubsubMessage] = []
        deadline = time.monotonic() + seconds
        while len(found) < wanted and time.monotonic() < deadline:
            received = self.subscriber.pull(
                subscription=self.subscription, max_messages=1_000, return_immediately=True, timeout=10
            ).received_messages
            if received:
                self.subscriber.acknowledge(
                    subscription=self.subscription, ack_ids=[message.ack_id for message in received]
                )
                deadline = time.monotonic() + seconds
            else:
                time.sleep(0.05)
            found.extend(message.message for message in received)
        return found

    def close(self) -> None:
        self.publisher.transport.close()
        self.subscriber.close()
