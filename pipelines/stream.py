"""Stream: a Pub/Sub subscription, a Kafka topic or a queue of SQS -> the source of truth, the tables and live counts.
Unbounded.

python -m pipelines.stream --subscription documents --project P --bigtable_instance I --dataset D
python -m pipelines.stream --kafka_topic documents --kafka_bootstrap broker:9092 --project P ...
python -m pipelines.stream --sqs_queue documents --sqs_region sa-east-1 --project P ...

With --kafka_stop it is bounded: a range of a topic is read as a backfill reads files.
"""

from __future__ import annotations

from pipelines import command
from pipelines.prose import note

if __name__ == "__main__":
    raise SystemExit(command.start("stream"))

import argparse
import contextlib
from collections.abc import Iterable, Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions
from google.api_core.exceptions import PermissionDenied

from pipelines import command_line, flink, launching, stores
from pipelines.ingest import IngestDocuments, Ingested, keep_refused
from pipelines.launch import Launch, LaunchError, launch_of
from pipelines.options import IngestOptions
from pipelines.prism import EndOutputLast, is_prism
from pipelines.states import KafkaStatesOptions, check_states_topic, states_topic
from pipelines.telling import Launched
from transforms.counting.live import SweepLog, sweeping
from transforms.ingest.inputs import Inputs
from transforms.ingest.kafka.lookup import looked_up
from transforms.ingest.kafka.options import KafkaClusterOptions, KafkaOptions, connection_of, source_of
from transforms.ingest.kafka.positions import text_of
from transforms.ingest.kafka.settings import TopicSource
from transforms.ingest.kafka.transform import ReadFromTopic
from transforms.ingest.limits import Limits
from transforms.ingest.pubsub.preflight import check_subscription, subscription_path
from transforms.ingest.pubsub.settings import SubscriptionError
from transforms.ingest.pubsub.transform import AUTO, SOURCES, ReadFromSubscription
from transforms.ingest.sqs.options import SqsOptions, checked
from transforms.ingest.sqs.settings import QueueSource
from transforms.ingest.sqs.transform import ReadFromQueue
from transforms.kafka.cluster import check_writable
from transforms.kafka.errors import KafkaError
from transforms.language import say, tr
from transforms.notify.kafka import KafkaTopic
from transforms.notify.states import PublishStates
from transforms.notify.topic import TopicError, check_topic, topic_path
from transforms.notify.transform import PublishChanges, PublishDeadLetters
from transforms.sqs.errors import SqsError

Source = TopicSource | QueueSource
"""What is read of Kafka, or of SQS."""
JOB = "stream"
_OLD_RUNNERS = ("DirectRunner", "SwitchingDirectRunner", "BundleBasedDirectRunner")


class StreamOptions(PipelineOptions):
    """What a stream reads, and whom it tells."""

    @classmethod
    def _add_argparse_args(cls, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--subscription", help=tr("Pub/Sub subscription to read: its name, or projects/<p>/subscriptions/<name>.")
        )
        parser.add_argument(
            "--source",
            choices=SOURCES,
            default=AUTO,
            help=tr("Who reads the subscription: the runner, or a splittable DoFn (sdf) on runners without a source."),
        )
        parser.add_argument("--changes_topic", help=tr("Pub/Sub topic that is told when a document changes its state."))
        parser.add_argument(
            "--order_changes",
            action="store_true",
            help=tr(
                "Give change messages their access key as ordering key. Every key is a publish request then; the "
                "revision in each message tells the order without it."
            ),
        )
        parser.add_argument("--dead_letters_topic", help=tr("Pub/Sub topic that also gets dead letters."))


