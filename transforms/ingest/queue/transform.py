"""``take_out``: messages in, documents out, the same for every queue."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam

from transforms import metrics
from transforms.ingest.archives import expand_bytes
from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import Limits
from transforms.ingest.queue.message import Message, documents_of
from transforms.model import DeadLetter, RawDocument

_DOCUMENTS, _DEAD_LETTERS = "documents", "dead_letters"


def take_out(messages: beam.PCollection[Message], place: str, limits: Limits) -> Inputs:
    """The documents in messages of a queue. ``place``: what names the queue in origins."""
    step = beam.ParDo(_Documents(place, limits)).with_outputs(_DEAD_LETTERS, main=_DOCUMENTS)
    found = messages | "Documents" >> step
    return Inputs(found[_DOCUMENTS], found[_DEAD_LETTERS])


@beam.typehints.with_input_types(Message)
@beam.typehints.with_output_types(RawDocument)
class _Documents(beam.DoFn):
    def __init__(self, place: str, limits: Limits) -> None:
        self._place = place
        self._limits = limits
        self._documents = metrics.counter("inputs_read")
        self._litter = metrics.counter("litter_skipped")

    def process(self, message: Message) -> Iterator[RawDocument | beam.pvalue.TaggedOutput]:
        for found in documents_of(message, self._place, self._expand):
            if isinstance(found, DeadLetter):
                yield beam.pvalue.TaggedOutput(_DEAD_LETTERS, found)
            else:
                self._documents.inc()
                yield found

    def _expand(self, payload: bytes, origin: str, received_at: int) -> Iterator[RawDocument | DeadLetter]:
        yield from expand_bytes(payload, origin, received_at, self._limits, self._litter.inc)
