"""``PublishStates``: the last change of each key in a compacted topic of Kafka, where no two writers can leave another.

Compaction keeps what was written last, and two workers may write two changes of a key in any order. So whoever has
written one looks at the key in Bigtable afterwards, and where that has moved on, writes again what it says now. The
last to write is then the last to look, and what it wrote is what Bigtable had.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from transforms import metrics
from transforms.model import Change
from transforms.notify.kafka import KafkaPublisher, KafkaTopic
from transforms.notify.messages import Outgoing, change_message, is_news, tombstone_message
from transforms.per_process import PerProcess
from transforms.truth import row_keys, rows
from transforms.truth.config import TruthConfig
from transforms.truth.loop import wait_for
from transforms.truth.rows import Cells
from transforms.truth.tombstones import tombstone_of
from transforms.truth.writer import Writer, shared_writer

_FLUSH_KEYS = 500
_PUBLISHERS: PerProcess[KafkaTopic, KafkaPublisher] = PerProcess(KafkaPublisher)


class Latest(NamedTuple):
    """What a key has in the topic: a revision, and its message."""

    revision: int
    message: Outgoing


class PublishStates(beam.PTransform):
    """PCollection[Change] -> the same, once their keys have in the topic what Bigtable has: the message of the last
    change, as ``PublishChanges`` gives it, first ones too; for a key that was erased, nothing (a tombstone).

    A key whose state a change left as it was is not written again: its message may be of an earlier revision.
    """

    def __init__(self, topic: KafkaTopic, config: TruthConfig) -> None:
        super().__init__()
        self._publish = _PublishStates(topic, config)

    def expand(self, changes: beam.PCollection[Change]) -> beam.PCollection[Change]:
        return (
            changes
            | "News" >> beam.Filter(is_news, True).with_output_types(Change)
            | "Publish" >> beam.ParDo(self._publish).with_output_types(Change)
        )


class _PublishStates(beam.DoFn):
    def __init__(self, topic: KafkaTopic, config: TruthConfig) -> None:
        self._topic = topic
        self._config = config
        self._published = metrics.counter("states_published")
        self._moved = metrics.counter("states_moved_on")

    def setup(self) -> None:
        self._publisher = _PUBLISHERS.acquire(self._topic)
        self._writer: Writer = shared_writer(self._config)

    def start_bundle(self) -> None:
        self._held: list[WindowedValue] = []

    def process(self, change: Change, place: WindowedValue = beam.DoFn.WindowedValueParam) -> Iterator[WindowedValue]:
        self._held.append(place)
        if len(self._held) >= _FLUSH_KEYS:
            yield from self._flush()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        yield from self._flush()

    def _flush(self) -> Iterator[WindowedValue]:
        held, self._held = self._held, []
        last: dict[str, Change] = {}
        for place in held:
            if place.value.key not in last or last[place.value.key].revision < place.value.revision:
                last[place.value.key] = place.value
        wanted = {key: Latest(change.revision, change_message(change)) for key, change in last.items()}
        while wanted:
            sent = [(latest.message, self._publisher.send(latest.message)) for latest in wanted.values()]
            self._publisher.settle(sent)
            self._published.inc(len(sent))
            wanted = self._moved_on(wanted)
            self._moved.inc(len(wanted))
        yield from held

    def _moved_on(self, written: Mapping[str, Latest]) -> dict[str, Latest]:
        """What there is now of the keys that are no longer as they were written."""
        keys = list(written)
        heads = wait_for(self._read(keys, (rows.STATE,)))
        moved = [key for key, row in zip(keys, heads, strict=True) if _revision_of(row) != written[key].revision]
        found = zip(moved, wait_for(self._read(moved, (rows.STATE, rows.CHANGES))), strict=True)
        return {key: self._latest(key, row) for key, row in found}

    async def _read(self, keys: list[str], families: tuple[str, ...]) -> list[Cells]:
        table, client = self._config.records_table, self._writer.client
        return await asyncio.gather(*(client.read_row(table, row_keys.row_key(key), families) for key in keys))

    def _latest(self, key: str, row: Cells) -> Latest:
        if tombstone_of(row):
            return Latest(_revision_of(row), tombstone_message(key))
        change = max(rows.decode_changes(self._writer.codec, key, row), key=lambda one: one.revision)
        return Latest(_revision_of(row), change_message(change))


def _revision_of(row: Cells) -> int:
    head = rows.head_of(row)
    return head.revision if head else 0
