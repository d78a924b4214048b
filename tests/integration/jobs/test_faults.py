"""A stream that is killed, cut off, fed with poison, and not alone, ends where one clean backfill ends."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from local.generate import DEAD, leaves
from local.generate import documents as generated
from local.stack import Stack
from tests.integration.jobs.stores import NewStores, Stores
from tests.integration.jobs.streams import SHORT_LEASES, DocumentQueue, Streaming, arrivals, counted
from tests.integration.truth.proxy import Proxy

RATE = 30.0


def inputs(seed: int, number: int) -> list[bytes]:
    """Documents of all kinds in wild order with repetitions, and a tenth of poison."""
    good = [one.payload for each in generated(seed, number, duplicates=0.05) for one in leaves(each)][:number]
    poison = [one.payload for one in generated(seed + 1, number, broken=0.4) if one.kind == DEAD and one.payload]
    mixed = good + poison[: number // 9]
    random.Random(seed).shuffle(mixed)
    return mixed


def clean_backfill(new_stores: NewStores, payloads: list[bytes], folder: Path) -> Stores:
    """What must come of it."""
    folder.mkdir()
    for index, payload in enumerate(payloads):
        (folder / f"{index:05}.xml").write_bytes(payload)
    stores = new_stores()
    stores.backfill(folder)
    return stores


def settles(job: Streaming, clean: Stores, messages: int) -> None:
    """All has arrived, once, in every store."""
    stores, content, views = job.stores, clean.content(), clean.views()
    job.wait_for_arrivals(messages)
    job.wait_until(lambda: stores.content() == content, "records are missing")
    job.wait_until(lambda: stores.views() == views, "rows or counts are missing", 60)
    assert arrivals(stores) == messages


@pytest.mark.long
@pytest.mark.parametrize(("number", "kills"), [(250, 2), (1_500, 8)], ids=["few", "many"])
def test_killed_again_and_again_with_a_tenth_of_poison(
    new_stores: NewStores, running_stack: Stack, tmp_path: Path, number: int, kills: int
) -> None:
    queue, stores, payloads = DocumentQueue(), new_stores(), inputs(51, number)
    clean = clean_backfill(new_stores, payloads, tmp_path / "documents")
    chance = random.Random(kills)
    with queue.publishing(payloads, RATE):
        for life in range(kills):
            with Streaming(stores, queue, tmp_path / f"log-{life}", module=SHORT_LEASES) as job:
                # On a slow machine all may have arrived before the last life begins.
                known = min(arrivals(stores), len(payloads) - 1)
                job.wait_until(lambda known=known: arrivals(stores) > known, "nothing arrives")  # type: ignore[misc]
                time.sleep(chance.uniform(0, 4))
                job.kill()
    with Streaming(stores, queue, tmp_path / "log-last", module=SHORT_LEASES) as job:
        settles(job, clean, len(payloads))


@pytest.mark.slow
def test_bigquery_cut_off_in_mid_stream(new_stores: NewStores, running_stack: Stack, tmp_path: Path) -> None:
    queue, stores, payloads = DocumentQueue(), new_stores(), inputs(61, 150)
    clean = clean_backfill(new_stores, payloads, tmp_path / "documents")
    with Proxy(running_stack.env["BIGQUERY_STORAGE_EMULATOR_HOST"]) as proxy:
        behind = {"BIGQUERY_STORAGE_EMULATOR_HOST": proxy.address}
        with Streaming(stores, queue, tmp_path / "log", module=SHORT_LEASES, environment=behind) as job:
            queue.publish(payloads[:50])
            job.wait_for_arrivals(50)
            proxy.down()
            queue.publish(payloads[50:])
            time.sleep(8)
            assert arrivals(stores) == 50
            proxy.up()
            settles(job, clean, len(payloads))
            job.wait_until(lambda: counted(stores), "an outage must not cost a count")


@pytest.mark.long
def test_two_streams_on_one_subscription_of_which_one_or_the_other_is_killed(
    new_stores: NewStores, running_stack: Stack, tmp_path: Path
) -> None:
    queue, stores, payloads = DocumentQueue(), new_stores(), inputs(71, 1_000)
    clean = clean_backfill(new_stores, payloads, tmp_path / "documents")

    def start(name: str) -> Streaming:
        return Streaming(stores, queue, tmp_path / name, module=SHORT_LEASES)

    jobs = [start("log-0"), start("log-1")]
    try:
        with queue.publishing(payloads, RATE):
            for life in range(4):
                time.sleep(random.Random(life).uniform(10, 16))
                jobs[life % 2].kill()
                jobs[life % 2] = start(f"log-{life + 2}")
        settles(jobs[0], clean, len(payloads))
    finally:
        for job in jobs:
            job.kill()
