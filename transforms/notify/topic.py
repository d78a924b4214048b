"""A topic and what is published to it. Does not import Beam."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.cloud import pubsub_v1
from google.cloud.pubsub_v1.types import BatchSettings, LimitExceededBehavior, PublisherOptions, PublishFlowControl

from transforms import pubsub_names
from transforms.errors import AcervoError
from transforms.language import say
from transforms.notify.messages import MAX_MESSAGE_BYTES, Outgoing
from transforms.typed import typed

_RETRY = Retry(timeout=10.0)
_PUBLISH_RETRY = Retry(
    predicate=lambda error: isinstance(
        error,
        exceptions.Aborted
        | exceptions.DeadlineExceeded
        | exceptions.InternalServerError
        | exceptions.ResourceExhausted
        | exceptions.ServiceUnavailable
        | exceptions.Unknown,
    ),
    initial=0.1,
    maximum=10.0,
    timeout=120.0,
)
DEFAULT_BATCH = BatchSettings(max_messages=500, max_bytes=4_000_000, max_latency=0.01)


class TopicError(AcervoError):
    """A topic that cannot be published to, or a message that it does not take. The message says what to do."""


def topic_path(name: str, project: str | None) -> str:
    """A full resource name, from itself or from the short name of a topic in ``project``. Raises TopicError."""
    return pubsub_names.full_name(pubsub_names.TOPICS, name, project, TopicError)


def check_topic(topic: str) -> None:
    """Raises TopicError when a topic, by its full name, is not there or may not be looked at."""
    client = pubsub_v1.PublisherClient()
    try:
        client.get_topic(topic=topic, retry=_RETRY, timeout=10.0)
    except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
        raise explained(topic, error) from error
    finally:
        client.transport.close()


def ensure_queue(topic: str, subscription: str | None = None, ack_deadline_seconds: int = 60) -> None:
    """Creates the topic and a pull subscription of it (full names) where they are not there."""
    publisher = pubsub_v1.PublisherClient()
    try:
        _ensure(lambda: publisher.create_topic(name=topic, retry=_RETRY, timeout=10.0), topic)
    finally:
        publisher.transport.close()
    if subscription:
        with pubsub_v1.SubscriberClient() as subscriber:
            request = {"name": subscription, "topic": topic, "ack_deadline_seconds": ack_deadline_seconds}
            _ensure(lambda: subscriber.create_subscription(request=request, retry=_RETRY, timeout=10.0), subscription)


class Publisher:
    """Messages to one topic, in the client's batches; those with an ordering key in batches of that key alone. At most
    ``outstanding`` messages and ``outstanding_bytes`` are on their way; ``send`` waits for room. Safe for threads."""

    def __init__(
        self,
        topic: str,
        batch: BatchSettings = DEFAULT_BATCH,
        outstanding: int = 2_000,
        outstanding_bytes: int = 50_000_000,
    ) -> None:
        self.topic = topic
        flow = PublishFlowControl(outstanding, outstanding_bytes, LimitExceededBehavior.BLOCK)
        self._client = pubsub_v1.PublisherClient(
            batch, PublisherOptions(enable_message_ordering=True, flow_control=flow, retry=_PUBLISH_RETRY)
        )

    def send(self, message: Outgoing) -> Future[str]:
        """A future of the message's id. Raises TopicError for a message that is too large."""
        if message.size > MAX_MESSAGE_BYTES:
            raise TopicError(
                say(
                    "a message of {size:,} bytes is too large: Pub/Sub takes {most:,}. Compress it, or split the "
                    "archive.",
                    size=message.size,
                    most=MAX_MESSAGE_BYTES,
                )
            )
        future: Future[str] = self._client.publish(
            self.topic, message.data, ordering_key=message.ordering_key, **message.attributes
        )
        return future

    def settle(self, sent: Iterable[tuple[Outgoing, Future[str]]], timeout: float = 180.0) -> None:
        """Waits until all of these are published. Raises TopicError when one of them is not; the ordering keys of
        those can be used again."""
        pairs = list(sent)
        wait([future for _, future in pairs], timeout)
        failure: BaseException | None = None
        for message, future in pairs:
            error = future.exception() if future.done() else _late(timeout)
            if error is not None:
                self.resume(message.ordering_key)
                failure = failure or error
        if failure is not None:
            raise explained(self.topic, failure) from failure

    def resume(self, ordering_key: str) -> None:
        """After a failure the client refuses an ordering key until told that its gap is known."""
        if ordering_key:
            with contextlib.suppress(RuntimeError):  # it was told already
                self._client.resume_publish(self.topic, ordering_key)

    def close(self) -> None:
        """Publishes what is left and ends the client's threads."""
        self._client.stop()


def explained(topic: str, error: BaseException) -> TopicError:
    """An error of the service with what to do about it."""
    if isinstance(error, exceptions.NotFound):
        create = f"gcloud pubsub topics create {topic}"
        if os.environ.get("PUBSUB_EMULATOR_HOST"):  # gcloud speaks to the service alone
            create = typed("publish", "--create", "--topic", topic, "FILE")
        return TopicError(say("{topic} does not exist. Create it: {command}", topic=topic, command=create))
    if isinstance(error, exceptions.PermissionDenied | exceptions.Unauthenticated):
        return TopicError(
            say(
                "this account may not publish to {topic}: it needs roles/pubsub.publisher ({error}).",
                topic=topic,
                error=error,
            )
        )
    if isinstance(
        error, exceptions.ServiceUnavailable | exceptions.GatewayTimeout | exceptions.RetryError | TimeoutError
    ):
        return TopicError(say("Pub/Sub does not answer about {name}: {error}", name=topic, error=error))
    return TopicError(say("{topic} cannot be used: {error}", topic=topic, error=error))


def _late(seconds: float) -> TimeoutError:
    return TimeoutError(say("no answer within {seconds:.0f} s", seconds=seconds))


def _ensure(create: Callable[[], object], name: str) -> None:
    try:
        create()
    except exceptions.AlreadyExists:
        return
    except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
        raise explained(name, error) from error
