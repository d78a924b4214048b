"""Jobs killed again and again and started anew: what is compared afterwards is clean, and no rebuild was needed."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.integration.jobs.stores import NewStores, Stores, differences, finish

KILLS = 3


def kill_and_finish(stores: Stores, given: Path, run: str, seed: int) -> None:
    """A backfill that dies while Bigtable fills and while BigQuery is written, then ends under the same run."""
    chance = random.Random(seed)
    before = len(stores.histories())
    for number in range(KILLS):
        job = stores.start_backfill(given, "--run", run)
        while job.poll() is None and len(stores.histories()) <= min(before + 20 * number, 60):
            time.sleep(0.02)
        time.sleep(chance.random() / 2)
        job.send_signal(signal.SIGKILL)
        job.communicate()
    finish(stores.start_backfill(given, "--run", run))


def test_attempts_that_reached_bigtable_and_not_bigquery_are_arrivals_of_the_attempt_that_did(
    new_stores: NewStores, few_documents: Path, tmp_path: Path
) -> None:
    stores, elsewhere = new_stores(), new_stores()
    for run in ("first", "second"):
        stores.backfill(few_documents, "--run", run, "--dataset", elsewhere.name)
        stores.backfill(few_documents, "--run", run)
    assert differences(stores, tmp_path / "found.jsonl") == []


@pytest.mark.slow
def test_jobs_killed_several_times_and_run_again_leave_nothing_to_reconcile(
    new_stores: NewStores, few_documents: Path, tmp_path: Path
) -> None:
    stores = new_stores()
    kill_and_finish(stores, few_documents, "first", 3)
    # The second run brings the same inputs: every arrival of it, and of its killed attempts, is a duplicate.
    kill_and_finish(stores, few_documents, "second", 4)
    for history in stores.histories().values():
        for record in history.records:
            assert {arrival.run for arrival in record.arrivals} == {"first", "second"}
    assert differences(stores, tmp_path / "found.jsonl") == []
