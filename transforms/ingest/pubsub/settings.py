"""How a subscription is read, and the error of one that cannot be."""

from __future__ import annotations

from dataclasses import dataclass

from transforms.errors import AcervoError


class SubscriptionError(AcervoError):
    """The subscription cannot be read, and trying again will not help."""


@dataclass(frozen=True)
class ReadSettings:
    """How a subscription is read.

    ``subscription``: full resource name. ``max_messages`` and ``max_bytes``: held at once by a process, waiting or
    worked on. ``lease_seconds`` (10–600): how soon the messages of a process that died come again; leases are moved
    on for as long as the process lives, up to ``max_hold_seconds``. ``streams``: connections per process; one carries
    up to 10 MB/s on the service, 2,000 messages/s on the emulator. ``settle_seconds``: how far out of order messages
    may be delivered before they count as late.
    """

    subscription: str
    max_messages: int = 5_000
    max_bytes: int = 100_000_000
    lease_seconds: int = 60
    max_hold_seconds: float = 3_600
    streams: int = 2
    settle_seconds: float = 10
