"""Where to begin and end, as people write it: ``latest``, ``timestamp:2026-11-28T00:00:00-03:00``,
``offsets:0=12,1=7``. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from transforms import instants
from transforms.ingest.queue.message import parse_instant
from transforms.kafka.cluster import EARLIEST, LATEST
from transforms.kafka.errors import KafkaError
from transforms.language import say

COMMITTED, TIMESTAMP, OFFSETS = "committed", "timestamp", "offsets"
_OFFSETS = re.compile(r"\d{1,9}=\d{1,18}(,\d{1,9}=\d{1,18})*")


@dataclass(frozen=True)
class Position:
    """``kind`` is one of the words above; ``micros`` belongs to TIMESTAMP, ``offsets`` (partition -> offset) to
    OFFSETS."""

    kind: str
    micros: int = 0
    offsets: tuple[tuple[int, int], ...] = ()


def position_of(text: str, option: str) -> Position:
    """The position that a text names; ``option`` is whose value it is. Raises KafkaError."""
    kind, colon, rest = text.partition(":")
    if kind in (COMMITTED, EARLIEST, LATEST) and not colon:
        return Position(kind)
    if kind == TIMESTAMP and (micros := _instant(rest)) is not None:
        return Position(TIMESTAMP, micros=micros)
    if kind == OFFSETS and _OFFSETS.fullmatch(rest):
        pairs = [tuple(map(int, pair.split("="))) for pair in rest.split(",")]
        return Position(OFFSETS, offsets=tuple(sorted((pair[0], pair[1]) for pair in pairs)))
    raise KafkaError(
        say(
            "{option} {text!r} is no position: write committed, earliest, latest, timestamp:<RFC 3339 with its offset, "
            "or a day in UTC>, or offsets:<partition>=<offset>,...",
            option=option,
            text=text,
        )
    )


def text_of(offsets: Mapping[int, int]) -> str:
    """Offsets as an option's value."""
    return f"{OFFSETS}:" + ",".join(f"{partition}={offset}" for partition, offset in sorted(offsets.items()))


def _instant(text: str) -> int | None:
    try:
        return instants.micros_of(datetime.combine(date.fromisoformat(text), time(), UTC))
    except ValueError:
        return parse_instant(text)
