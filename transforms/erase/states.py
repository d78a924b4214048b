"""``ForgetStates``: an erasure's keys, forgotten by the compacted topic of Kafka that has the last change of each."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
from apache_beam.pvalue import AsSingleton

from transforms.erase.target import LETTER, Target
from transforms.notify.kafka import KafkaTopic
from transforms.notify.messages import Outgoing, tombstone_message
from transforms.notify.transform import PublishMessages


class ForgetStates(beam.PTransform):
    """PCollection[Target] -> the same, keys once their tombstones are in the topic. ``after``: one element to wait for.

    A stream that wrote a key's state a moment ago looks at the key afterwards, and then writes a tombstone too: whoever
    of the two is last, it is one.
    """

    def __init__(self, topic: KafkaTopic, after: beam.PCollection[Any]) -> None:
        super().__init__()
        self._topic = topic
        self._after = after

    def expand(self, found: beam.PCollection[Target]) -> beam.PCollection[Target]:
        waited = found | "After" >> beam.Map(_same, AsSingleton(self._after)).with_output_types(Target)
        letters, keys = waited | "KeysApart" >> beam.Partition(_is_key, 2)
        publish = PublishMessages(self._topic, _message_of, "states_forgotten")
        told = keys | "Publish" >> beam.ParDo(publish).with_output_types(Target)
        return (letters, told) | "Together" >> beam.Flatten()


def _same(target: Target, _: Any) -> Target:
    return target


def _is_key(target: Target, _: int) -> int:
    return int(target.kind != LETTER)


def _message_of(target: Target) -> Outgoing:
    return tombstone_message(target.key)
