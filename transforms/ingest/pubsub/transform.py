"""``ReadFromSubscription``: messages of a Pub/Sub subscription in, documents out."""

from __future__ import annotations

from dataclasses import replace

import apache_beam as beam
from apache_beam.io import ReadFromPubSub
from apache_beam.io.gcp.pubsub import PubsubMessage
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.utils.timestamp import Timestamp

from transforms import instants
from transforms.ingest.inputs import Inputs
from transforms.ingest.limits import DEFAULT, Limits
from transforms.ingest.pubsub.reader import ReadMessages
from transforms.ingest.pubsub.settings import ReadSettings, SubscriptionError
from transforms.ingest.queue.message import Message
from transforms.ingest.queue.reader import Bounds
from transforms.ingest.queue.transform import take_out
from transforms.language import say

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

    A message holds one XML, raw or gzip, or one archive; ``queue/message.py`` says what its attributes mean. The
    timestamp of an element is when its message was published, which is when it arrived here: the watermark is about
    that instant, so nothing of a backlog is late. ``received_at`` of a document is the attribute of that name where
    there is one.

    A message is acknowledged when the runner has committed what came of it, whatever that was.
    """

    def __init__(
        self,
        subscription: str,
        source: str = AUTO,
        limits: Limits = DEFAULT,
        settings: ReadSettings | None = None,
        readers: int = 1,
        bounds: Bounds = Bounds(),  # noqa: B008
    ) -> None:
        """``subscription``: ``projects/<project>/subscriptions/<name>``. ``source``: see ``source_of``. ``settings``,
        ``readers`` (bundles read at the same time, over all workers) and ``bounds`` are of our own source alone."""
        super().__init__()
        self._subscription = subscription
        self._source = source
        self._limits = limits
        self._settings = replace(settings, subscription=subscription) if settings else ReadSettings(subscription)
        self._readers = readers
        self._bounds = bounds

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
                | "ReadMessages" >> beam.ParDo(ReadMessages(self._settings, self._bounds))
            )
        return take_out(messages, place_of(self._subscription), self._limits)


def place_of(subscription: str) -> str:
    """What names a subscription (its full name) in origins: ``projects/p/subscriptions/s`` is ``pubsub:p/s``.

    The subscription stands there rather than its topic because a job always knows it.
    """
    parts = subscription.split("/")
    return f"pubsub:{parts[1]}/{parts[3]}" if len(parts) == 4 else f"pubsub:{subscription}"


def message_of(received: PubsubMessage, timestamp: Timestamp = beam.DoFn.TimestampParam) -> Message:
    """A message as the runner's source gives it, as ours gives it. ``timestamp``: of its element."""
    published = received.publish_time
    # No runner promises to hand on the time. Before the epoch is where an element is that nobody dated.
    at = instants.micros_of(published) if published is not None else max(Timestamp.of(timestamp).micros, 0)
    return Message(received.data or b"", received.message_id or "", dict(received.attributes or {}), at)
