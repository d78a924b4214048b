"""``ReadFromSubscription``: messages of a Pub/Sub subscription in, documents out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import apache_beam as beam
from apache_beam.io import ReadFromPubSub
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.utils.timestamp import Timestamp

from transforms import instants, metrics
from transforms.ingest.archives import expand_bytes
from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import DEFAULT, Limits
from transforms.ingest.pubsub.message import Message, documents_of
from transforms.ingest.pubsub.reader import ReadMessages
from transforms.ingest.pubsub.settings import ReadSettings, SubscriptionError
from transforms.language import say
from transforms.model import DeadLetter, RawDocument

_DOCUMENTS, _DEAD_LETTERS = "documents", "dead_letters"

AUTO = "auto"
RUNNER = "runner"
SDF = "sdf"
SOURCES = (AUTO, RUNNER, SDF)

_RUNNERS_WITH_A_SOURCE = frozenset(
    {"dataflowrunner", "directrunner", "switchingdirectrunner", "bundlebaseddirectrunner", "testdataflowrunner"}
)


def source_of(options: PipelineOptions, source: str = AUTO) -> str:
    """RUNNER or SDF. ``auto`` takes the runner's own source where there is one: on Dataflow, and on the old direct
    runner (which acknowledges before it processes). Raises SubscriptionError for a source of another name."""
    if source not in SOURCES:
        raise SubscriptionError(
            say("{source!r} is not a source; the sources are: {known}", source=source, known=", ".join(SOURCES))
        )
    if source != AUTO:
        return source
    runner = (options.view_as(StandardOptions).runner or "DirectRunner").rpartition(".")[2].lower()
    return RUNNER if runner in _RUNNERS_WITH_A_SOURCE else SDF


class ReadFromSubscription(beam.PTransform):
    """PBegin -> ``Inputs``, unbounded.

    A message holds one XML, raw or gzip, or one archive; ``message.py`` says what its attributes mean. The timestamp of
    an element is when its message was published, which is when it arrived here: the watermark is about that instant,
    so nothing of a backlog is late. ``received_at`` of a document is the attribute of that name where there is one.

    A message is acknowledged when the runner has committed what came of it, whatever that was.
    """

    def __init__(
        self,
        subscription: str,
        source: str = AUTO,
        limits: Limits = DEFAULT,
        settings: ReadSettings | None = None,
        readers: int = 1,
    ) -> None:
        """``subscription``: ``projects/<project>/subscriptions/<name>``. ``source``: see ``source_of``. ``settings``
        and ``readers`` (bundles read at the same time, over all workers) are of our own source alone."""
        super().__init__()
        self._subscription = subscription
        self._source = source
        self._limits = limits
        self._settings = replace(settings, subscription=subscription) if settings else ReadSettings(subscription)
        self._readers = readers

    def expand(self, pbegin: beam.pvalue.PBegin) -> Inputs:
        if source_of(pbegin.pipeline.options, self._source) == RUNNER:
            messages = (
                pbegin
                | "ReadFromPubSub" >> ReadFromPubSub(subscription=self._subscription, with_attributes=True)
                | "ToMessages" >> beam.Map(message_of).with_output_types(Message)
            )
        else:
            messages = (
                pbegin
                | "Readers" >> beam.Create(range(self._readers), reshuffle=self._readers > 1).with_output_types(int)
                | "ReadMessages" >> beam.ParDo(ReadMessages(self._settings))
            )
        take_out = beam.ParDo(_Documents(self._subscription, self._limits)).with_outputs(_DEAD_LETTERS, main=_DOCUMENTS)
        found = messages | "Documents" >> take_out
        return Inputs(found[_DOCUMENTS], found[_DEAD_LETTERS])


@beam.typehints.with_input_types(Message)
@beam.typehints.with_output_types(RawDocument)
class _Documents(beam.DoFn):
    def __init__(self, subscription: str, limits: Limits) -> None:
        self._subscription = subscription
        self._limits = limits
        self._documents = metrics.counter("inputs_read")
        self._litter = metrics.counter("litter_skipped")

    def process(self, message: Message) -> Iterator[RawDocument | beam.pvalue.TaggedOutput]:
        for found in documents_of(message, self._subscription, self._expand):
            if isinstance(found, DeadLetter):
                yield beam.pvalue.TaggedOutput(_DEAD_LETTERS, found)
            else:
                self._documents.inc()
                yield found

    def _expand(self, payload: bytes, origin: str, received_at: int) -> Iterator[RawDocument | DeadLetter]:
        yield from expand_bytes(payload, origin, received_at, self._limits, self._litter.inc)


def message_of(received: PubsubMessage, timestamp: Timestamp = beam.DoFn.TimestampParam) -> Message:
    """A message as the runner's source gives it, as ours gives it. ``timestamp``: of its element."""
    published = received.publish_time
    # No runner promises to hand on the time. Before the epoch is where an element is that nobody dated.
    at = instants.micros_of(published) if published is not None else max(Timestamp.of(timestamp).micros, 0)
    return Message(received.data or b"", received.message_id or "", dict(received.attributes or {}), at)
