"""From positions to offsets, as they are in the topic at the launch: the preflight of a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from transforms.ingest.kafka.positions import COMMITTED, OFFSETS, Position, position_of
from transforms.ingest.kafka.settings import TopicSource, in_order
from transforms.kafka.cluster import EARLIEST, LATEST, Away, Cluster, Topic
from transforms.kafka.errors import KafkaError, unanswered
from transforms.language import say, tr


def looked_up(source: TopicSource, start: str, stop: str) -> TopicSource:
    """The source with the topic's id and the offsets that the positions name now, the preflight of a job. Raises
    KafkaError in a line where it could not be read."""
    begins, ends = position_of(start, "--kafka_start"), position_of(stop, "--kafka_stop") if stop else None
    if ends and ends.kind == COMMITTED:
        raise KafkaError(
            tr("--kafka_stop=committed: a job that ends there would read nothing after the one that began there.")
        )
    cluster = Cluster(source.connection)
    try:
        found = cluster.topic(source.topic)
        if found is None:
            raise KafkaError(
                say(
                    "there is no topic {topic} at {bootstrap}, or this user may not see it (ACL DESCRIBE).",
                    topic=source.topic,
                    bootstrap=source.connection.bootstrap,
                )
            )
        _check_rights(source, found)
        starts = resolve(cluster, source.topic, found, begins, source.group, "--kafka_start")
        if ends:
            stops = resolve(cluster, source.topic, found, ends, source.group, "--kafka_stop")
        else:
            # A stream reads all partitions, those that nobody named from what is left of them.
            stops = {}
            starts = cluster.offsets(source.topic, range(found.partitions), EARLIEST) | starts
    except Away as away:
        raise unanswered(source.connection.bootstrap, str(away)) from away
    return replace(source, topic_id=found.topic_id, starts=in_order(starts), stops=in_order(stops))


def _check_rights(source: TopicSource, found: Topic) -> None:
    if found.operations is not None and "READ" not in found.operations:
        raise KafkaError(
            say(
                "this user may see the topic {topic} and not read it: it needs the ACL READ on it, and on the group "
                "{group}.",
                topic=source.topic,
                group=source.group,
            )
        )


def resolve(cluster: Cluster, topic: str, found: Topic, position: Position, group: str, of: str) -> dict[int, int]:
    """The offset of each partition at a position; of those that it names, where it is one of offsets. Raises KafkaError
    for an offset that is not, or no longer, in the topic; ``of`` is the option that named it. Raises Away as well."""
    partitions = range(found.partitions)
    earliest = cluster.offsets(topic, partitions, EARLIEST)
    if position.kind == EARLIEST:
        return earliest
    latest = cluster.offsets(topic, partitions, LATEST)
    if position.kind == LATEST:
        return latest
    if position.kind == COMMITTED:
        wanted = earliest | cluster.committed(topic, partitions, group, found.topic_id)
    elif position.kind == OFFSETS:
        wanted = dict(position.offsets)
    else:
        at = cluster.offsets(topic, partitions, position.micros)
        # Nothing is as late as that: behind all that is there.
        return {partition: offset if offset >= 0 else latest[partition] for partition, offset in at.items()}
    check(topic, wanted, earliest, latest, of)
    return wanted


def check(
    topic: str, wanted: Mapping[int, int], earliest: Mapping[int, int], latest: Mapping[int, int], of: str
) -> None:
    """Raises KafkaError for offsets that are not there."""
    for partition, offset in sorted(wanted.items()):
        if partition not in earliest:
            raise KafkaError(
                say(
                    "{option}: {topic} has no partition {partition}; it has {partitions}, from 0 on.",
                    option=of,
                    topic=topic,
                    partition=partition,
                    partitions=len(earliest),
                )
            )
        if not earliest[partition] <= offset <= latest[partition]:
            raise out_of_range(topic, partition, offset, earliest[partition], latest[partition])


def out_of_range(topic: str, partition: int, offset: int, earliest: int, latest: int) -> KafkaError:
    """What was asked for was removed (retention), or never was."""
    return KafkaError(
        say(
            "{topic}, partition {partition}: offset {offset} is not there; the earliest is {earliest}, the end "
            "{latest}, so {lost} messages are lost. --kafka_start says where to go on: earliest, timestamp:..., or "
            "offsets:{partition}={earliest},...",
            topic=topic,
            partition=partition,
            offset=offset,
            earliest=earliest,
            latest=latest,
            lost=max(earliest - offset, 0),
        )
    )