def build(pipeline: beam.Pipeline, options: PipelineOptions, launch: Launch, source: Source | None = None) -> Ingested:
    """Adds the whole job to the pipeline and returns what it makes, for tests. ``source``: what the preflight found of
    Kafka or SQS; otherwise a subscription is read."""
    live = not is_bounded(source)
    inputs: Inputs = pipeline | _reading(options, source)
    config = stores.config_of(options, launch, live)
    ingested: Ingested = inputs | "Ingest" >> IngestDocuments(config)
    # Apart from the messages' way: what came of them is acknowledged without waiting for sums.
    if live and not is_old_runner(options):
        seconds = flink.sweeping_of(options)
        sweep = SweepLog(config.truth, config.project, config.dataset, bundle_seconds=seconds)
        swept = pipeline | "SweepLog" >> sweep
        _ = swept | "KeepRefusedSums" >> keep_refused(config)
        if is_prism(options):
            _ = swept | "EndOfSweeps" >> EndOutputLast()
            _ = ingested.logged | "EndOfBundles" >> EndOutputLast()
    _tell(ingested, options)
    return ingested


def is_bounded(source: Source | None) -> bool:
    """Whether the job ends by itself: with a range of a topic."""
    return isinstance(source, TopicSource) and source.bounded


def _reading(options: PipelineOptions, source: Source | None) -> beam.PTransform:
    """The step that reads."""
    limits = Limits(max_entry_bytes=options.view_as(IngestOptions).max_input_bytes)
    bounds = flink.bounds_of(options)
    if isinstance(source, TopicSource):
        return "ReadFromTopic" >> ReadFromTopic(source, limits, bounds)
    if isinstance(source, QueueSource):
        return "ReadFromQueue" >> ReadFromQueue(source, limits, bounds)
    reader = options.view_as(StreamOptions).source
    reads = ReadFromSubscription(subscription_of(options), source=reader, limits=limits, bounds=bounds)
    return "ReadFromSubscription" >> reads


def _tell(ingested: Ingested, options: PipelineOptions) -> None:
    """Adds what others are told, by Pub/Sub, by Kafka, or by both."""
    given, kafka = options.view_as(StreamOptions), options.view_as(KafkaOptions)
    if given.changes_topic:
        changes = PublishChanges(topic_of(options, given.changes_topic), ordered=given.order_changes)
        _ = ingested.changes | "PublishChanges" >> changes
    if given.dead_letters_topic:
        letters = PublishDeadLetters(topic_of(options, given.dead_letters_topic))
        _ = ingested.dead_letters | "PublishDeadLetters" >> letters
    if kafka.kafka_changes_topic:
        changes = PublishChanges(_topic_to_tell(options, kafka.kafka_changes_topic))
        _ = ingested.changes | "WriteChangesToKafka" >> changes
    if states := states_topic(options):
        _ = ingested.changes | "WriteStatesToKafka" >> PublishStates(states, stores.truth_of(options))
    if kafka.kafka_dead_letters_topic:
        letters = PublishDeadLetters(_topic_to_tell(options, kafka.kafka_dead_letters_topic))
        _ = ingested.dead_letters | "WriteDeadLettersToKafka" >> letters


def _topic_to_tell(options: PipelineOptions, name: str) -> KafkaTopic:
    return KafkaTopic(connection_of(options.view_as(KafkaClusterOptions)), name)


def is_old_runner(options: PipelineOptions) -> bool:
    """Whether the job runs on Beam's old direct runner, which takes no unbounded splittable DoFn."""
    return (options.view_as(StandardOptions).runner or "DirectRunner").rpartition(".")[2] in _OLD_RUNNERS


def subscription_of(options: PipelineOptions) -> str:
    """Full name of the subscription. Raises LaunchError."""
    name = options.view_as(StreamOptions).subscription
    if not name:
        raise LaunchError(tr("nothing to read: give --subscription, --kafka_topic or --sqs_queue."))
    try:
        return subscription_path(name, options.view_as(GoogleCloudOptions).project)
    except SubscriptionError as error:
        raise LaunchError(str(error)) from error


def topic_of(options: PipelineOptions, name: str) -> str:
    """Full name of a topic. Raises LaunchError."""
    try:
        return topic_path(name, options.view_as(GoogleCloudOptions).project)
    except TopicError as error:
        raise LaunchError(str(error)) from error


