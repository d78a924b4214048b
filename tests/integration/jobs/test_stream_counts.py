"""Counts of a stream, which no fault moves: messages that come again, jobs that are killed, sweepers that are stale."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from google.cloud import pubsub_v1

from local.generate import documents as generated
from local.generate import leaves
from local.stack.discover import LOCAL_PROJECT
from pipelines import reconcile
from tests.integration.jobs.stores import NewStores, Stores, bigtable_counts
from tests.integration.jobs.streams import SHORT_LEASES, DocumentQueue, Streaming, arrivals, counted
from transforms.counting import cells, log, log_writer, sweep
from transforms.counting.contributions import contributions
from transforms.counting.sweep import Sweeper
from transforms.model import Change
from transforms.reconcile.day import UNLOGGED
from transforms.reconcile.facts import WRONG_COUNT
from transforms.truth.client import Client
from transforms.truth.loop import wait_for
from transforms.truth.rows import Cell, by_column
from transforms.views import closing, connect
from transforms.views.rows import _change_row
from transforms.views.sink import Destination

_DAY = 86_400_000_000


def payloads_of(number: int, seed: int = 29) -> list[bytes]:
    return [one.payload for each in generated(seed, number, duplicates=0.05) for one in leaves(each)]


def seek_to_the_beginning(queue: DocumentQueue) -> None:
    with pubsub_v1.SubscriberClient() as client:
        back = datetime.now(UTC) - timedelta(hours=1)
        client.seek(request={"subscription": queue.subscription, "time": back})


def totals(stores: Stores) -> list[str]:
    return sorted(map(repr, stores.query("SELECT * FROM counts_total")))


def resumed(stores: Stores) -> int:
    """How often records came again to the jobs that had brought them."""
    return int(stores.query("SELECT COUNT(*) AS n FROM arrivals WHERE record_id IS NOT NULL")[0]["n"])


def is_clean(stores: Stores, folder: Path) -> bool:
    return reconcile.main([*stores.arguments("-")[2:], "--output", str(folder / "found.jsonl")]) == 0


@pytest.mark.slow
def test_what_comes_again_by_seek_or_by_another_subscription_of_the_run_moves_no_count(
    new_stores: NewStores, running_stack: object, tmp_path: Path
) -> None:
    stores, queue, payloads = new_stores(), DocumentQueue(), payloads_of(120)
    with pubsub_v1.SubscriberClient() as client:
        client.update_subscription(
            request={
                "subscription": {"name": queue.subscription, "retain_acked_messages": True},
                "update_mask": {"paths": ["retain_acked_messages"]},
            }
        )
    run = ("--run", "one")
    with Streaming(stores, queue, tmp_path / "log", *run) as stream:
        queue.publish(payloads)
        stream.wait_for_arrivals(len(payloads))
        stream.wait_until(lambda: counted(stores), "counts do not settle", 60)
        expected, live = totals(stores), bigtable_counts(stores)
    # In a process of its own: one that goes on knows a message that it has seen, and drops it before anything is done.
    for number in range(2):
        known = resumed(stores)
        seek_to_the_beginning(queue)
        with Streaming(stores, queue, tmp_path / f"again{number}", *run) as stream:
            stream.wait_until(
                lambda known=known: resumed(stores) >= known + len(payloads) // 2, "nothing comes again", 200
            )
            time.sleep(log.SLOT_SECONDS + 3)
            assert totals(stores) == expected and bigtable_counts(stores) == live
    # Its messages are other messages, and so duplicates: they are traced, and move nothing.
    other = DocumentQueue()
    with Streaming(stores, other, tmp_path / "other", *run) as stream:
        other.publish(payloads)
        stream.wait_for_arrivals(2 * len(payloads))
        time.sleep(log.SLOT_SECONDS + 3)
        assert totals(stores) == expected and bigtable_counts(stores) == live
    assert counted(stores) and is_clean(stores, tmp_path)


@pytest.mark.slow
def test_counts_equal_the_changes_within_a_minute_after_the_job_was_killed_at_random(
    new_stores: NewStores, running_stack: object, tmp_path: Path
) -> None:
    stores, queue, payloads = new_stores(), DocumentQueue(), payloads_of(240, 31)
    chance = random.Random(3)
    for number in range(4):
        job = Streaming(stores, queue, tmp_path / f"log{number}", module=SHORT_LEASES)
        with job:
            known = arrivals(stores)
            part = payloads[number * len(payloads) // 5 : (number + 1) * len(payloads) // 5]
            queue.publish(part)
            job.wait_until(lambda known=known: arrivals(stores) > known, "nothing arrives")
            time.sleep(chance.uniform(0, 4))
            job.kill()
    with Streaming(stores, queue, tmp_path / "last", module=SHORT_LEASES) as job:
        queue.publish(payloads[4 * len(payloads) // 5 :])
        job.wait_for_arrivals(len(payloads))
        began = time.monotonic()
        job.wait_until(lambda: counted(stores), "counts do not settle")
        assert time.monotonic() - began < 60
    assert is_clean(stores, tmp_path)
    assert day_differences(stores, f"{datetime.now(UTC):%Y-%m-%d}", tmp_path) == {}


def change(number: int, at: int) -> Change:
    dimensions = {"status": "authorised", "uf": "SP", "model": "55", "day": "2026-11-28", "month": "2026-11-01"}
    dimensions |= {"issuer_id": f"{number % 7:014}", "total": f"{number}.10"}
    return Change(f"k{number}", 1, "r", "run", "o", "job", 0, at, None, {}, None, dimensions, True)


def served(stores: Stores) -> int:
    return int(stores.query("SELECT SUM(documents) AS n FROM counts_total WHERE dimension = 'uf'")[0]["n"] or 0)


@pytest.fixture
def destination(new_stores: NewStores) -> tuple[Stores, Destination]:
    stores = new_stores()
    return stores, Destination(LOCAL_PROJECT, stores.name, connect.storage_endpoint(), 30)


def in_bigtable(stores: Stores) -> int:
    return sum(documents for key, (documents, _) in bigtable_counts(stores).items() if key.dimension == "uf")


def test_a_mark_stays_until_both_stores_have_the_sums_and_a_stale_sweeper_hides_nothing(
    destination: tuple[Stores, Destination], monkeypatch: pytest.MonkeyPatch
) -> None:
    stores, place = destination
    at = (time.time_ns() // 1_000) - 60_000_000
    log_writer.write_log(stores.truth, [change(number, at) for number in range(10)])
    dies = Sweeper(stores.truth, place)
    with monkeypatch.context() as patch:
        patch.setattr(Sweeper, "_serve", lambda *_: (_ for _ in ()).throw(RuntimeError("dies between the stores")))
        with pytest.raises(RuntimeError, match="between the stores"):
            dies.sweep_all()
    assert served(stores) == 0 and in_bigtable(stores) == 10
    stale = Sweeper(stores.truth, place)
    read = {log.slot_of(at): log.sums_of([log.cell_of(change(1, at))[1]])}
    assert sweep.drain(stores.truth, place)["slots"] == 1
    assert served(stores) == in_bigtable(stores) == 10
    stale._store(read)
    stale._serve(read)
    assert served(stores) == in_bigtable(stores) == 10, "what was read long ago is written last"
    log_writer.write_log(stores.truth, [change(number, at) for number in range(12)])
    assert sweep.drain(stores.truth, place)["slots"] == 1
    assert served(stores) == in_bigtable(stores) == 12
    assert sweep.drain(stores.truth, place)["slots"] == 0
    for sweeper in (dies, stale):
        sweeper.close()


def test_what_is_logged_in_a_closed_day_is_served_at_once_and_a_repetition_counts_once(
    destination: tuple[Stores, Destination],
) -> None:
    stores, place = destination
    now = time.time_ns() // 1_000
    days = [now - number * _DAY for number in (4, 3, 2)]
    changes = [change(number, days[number % 3]) for number in range(12)]
    log_writer.write_log(stores.truth, changes)
    sweep.drain(stores.truth, place)
    closed = closing.close(LOCAL_PROJECT, stores.name, now)
    assert closed.rows > 0 and served(stores) == 12
    log_writer.write_log(stores.truth, [*changes, change(12, days[1])])
    assert sweep.drain(stores.truth, place)["slots"] == 3
    assert served(stores) == in_bigtable(stores) == 13
    assert closing.close(LOCAL_PROJECT, stores.name, now).rows > 0
    assert served(stores) == 13
    assert sweep.drain(stores.truth, place)["slots"] == 0


def test_marks_written_long_after_their_slot_and_by_a_held_up_process_are_found(
    destination: tuple[Stores, Destination], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of three days ago is logged only now; its writer is held up behind the choice of the mark's minute."""
    stores, place = destination
    live = Sweeper(stores.truth, place)
    live.sweep()  # knows by now that nothing is marked before ten minutes ago
    now, real = time.time_ns(), time.monotonic()
    clocks = iter([now - 3_600 * 10**9, now])
    passed = iter([real, real + 3_600, real + 3_600, real + 3_601])
    with monkeypatch.context() as patch:
        patch.setattr("transforms.counting.log_writer._wall", lambda: next(clocks))
        patch.setattr("transforms.counting.log_writer._clock", lambda: next(passed))
        log_writer.write_log(stores.truth, [change(1, now // 1_000 - 3 * 86_400_000_000)])
    assert live.sweep_all() == 1 and served(stores) == 1
    live.close()


def test_a_row_with_many_sums_is_packed_while_others_write_to_it(
    destination: tuple[Stores, Destination], monkeypatch: pytest.MonkeyPatch
) -> None:
    stores, place = destination
    monkeypatch.setattr(sweep, "PACKED_AFTER", 8)
    begin = (time.time_ns() // 1_000) - 7_200_000_000
    for part in range(3):
        changes = [
            change(number, begin + number % 20 * log.SLOT_SECONDS * 1_000_000)
            for number in range(part * 40, part * 40 + 40)
        ]
        log_writer.write_log(stores.truth, changes)
        assert sweep.drain(stores.truth, place)["slots"] == 20
        assert served(stores) == in_bigtable(stores) == (part + 1) * 40
    client, table = Client(stores.truth), log_writer.counts_table(stores.truth)
    [key] = {key for key, _ in contributions(changes[0]) if key.dimension == "uf"}
    row = cells.row_of_key(key)
    [found] = wait_for(client.page(table, row, row + b"\0", limit=1)).rows
    loose = [cell for cell in found.cells if cell.family == cells.COUNTS]
    assert len(loose) < 20, "twenty slots were written three times"
    assert by_column(found.cells)["s"] and all(isinstance(cell, Cell) for cell in loose)
    assert wait_for(sweep.pack_row(client, table, row)) in (True, False)
    assert in_bigtable(stores) == 120
    wait_for(client.close())


def day_differences(stores: Stores, day: str, folder: Path) -> dict[str, int]:
    """What a look at the counts of a day finds, by kind."""
    output = folder / "day.jsonl"
    status = reconcile.main([*stores.arguments("-")[2:], "--day", day, "--output", str(output)])
    found = Counter(orjson.loads(line)["what"] for line in output.read_bytes().splitlines())
    assert status == (1 if found else 0)
    return dict(found)


def test_a_difference_within_a_day_is_seen_by_a_look_at_that_day(
    destination: tuple[Stores, Destination], tmp_path: Path
) -> None:
    stores, place = destination
    now = time.time_ns() // 1_000
    today, yesterday = (f"{datetime.fromtimestamp(at // 1_000_000, UTC):%Y-%m-%d}" for at in (now, now - _DAY))
    changes = [change(number, now - number % 2 * _DAY) for number in range(20)]
    sweeper = Sweeper(stores.truth, place)
    encode = sweeper._sink.encoders["changes"].encode
    sweeper._sink.append("changes", [encode(_change_row("document", one, one.applied_at)) for one in changes]).result()
    log_writer.write_log(stores.truth, changes[2:])
    sweeper.sweep_all()
    assert day_differences(stores, today, tmp_path) == {UNLOGGED: 1}, "of the two that are not in the log, today's"
    log_writer.write_log(stores.truth, changes)
    assert set(day_differences(stores, today, tmp_path)) == {WRONG_COUNT}, "it is not added up yet"
    sweeper.sweep_all()
    assert day_differences(stores, today, tmp_path) == day_differences(stores, yesterday, tmp_path) == {}
    stores.query(f"DELETE FROM counts WHERE dimension = 'uf' AND STARTS_WITH(partial, 'log/{today}')")
    assert day_differences(stores, today, tmp_path) == {WRONG_COUNT: 1}
    assert day_differences(stores, yesterday, tmp_path) == {}
    sweeper.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--day", "28/11/2026"], "is not a day"),
        (["--day", "2020-01-01"], "keeps 40 days"),
        (["--day", f"{datetime.now(UTC):%Y-%m-%d}", "--states", "SP"], "leave the selection of keys away"),
    ],
)
def test_a_day_that_cannot_be_looked_at_is_told_in_one_line(
    destination: tuple[Stores, Destination], capfd: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert reconcile.main([*destination[0].arguments("-")[2:], *arguments]) == 2
    error = capfd.readouterr().err
    assert message in error and "Traceback" not in error
