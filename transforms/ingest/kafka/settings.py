"""What is read of Kafka. It travels with the job, inside the elements of its own source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from transforms.kafka.connection import Connection

_ID_LENGTH = 8
"""Of 22 characters: 48 of the id's bits."""

Offsets = tuple[tuple[int, int], ...]
"""Partition and offset, in order of partitions: hashable, as settings have to be."""


@dataclass(frozen=True)
class TopicSource:
    """A topic, and where reading begins and ends.

    ``topic_id``: as the launcher found it, so that a topic made again is known to be another. ``starts``: the first
    offset to read of each partition that there was at the launch; others are read from their beginning. ``stops``: the
    first offset not to read; empty for a stream. ``headers``: names of those that are kept in origins. ``envelope``:
    the five bytes of a schema registry stand before each document.

    ``buffer_bytes`` and ``buffer_messages``: what a process holds of one partition before it is worked on.
    """

    connection: Connection
    topic: str
    group: str = "acervo"
    topic_id: str = ""
    starts: Offsets = ()
    stops: Offsets = ()
    headers: tuple[str, ...] = ()
    envelope: bool = False
    buffer_bytes: int = 32_000_000
    buffer_messages: int = 5_000
    settle_seconds: float = 10

    @property
    def name(self) -> str:
        return self.topic

    @property
    def place(self) -> str:
        """What names the topic in origins."""
        return f"kafka:{self.topic}@{short_id(self.topic_id)}" if self.topic_id else f"kafka:{self.topic}"

    @property
    def identity(self) -> list[str]:
        """What makes two launches the same run: the topic, and of a bounded job the offsets."""
        if self.bounded:
            return [self.place, repr(self.starts), repr(self.stops)]
        return [f"kafka:{self.topic}", self.group]

    @property
    def bounded(self) -> bool:
        return bool(self.stops)

    def start_of(self, partition: int) -> int:
        """A partition that was added after the launch is read from its beginning."""
        return dict(self.starts).get(partition, 0)


def short_id(topic_id: str) -> str:
    """What stands in origins, so that they are unique across a topic that was made again."""
    return topic_id[:_ID_LENGTH]


def in_order(offsets: Mapping[int, int]) -> Offsets:
    """Offsets by partition, as settings hold them."""
    return tuple(sorted(offsets.items()))
