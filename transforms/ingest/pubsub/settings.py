"""How a subscription is read, and the error of one that cannot be."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import grpc

from transforms.errors import AcervoError
from transforms.language import say, tr


class SubscriptionError(AcervoError):
    """The subscription cannot be read, and trying again will not help."""


def reading_failed(subscription: str, code: grpc.StatusCode, details: str | None) -> SubscriptionError:
    """The error of a stream that ended so, with what to do."""
    failed = say(
        "reading {subscription} failed with {status}: {details}.",
        subscription=subscription,
        status=code.name,
        details=details,
    )
    if code == grpc.StatusCode.NOT_FOUND:
        advice = tr("Create the subscription, or name another.")
    elif code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED):
        advice = tr("The worker's account needs roles/pubsub.subscriber on it.")
    else:
        advice = tr("See the subscription's settings.")
    return SubscriptionError(f"{failed} {advice}")


def emulated() -> bool:
    """Whether this process talks to the emulator."""
    return bool(os.environ.get("PUBSUB_EMULATOR_HOST"))


@dataclass(frozen=True)
class ReadSettings:
    """How a subscription is read.

    ``subscription``: full resource name. ``max_messages`` and ``max_bytes``: held at once by a process, waiting or
    worked on. ``lease_seconds`` (10–600): how soon the messages of a process that died come again; leases are moved
    on for as long as the process lives, up to ``max_hold_seconds``. ``streams``: connections per process; one carries
    up to 10 MB/s on the service, 2,000 messages/s on the emulator. ``settle_seconds``: how far out of order messages
    may be delivered before they count as late. ``stream_seconds``: a stream is ended, and another opened, after so
    long; None leaves that to the service.

    The emulator (0.8.20) never notices that a client is gone: a stream that was not ended properly is served for ever,
    and each message that goes down it is away for a lease. So there every stream has a deadline, which it does keep,
    and leases are short: what a killed process held is back within the sum of both.
    """

    subscription: str
    max_messages: int = 5_000
    max_bytes: int = 100_000_000
    lease_seconds: int = field(default_factory=lambda: 20 if emulated() else 60)
    max_hold_seconds: float = 3_600
    streams: int = 2
    settle_seconds: float = 10
    stream_seconds: float | None = field(default_factory=lambda: 15.0 if emulated() else None)