def preflight(options: PipelineOptions) -> Source | None:
    """Raises LaunchError for what would make the job fail later. What is read of Kafka or SQS, as it is there now."""
    given, kafka, sqs = options.view_as(StreamOptions), options.view_as(KafkaOptions), options.view_as(SqsOptions)
    if sum(map(bool, (given.subscription, kafka.kafka_topic, sqs.sqs_queue))) > 1:
        raise LaunchError(tr("--subscription, --kafka_topic and --sqs_queue: one job reads one of them."))
    if (kafka.kafka_topic and not kafka.kafka_stop or sqs.sqs_queue) and is_old_runner(options):
        raise LaunchError(
            tr(
                "this runner takes no splittable DoFn, by which Kafka and SQS are read: give --runner=PrismRunner "
                "(make prism)."
            )
        )
    source: Source | None = None
    try:
        if kafka.kafka_topic:
            source = _topic(options)
        elif sqs.sqs_queue:
            source, notes = checked(options)
            _note_all(notes)
        else:
            _note_all(check_subscription(subscription_of(options)).notes)
        for name in filter(None, (given.changes_topic, given.dead_letters_topic)):
            _check_topic(topic_of(options, name))
        for name in filter(None, (kafka.kafka_changes_topic, kafka.kafka_dead_letters_topic)):
            place = _topic_to_tell(options, name)
            check_writable(place.connection, place.topic)
        check_states_topic(options)
    except (KafkaError, SqsError, SubscriptionError, TopicError) as error:
        raise LaunchError(str(error)) from error
    stores.check(options)
    return source


def _note_all(notes: Iterable[str]) -> None:
    for text in notes:
        note(text)


def _topic(options: PipelineOptions) -> TopicSource:
    """What is read of Kafka, with its offsets. Raises KafkaError."""
    kafka = options.view_as(KafkaOptions)
    topic = looked_up(source_of(options), kafka.kafka_start, kafka.kafka_stop)
    if topic.bounded:
        note(
            say(
                "reads {topic} from {starts} to {stops}, and ends.",
                topic=topic.topic,
                starts=text_of(dict(topic.starts)),
                stops=text_of(dict(topic.stops)),
            )
        )
    return topic


def _check_topic(topic: str) -> None:
    """Checks a topic. An account that may publish may not always look at the topic: that alone is not an error."""
    try:
        check_topic(topic)
    except TopicError as error:
        if not isinstance(error.__cause__, PermissionDenied):
            raise
        note(
            say(
                "{topic} was not checked, as this account may not look at it. The job's account has to be allowed to "
                "publish to it.",
                topic=topic,
            )
        )


def run(argv: Sequence[str] | None = None) -> Launched:
    """Launches the job and waits until it is stopped, or has read all that it was to read; unless it runs on Dataflow.
    Raises LaunchError."""
    options = command_line.options_of(
        argv, StreamOptions, KafkaOptions, KafkaStatesOptions, KafkaClusterOptions, SqsOptions
    )
    source = preflight(options)
    bounded = is_bounded(source)
    options.view_as(StandardOptions).streaming = not bounded
    if not bounded:
        flink.settle_stream(options)
    launch = launch_of(options, JOB, source.identity if source else [subscription_of(options)])
    reads = source.name if source else subscription_of(options)
    if bounded and options.view_as(IngestOptions).run:
        warn_of_counts(options, launch)
    pipeline = beam.Pipeline(options=options)
    build(pipeline, options, launch, source)
    with contextlib.ExitStack() as meanwhile:
        if not bounded and is_old_runner(options):
            config = stores.config_of(options, launch, live=True)
            meanwhile.enter_context(sweeping(config.truth, config.project, config.dataset))
        return launching.launch(pipeline, launch, reads="" if bounded else reads)


def warn_of_counts(options: PipelineOptions, launch: Launch) -> None:
    """Of a run that went to its end before, under a name that was given: it may have read other offsets."""
    if launch.run in stores.runs_with_counts(options, launch.run):
        note(
            say(
                "run {run} went to its end before and is run again: its counts will be those of the offsets that are "
                "read now. Another range wants another name.",
                run=launch.run,
            )
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return launching.main(run, argv)
