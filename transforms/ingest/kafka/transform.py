"""``ReadFromTopic``: messages of a Kafka topic in, documents out, for ever or from one offset to another."""

from __future__ import annotations

import apache_beam as beam

from transforms.ingest.inputs import Inputs
from transforms.ingest.kafka.ranges import Range, ReadRange, ranges_of
from transforms.ingest.kafka.reader import FindPartitions, ReadPartition
from transforms.ingest.kafka.settings import TopicSource
from transforms.ingest.limits import DEFAULT, Limits
from transforms.ingest.queue.reader import Bounds
from transforms.ingest.queue.transform import take_out


class ReadFromTopic(beam.PTransform):
    """PBegin -> ``Inputs``; bounded where the source has stops.

    A message holds one XML, raw or gzip, or one archive; ``queue/message.py`` says what its headers mean. The timestamp
    of an element is that of its message. Of a stream, offsets are committed when the runner has committed what came of
    their messages; of a bounded job never.
    """

    def __init__(self, source: TopicSource, limits: Limits = DEFAULT, bounds: Bounds = Bounds()) -> None:  # noqa: B008
        super().__init__()
        self._source = source
        self._limits = limits
        self._bounds = bounds

    def expand(self, pbegin: beam.pvalue.PBegin) -> Inputs:
        topic = pbegin | "Topic" >> beam.Create([self._source]).with_output_types(TopicSource)
        if self._source.bounded:
            messages = (
                topic
                | "Ranges" >> beam.FlatMap(ranges_of).with_output_types(Range)
                | "Spread" >> beam.Reshuffle()
                | "ReadRanges" >> beam.ParDo(ReadRange())
            )
        else:
            messages = (
                topic
                | "FindPartitions" >> beam.ParDo(FindPartitions())
                | "ReadPartitions" >> beam.ParDo(ReadPartition(self._bounds))
            )
        return take_out(messages, self._source.place, self._limits)
