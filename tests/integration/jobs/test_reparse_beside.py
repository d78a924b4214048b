"""A reparse that is killed again and again, beside a stream and a backfill, ends where a clean load ends."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests import stored_rows
from tests.integration.jobs.reparsing import content, forget, forgotten, reparse_stores, start_reparse, until_running
from tests.integration.jobs.stores import NewStores, bigtable_counts, differences, finish, payloads_of, rebuild_stores
from tests.integration.jobs.streams import DocumentQueue, Streaming

KILLS = 5


@pytest.mark.long
def test_killed_five_times_beside_a_stream_and_a_backfill_it_ends_as_a_clean_load(
    new_stores: NewStores, documents: Path, tmp_path: Path
) -> None:
    path = stored_rows.files()[0]
    old = list(stored_rows.payloads(path))
    payloads = [payload for payload in payloads_of(documents) if len(payload) < 1_000_000]
    half = len(payloads) // 2
    everything, part = tmp_path / "everything", tmp_path / "part"
    for folder, found in ((everything, [*old, *payloads]), (part, payloads[half:])):
        folder.mkdir()
        for index, payload in enumerate(found):
            (folder / f"{index:05}.xml").write_bytes(payload)
    clean, stores, queue = new_stores(), new_stores(), DocumentQueue()
    clean.backfill(everything)
    expected, views, counts = content(clean), clean.views(), bigtable_counts(clean)
    stored_rows.load(stores.truth, forgotten(stored_rows.read(path), forget))
    rebuild_stores(stores)

    chance = random.Random(7)
    with Streaming(stores, queue, tmp_path / "log") as stream, queue.publishing(payloads[:half] + old[::3], 20):
        backfill = stores.start_backfill(part)
        for _ in range(KILLS):
            job = start_reparse(stores)
            until_running(job)
            time.sleep(2 * chance.random())
            job.send_signal(signal.SIGKILL)
            job.communicate()
        finish(start_reparse(stores))
        finish(backfill)
        stream.wait_for_arrivals(len(payloads) + len(old[::3]))
        finish(start_reparse(stores))
        stream.wait_until(lambda: content(stores) == expected, "records are missing or other than expected")
        stream.wait_until(lambda: stores.views() == views, "rows are missing")
    assert content(stores) == expected
    assert stores.views() == views
    assert bigtable_counts(stores) == counts
    assert differences(stores, tmp_path / "found.jsonl") == []
    again = reparse_stores(stores)
    assert again["records_reparsed"] == again["rows_marked"] == 0 < again["records_read_again"]
    assert not [name for name, count in again.items() if name.startswith("rows_written_") and count]
