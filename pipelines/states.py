"""The topic of Kafka that has the last change of each key: streams write it, and an erasure forgets keys in it."""

from __future__ import annotations

import argparse

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.prose import note
from transforms.ingest.kafka.options import KafkaClusterOptions, connection_of
from transforms.kafka.cluster import check_writable, note_of_compaction
from transforms.language import tr
from transforms.notify.kafka import KafkaTopic


class KafkaStatesOptions(PipelineOptions):
    """The topic of Kafka that has the last change of each key."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--kafka_states_topic",
            help=tr(
                "Compacted Kafka topic that has the last change of each access key. A stream reads Bigtable once for "
                "each that it writes; an erasure writes a tombstone for each key that it erases."
            ),
        )


def states_topic(options: PipelineOptions) -> KafkaTopic | None:
    """The topic, if one is given. Raises KafkaError."""
    name = options.view_as(KafkaStatesOptions).kafka_states_topic
    return KafkaTopic(connection_of(options.view_as(KafkaClusterOptions)), name) if name else None


def check_states_topic(options: PipelineOptions) -> None:
    """Raises KafkaError for a topic that could not be written to; notes one that is not compacted."""
    place = states_topic(options)
    if place is not None:
        check_writable(place.connection, place.topic)
        note(note_of_compaction(place.connection, place.topic))
