"""What is read of SQS. It travels with the job, inside the elements of its own source."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from transforms.sqs.connection import Connection, region_of


@dataclass(frozen=True)
class QueueSource:
    """A queue by its URL, and how it is read.

    ``max_messages`` and ``max_bytes``: held at once by a process, waiting or worked on; SQS lets a queue's readers hold
    120,000 together. ``lease_seconds``: how long SQS hides a message from others, and so how soon the messages of a
    process that died come again; it is moved on for as long as the process lives, up to ``max_hold_seconds``.
    ``streams``: requests for messages at once, where many wait. ``wait_seconds`` (1-20): how long SQS waits for a
    message before it answers that there is none; closing takes as long. ``refused_seconds``: how long a refusal is
    taken for something that passes. ``settle_seconds``: how far out of order messages may come before they count as
    late.
    """

    connection: Connection
    url: str
    readers: int = 1
    max_messages: int = 5_000
    max_bytes: int = 100_000_000
    lease_seconds: int = 60
    max_hold_seconds: float = 3_600
    streams: int = 4
    wait_seconds: int = 3
    refused_seconds: float = 60
    settle_seconds: float = 10

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def place(self) -> str:
        """What names the queue in origins: with its region on AWS, else with the host."""
        return f"sqs:{region_of(self.url) or urlsplit(self.url).hostname or ''}/{self.name}"

    @property
    def identity(self) -> list[str]:
        """What makes two launches the same run."""
        return [self.place]
