"""The stream against the real emulators, on Prism: it ends where a clean backfill ends."""

from __future__ import annotations

import os
import random
import time
import zipfile
from pathlib import Path

import orjson
import pytest

from local.generate import documents as generated
from local.generate import leaves
from local.stack import Stack
from pipelines import reconcile
from tests.integration.jobs.stores import NewStores, Stores, finish, payloads_of
from tests.integration.jobs.streams import SHORT_LEASES, DocumentQueue, Streaming, arrivals, counted
from tests.integration.truth.proxy import Proxy

# Set to 30 to see what an outage of that length does; the test's own is shorter than a user's patience.
OUTAGE_SECONDS = float(os.environ.get("ACERVO_OUTAGE_SECONDS", "8"))


@pytest.fixture
def queue(running_stack: object) -> DocumentQueue:
    return DocumentQueue()


@pytest.mark.slow
def test_stream_with_repetitions_beside_a_backfill_ends_as_one_clean_backfill(
    new_stores: NewStores, queue: DocumentQueue, documents: Path, tmp_path: Path
) -> None:
    payloads = payloads_of(documents)
    half = tmp_path / "half.zip"
    with zipfile.ZipFile(half, "w") as archive:
        for index, payload in enumerate(payloads[::2]):
            archive.writestr(f"{index}.xml", payload)
    clean, mixed = new_stores(), new_stores()
    clean.backfill(documents)

    chance = random.Random(9)
    published = [payload for payload in payloads for _ in range(chance.randint(1, 3)) if len(payload) < 9_000_000]
    chance.shuffle(published)
    expected, views = clean.content(), clean.views()
    with Streaming(mixed, queue, tmp_path / "log") as stream:
        queue.publish(published)
        finish(mixed.start_backfill(half))
        stream.wait_until(lambda: set(mixed.content()) == set(expected), "records are missing")
        stream.wait_for_arrivals(len(published))
        stream.wait_until(lambda: counted(mixed), "counts do not settle")
        # A row of a table may come after that of another: the job is not ended in between.
        stream.wait_until(lambda: mixed.views() == views, "rows are missing")
    assert mixed.content() == expected
    assert mixed.views() == views


def differences(stores: Stores, output: Path) -> set[str]:
    """What kinds of differences the reconciliation finds."""
    status = reconcile.main([*stores.arguments("-")[2:], "--output", str(output)])
    found = {orjson.loads(line)["what"] for line in output.read_bytes().splitlines()}
    assert status == (1 if found else 0)
    return found


@pytest.mark.long
def test_bigtable_cut_off_and_the_job_killed_in_mid_stream_lose_nothing_and_double_nothing(
    new_stores: NewStores, queue: DocumentQueue, running_stack: Stack, tmp_path: Path
) -> None:
    payloads = [one.payload for each in generated(23, 160, duplicates=0.05) for one in leaves(each)]
    folder = tmp_path / "documents"
    folder.mkdir()
    for index, payload in enumerate(payloads):
        (folder / f"{index:04}.xml").write_bytes(payload)
    clean, stores = new_stores(), new_stores()
    clean.backfill(folder)
    before, cut, between, after = (payloads[begin : begin + len(payloads) // 4 + 1] for begin in quarters(payloads))
    expected, rows = clean.content(), clean.views()

    with Proxy(running_stack.env["BIGTABLE_EMULATOR_HOST"]) as proxy:
        behind = {"BIGTABLE_EMULATOR_HOST": proxy.address}
        job = Streaming(stores, queue, tmp_path / "first", module=SHORT_LEASES, environment=behind)
        with job:
            queue.publish(before)
            job.wait_for_arrivals(len(before))
            proxy.down()
            queue.publish(cut)
            time.sleep(OUTAGE_SECONDS)
            assert arrivals(stores) == len(before)
            proxy.up()
            job.wait_for_arrivals(len(before) + len(cut))
            job.wait_until(lambda: counted(stores), "an outage must not cost a count")
    with Streaming(stores, queue, tmp_path / "second", module=SHORT_LEASES) as job:
        # The first half is acknowledged when the second, a bundle of its own, has arrived.
        for half in (between[::2], between[1::2]):
            known = arrivals(stores)
            queue.publish(half)
            job.wait_for_arrivals(known + len(half))
        time.sleep(3)
        queue.publish(after)
        job.kill()
    with Streaming(stores, queue, tmp_path / "third") as job:
        job.wait_for_arrivals(len(payloads))
        job.wait_until(lambda: set(stores.content()) == set(expected), "records are missing")
        job.wait_until(lambda: stores.views() == rows, "rows or counts are missing")
    assert stores.content() == expected
    assert stores.views() == rows
    assert differences(stores, tmp_path / "found.jsonl") == set()


def quarters(payloads: list[bytes]) -> range:
    return range(0, len(payloads), len(payloads) // 4 + 1)
