"""The whole backfill against the real emulators: again, elsewhere, in another order, with other workers, killed."""

from __future__ import annotations

import os
import random
import signal
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from local.bench.processes import below
from local.stores import bigtable_rows
from tests.integration.jobs.flinks import command_of
from tests.integration.jobs.stores import NewStores, finish, payloads_of
from tests.processes import alive, eventually


def test_same_input_again_and_as_a_zip_of_itself_adds_nothing(
    new_stores: NewStores, documents: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stores = new_stores()
    first = stores.backfill(documents)
    assert "went to its end before" not in caplog.text
    content, views = stores.content(), stores.views()
    assert first["records_new"] == len({k[2] for k in content if k[1] == "x"}) > 300

    again = stores.backfill(documents)
    assert "went to its end before" in caplog.text
    assert again["records_new"] == 0 and again["records_resumed"] == first["records_new"]
    assert stores.content() == content and stores.views() == views

    zipped = tmp_path / "all.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for file in sorted(documents.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(documents))
    elsewhere = stores.backfill(zipped)
    assert elsewhere["records_new"] == 0 and elsewhere["records_resumed"] == 0
    assert stores.content() == content and stores.views() == views

    for history in stores.histories().values():
        for record in history.records:
            outcomes = [arrival.outcome for arrival in record.arrivals]
            assert outcomes.count("new") == 1 and outcomes.count("resumed") == 1
            assert len(outcomes) - 2 >= 1, "the zip's arrival is missing"


TWO_PROCESSES = ("--direct_running_mode", "multi_processing", "--direct_num_workers", "2")


def test_other_order_and_two_processes_of_which_one_is_killed_end_in_the_same_content(
    new_stores: NewStores, documents: Path, tmp_path: Path
) -> None:
    straight = new_stores()
    straight.backfill(documents)

    shuffled = payloads_of(documents)
    random.Random(3).shuffle(shuffled)
    half = len(shuffled) // 2
    for number, part in enumerate((shuffled[:half], shuffled[half:])):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            for index, payload in enumerate(part):
                archive.writestr(f"{index}.xml", payload)
    other = new_stores()
    job = other.start_backfill(tmp_path, *TWO_PROCESSES)
    assert eventually(lambda: bigtable_rows(other.truth) > 20), "nothing is written"
    workers = [pid for pid in below(job.pid) if "pipelines.worker" in command_of(pid)]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    _, said = job.communicate(timeout=120)
    assert job.returncode == 1 and b"SIGKILL" in said and b"Traceback" not in said, said.decode()[-2000:]
    assert eventually(lambda: not alive(workers[1]), 20), "the other worker outlives the job"
    finish(other.start_backfill(tmp_path, *TWO_PROCESSES))

    assert other.content() == straight.content()
    assert other.views() == straight.views()


def test_two_jobs_at_once_over_the_same_input_count_it_once(new_stores: NewStores, documents: Path) -> None:
    straight, shared = new_stores(), new_stores()
    straight.backfill(documents)
    jobs = [shared.start_backfill(documents, "--run", name) for name in ("left", "right")]
    for job in jobs:
        finish(job)
    assert shared.content() == straight.content()
    assert shared.views() == straight.views()


def test_killed_at_five_points_and_run_again_equals_one_clean_run(new_stores: NewStores, documents: Path) -> None:
    clean, killed = new_stores(), new_stores()
    clean.backfill(documents)
    total = len(clean.content())
    chance = random.Random(5)
    # Four points while Bigtable fills, each further on than the last; one after, while BigQuery is written.
    points = [*sorted(chance.sample(range(total - 1), 4)), total - 1]
    cut_off = 0
    for point in points:
        job = killed.start_backfill(documents)
        while job.poll() is None and len(killed.content()) <= point:
            time.sleep(0.02)
        time.sleep(chance.random() / 4)
        job.send_signal(signal.SIGKILL)
        _, error = job.communicate()
        assert job.returncode in (0, -signal.SIGKILL), error.decode()
        cut_off += job.returncode != 0
    assert cut_off >= 4
    finish(killed.start_backfill(documents))
    assert killed.content() == clean.content()
    assert killed.views() == clean.views()


def test_truncated_archive_gives_what_comes_before_the_cut_and_a_dead_letter(
    new_stores: NewStores, documents: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.tar.gz"
    with tarfile.open(whole, "w:gz") as archive:
        for index, payload in enumerate(payloads_of(documents)[:50]):
            path = tmp_path / f"{index}.xml"
            path.write_bytes(payload)
            archive.add(path, path.name)
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    stores = new_stores()
    counters = stores.backfill(cut)
    assert counters["records_new"] > 5
    assert counters["dead_letter_corrupt_archive"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "/nowhere/*.zip"], "/nowhere/*.zip"),
        (["--input", ""], "nothing to read"),
        (["--inptu", "x"], "Did you mean --input"),
    ],
)
def test_mistyped_command_is_told_in_one_line(
    new_stores: NewStores, capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    from pipelines import backfill

    places = ["--project", "acervo-local", "--bigtable_table", "absent", "--runner", "FnApiRunner"]
    assert backfill.main([*arguments, *places]) == 2
    error = capfd.readouterr().err
    assert message in error and "Traceback" not in error
