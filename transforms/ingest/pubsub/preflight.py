"""What must be true of a subscription before a job reads it."""

from __future__ import annotations

import os
from typing import NamedTuple

from google.api_core import exceptions
from google.api_core.retry import Retry
from google.cloud import pubsub_v1

from transforms import pubsub_names
from transforms.ingest.pubsub.settings import SubscriptionError
from transforms.language import say, tr
from transforms.typed import typed

_RETRY = Retry(timeout=10.0)


class SubscriptionFacts(NamedTuple):
    """What a preflight saw: full names, seconds, and ``notes`` that people should read though the job can run; each
    names the subscription."""

    subscription: str
    topic: str
    ack_deadline_seconds: int
    exactly_once: bool
    dead_letter_topic: str
    notes: tuple[str, ...]


def subscription_path(name: str, project: str | None) -> str:
    """A full resource name, from itself or from the short name of a subscription in ``project``.

    Raises SubscriptionError when the name cannot be one.
    """
    return pubsub_names.full_name(pubsub_names.SUBSCRIPTIONS, name, project, SubscriptionError)


def check_subscription(subscription: str) -> SubscriptionFacts:
    """Looks at a subscription, by its full name. Raises SubscriptionError with what to do when a job cannot read it."""
    with pubsub_v1.SubscriberClient() as client:
        try:
            found = client.get_subscription(subscription=subscription, retry=_RETRY, timeout=10.0)
        except exceptions.NotFound as error:
            raise SubscriptionError(
                say(
                    "{subscription} does not exist. Create it: {command}",
                    subscription=subscription,
                    command=_creates(subscription),
                )
            ) from error
        except (exceptions.PermissionDenied, exceptions.Unauthenticated) as error:
            raise SubscriptionError(
                say(
                    "this account may not look at {subscription}: it needs roles/pubsub.viewer, and the job's account "
                    "roles/pubsub.subscriber ({error}).",
                    subscription=subscription,
                    error=error.message,
                )
            ) from error
        except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
            raise SubscriptionError(_unanswered(subscription, error)) from error
    if found.push_config.push_endpoint or found.bigquery_config.table or found.cloud_storage_config.bucket:
        raise SubscriptionError(
            say(
                "{subscription} delivers its messages elsewhere by itself (push, BigQuery or Cloud Storage): make a "
                "pull subscription to the same topic.",
                subscription=subscription,
            )
        )
    if found.detached:
        raise SubscriptionError(
            say("{subscription} is detached from its topic: make another.", subscription=subscription)
        )
    return SubscriptionFacts(
        subscription,
        found.topic,
        found.ack_deadline_seconds,
        found.enable_exactly_once_delivery,
        found.dead_letter_policy.dead_letter_topic,
        _notes(found),
    )


def _creates(subscription: str) -> str:
    """What creates a subscription: gcloud speaks to the service, and not to an emulator."""
    if os.environ.get("PUBSUB_EMULATOR_HOST"):
        return typed("publish", "--create", "--topic", "TOPIC", "--subscription", subscription, "FILE")
    return f"gcloud pubsub subscriptions create {subscription} --topic=<topic> --ack-deadline=600"


def _unanswered(subscription: str, error: Exception) -> str:
    emulator = os.environ.get("PUBSUB_EMULATOR_HOST")
    if isinstance(error, exceptions.ClientError):
        return say("Pub/Sub does not let {subscription} be looked at: {error}", subscription=subscription, error=error)
    advice = (
        say("is the emulator up at {emulator} (PUBSUB_EMULATOR_HOST)?", emulator=emulator)
        if emulator
        else tr("check the network from here.")
    )
    return say(
        "Pub/Sub does not answer about {name}: {advice} It said: {error}",
        name=subscription,
        advice=advice,
        error=error,
    )


def _notes(found: pubsub_v1.types.Subscription) -> tuple[str, ...]:
    notes = []
    if found.topic == "_deleted-topic_":
        notes.append(tr("its topic was deleted: no new messages will come."))
    if found.enable_exactly_once_delivery:
        notes.append(
            say(
                "it delivers exactly once, which is not needed: a message that comes again is the same arrival here. "
                "It costs latency and throughput, and Dataflow advises against it, as it leaves fewer messages to "
                "work on at once. Switch it off: gcloud pubsub subscriptions update {name} "
                "--no-enable-exactly-once-delivery",
                name=found.name,
            )
        )
    if found.enable_message_ordering:
        notes.append(
            tr(
                "it delivers in order, which is not needed and slows it down. That cannot be changed: make another "
                "subscription to its topic, without ordering."
            )
        )
    if found.filter:
        notes.append(say("it has a filter, so the job sees only messages with {filter}.", filter=found.filter))
    if found.dead_letter_policy.dead_letter_topic:
        notes.append(
            say(
                "after {attempts} deliveries without acknowledgement a message goes to {topic}: restarts of the job "
                "count as deliveries.",
                attempts=found.dead_letter_policy.max_delivery_attempts,
                topic=found.dead_letter_policy.dead_letter_topic,
            )
        )
    return tuple(f"{found.name}: {note}" for note in notes)
