"""How the source's consumers are made."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from transforms.ingest.kafka.settings import TopicSource
from transforms.kafka.connection import library
from transforms.kafka.errors import KafkaError, explained
from transforms.language import say

_LOG = logging.getLogger(__name__)
# librdkafka tells of each attempt to connect; what matters of it is counted, or raised.
_QUIET = logging.getLogger(f"{__name__}.librdkafka")
_QUIET.setLevel(logging.CRITICAL)


def consumer_of(source: TopicSource, reported: Callable[[Any], None]) -> Any:
    """A consumer whose offsets are the job's own affair. ``reported`` is told of errors that belong to no partition, by
    whoever polls. Raises KafkaError."""
    settings = source.connection.settings() | {
        "error_cb": reported,
        "on_commit": _committed,
        "group.id": source.group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        "allow.auto.create.topics": False,
        # Small fetches are answered at once; what is fetched and not asked for is bounded.
        "fetch.wait.max.ms": 100,
        "fetch.min.bytes": 1,
        "queued.max.messages.kbytes": 16_384,
        "fetch.queue.backoff.ms": 10,
    }
    return library().Consumer(settings, logger=_QUIET)


def cannot_read(source: TopicSource, error: Any) -> KafkaError:
    """An error of the client, with the setting to mend."""
    return explained(
        say("cannot read {topic}", topic=source.topic), source.connection.bootstrap, error.name(), error.str()
    )


def _committed(error: Any, _: Any) -> None:
    if error is not None:
        _LOG.warning("offsets were not committed: %s", error)
