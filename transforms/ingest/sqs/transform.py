"""``ReadFromQueue``: messages of a queue of SQS in, documents out, for ever."""

from __future__ import annotations

import apache_beam as beam

from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import DEFAULT, Limits
from transforms.ingest.queue.reader import Bounds
from transforms.ingest.queue.transform import take_out
from transforms.ingest.sqs.reader import Reader, ReadQueueOfSqs
from transforms.ingest.sqs.settings import QueueSource


class ReadFromQueue(beam.PTransform):
    """PBegin -> ``Inputs``, unbounded.

    A message holds one XML, raw or gzip, or one archive; ``queue/message.py`` says what its attributes mean, and
    ``messages.py`` how it is text. The timestamp of an element is when its message was sent. A message is deleted when
    the runner has committed what came of it, whatever that was.
    """

    def __init__(self, source: QueueSource, limits: Limits = DEFAULT, bounds: Bounds = Bounds()) -> None:  # noqa: B008
        super().__init__()
        self._source = source
        self._limits = limits
        self._bounds = bounds

    def expand(self, pbegin: beam.pvalue.PBegin) -> Inputs:
        readers = [Reader(self._source, number) for number in range(self._source.readers)]
        messages = (
            pbegin
            | "Readers" >> beam.Create(readers, reshuffle=len(readers) > 1).with_output_types(Reader)
            | "ReadMessages" >> beam.ParDo(ReadQueueOfSqs(self._bounds))
        )
        return take_out(messages, self._source.place, self._limits)
