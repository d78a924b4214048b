"""What a stream does with poison among its messages, and what it tells others."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import orjson
import pytest
from google.cloud.pubsub_v1.types import PubsubMessage

from local.generate import DEAD, Generated, leaves
from local.generate import documents as generated
from pipelines import stream
from pipelines.launch import LaunchError
from tests.integration.jobs.stores import NewStores
from tests.integration.jobs.streams import SHORT_LEASES, DocumentQueue, Streaming, counted
from transforms.notify.messages import is_news
from transforms.truth.read import History


@pytest.fixture(scope="module")
def inputs() -> list[Generated]:
    """Stories in wild order, and a tenth of it poison."""
    found = [leaf for each in generated(31, 300) for leaf in leaves(each)]
    good = [one for one in found if one.kind != DEAD]
    poison = [one for one in generated(32, 700, broken=0.4) if one.kind == DEAD and one.payload]
    mixed = good + poison[: len(good) // 9]
    random.Random(3).shuffle(mixed)
    return mixed


@pytest.mark.slow
def test_a_tenth_of_poison_stops_nothing_and_consumers_can_order_what_they_are_told(
    new_stores: NewStores, running_stack: object, inputs: list[Generated], tmp_path: Path
) -> None:
    poison = [one for one in inputs if one.kind == DEAD]
    assert 0.09 < len(poison) / len(inputs) < 0.11
    queue, changes, dead = DocumentQueue(), DocumentQueue("changes"), DocumentQueue("dead")
    stores = new_stores()
    topics = ("--changes_topic", changes.topic.rpartition("/")[2], "--dead_letters_topic", dead.topic)
    with Streaming(stores, queue, tmp_path / "log", *topics, module=SHORT_LEASES) as job:
        queue.publish([one.payload for one in inputs])
        job.wait_for_arrivals(len(inputs))
        job.wait_until(lambda: counted(stores), "counts do not settle")
        histories = stores.histories()
        # The job is not ended before it has told all.
        letters = dead.pulled(len(poison), 100)
        told: list[PubsubMessage] = []
        job.wait_until(lambda: knows_all(told, changes, histories), "not all changes are told")

    codes = Counter(row["code"] for row in stores.query("SELECT code FROM unique_arrivals WHERE outcome = 'dead'"))
    assert codes == Counter(one.code for one in poison)
    good = {one.key for one in inputs if one.kind != DEAD}
    assert set(histories) == good
    assert queue.pulled(1, 12) == [], "everything is acknowledged, poison too"

    letters += dead.pulled(1, 5)
    assert sorted(message.data for message in letters) == sorted(one.payload for one in poison)
    assert Counter(message.attributes["code"] for message in letters) == codes

    told += changes.pulled(10_000, 5)
    assert len(told) > 20
    assert {message.attributes["access_key"] for message in told} == changed(histories)
    assert {message.ordering_key for message in told} == {""}
    chance = random.Random(5)
    repeated = [message for message in told for _ in range(chance.randint(1, 3))]
    chance.shuffle(repeated)
    assert {key: said["after"] for key, said in latest(repeated).items()} == {
        message.attributes["access_key"]: histories[message.attributes["access_key"]].state for message in told
    }


def changed(histories: dict[str, History]) -> set[str]:
    """Keys of which consumers are told something."""
    return {key for key, history in histories.items() if any(is_news(record.change) for record in history.records)}


def knows_all(told: list[PubsubMessage], changes: DocumentQueue, histories: dict[str, History]) -> bool:
    """Adds what came to what was told, and says whether that is the last state of all that changed."""
    told += changes.pulled(10_000, 1)
    known = latest(told)
    return known.keys() >= changed(histories) and all(
        said["after"] == histories[key].state for key, said in known.items()
    )


def latest(messages: list[PubsubMessage]) -> dict[str, dict[str, object]]:
    """What a consumer knows that keeps, of each access key, the message of the highest revision."""
    known: dict[str, tuple[int, PubsubMessage]] = {}
    for message in messages:
        revision = int(message.attributes["revision"])
        if revision > known.get(message.attributes["access_key"], (0, message))[0]:
            known[message.attributes["access_key"]] = (revision, message)
    return {key: orjson.loads(message.data) for key, (_, message) in known.items()}


def test_a_topic_that_is_missing_is_told_before_the_job_starts(new_stores: NewStores, running_stack: object) -> None:
    places = new_stores().arguments("-")[2:]
    with pytest.raises(LaunchError, match="topics/nothing does not exist"):
        stream.run([*places, "--subscription", DocumentQueue().subscription, "--changes_topic", "nothing"])
