"""Erasure against the real emulators: nothing is left, nothing comes back, and the rest is as if it had never been."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from local.stack.discover import LOCAL_PROJECT
from pipelines import lookup, redrive, retention
from tests.integration.jobs.erasing import (
    erase_confirmed,
    erase_stores,
    number,
    reports,
    rows_of,
    start_erase,
    without,
)
from tests.integration.jobs.reparsing import content, reparse_stores
from tests.integration.jobs.stores import (
    NewStores,
    Stores,
    bigtable_counts,
    differences,
    finish,
    payloads_of,
    rebuild_stores,
)
from tests.integration.jobs.streams import DocumentQueue, Streaming, counted
from tests.unit.parse import samples
from transforms import instants
from transforms.truth.tombstones import parts_of
from transforms.views import merge

# A stream's changes are counted by slots that are settled when they are this old.
LONGER = ("--settle_seconds", "15")


def some_issuers(stores: Stores) -> tuple[str, set[str]]:
    """Three issuers of more than one key, as an option, and their keys."""
    found: dict[str, set[str]] = {}
    for key, history in stores.histories().items():
        for issuer in parts_of((one.entry for one in history.records), key)["issuer"]:
            found.setdefault(issuer, set()).add(key)
    several = sorted(found, key=lambda issuer: len(found[issuer]))[-3:]
    assert len(found[several[0]]) > 1
    return ",".join(several), set().union(*(found[issuer] for issuer in several))


def assert_equal(stores: Stores, clean: Stores, output: Path) -> None:
    """As if what was erased had never been."""
    assert content(stores) == content(clean)
    assert bigtable_counts(stores) == bigtable_counts(clean)
    ours, theirs = stores.views(), clean.views()
    assert {name for name in ours if ours[name] != theirs[name]} == set()
    assert differences(stores, output) == []


def written(payloads: list[bytes], folder: Path) -> Path:
    """The inputs, a file each."""
    folder.mkdir()
    for index, payload in enumerate(payloads):
        (folder / f"{index:05}.xml").write_bytes(payload)
    return folder


@pytest.mark.slow
def test_a_company_is_erased_from_every_store_and_nothing_brings_it_back(
    new_stores: NewStores, few_documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores, clean = new_stores(), new_stores()
    payloads = payloads_of(few_documents)
    folder = written(payloads, tmp_path / "all")
    stores.backfill(folder)
    issuers, keys = some_issuers(stores)
    merge.merge(LOCAL_PROJECT, stores.name, instants.now() + 2 * merge.OVERLAP)
    before = rows_of(stores, keys)
    assert set(before) >= {"documents", "changes", "arrivals", "states"}

    found = erase_stores(stores, "--subjects", issuers, "--part", "issuer")
    assert found["erase_keys"] == len(keys)
    assert rows_of(stores, keys) == before, "a dry run changes nothing"
    with pytest.raises(Exception, match="to be erased now"):
        erase_stores(stores, "--subjects", issuers, "--part", "issuer", "--confirm", "1")
    assert rows_of(stores, keys) == before

    done = erase_confirmed(stores, "--subjects", issuers, "--part", "issuer")
    assert done["keys_erased"] == len(keys)
    assert not keys & set(stores.histories())
    clean.backfill(without(payloads, keys, tmp_path / "left"))
    assert_equal(stores, clean, tmp_path / "found.jsonl")
    assert lookup.main([min(keys), "--bigtable_table", stores.name]) == 1
    assert "erased" in capsys.readouterr().err
    assert [one["state"] for one in reports(stores)] == ["done"]
    assert not any(key in repr(reports(stores)) for key in (*keys, *issuers.split(",")))

    again = stores.backfill(folder, "--run", "again")
    assert again["records_barred"] > 0 == again["records_new"]
    rebuild_stores(stores)
    assert reparse_stores(stores)["records_reparsed"] == 0
    again = stores.backfill(folder)
    assert again["records_barred"] > 0
    assert_equal(stores, clean, tmp_path / "again.jsonl")
    assert number(erase_stores(stores, "--subjects", issuers, "--part", "issuer")) == 0


@pytest.mark.long
def test_killed_at_any_moment_and_started_again_it_is_complete(
    new_stores: NewStores, few_documents: Path, tmp_path: Path
) -> None:
    stores, clean = new_stores(), new_stores()
    payloads = payloads_of(few_documents)
    stores.backfill(written(payloads, tmp_path / "all"))
    issuers, keys = some_issuers(stores)
    asked = ("--subjects", issuers, "--part", "issuer", "--confirm", "100")
    chance, kills = random.Random(3), 0
    for turn in range(8):
        job = start_erase(stores, *asked)
        # Later each time, so that most are killed however fast the machine is.
        time.sleep(1.5 + 0.4 * (turn + chance.random()))
        kills += job.poll() is None
        job.send_signal(signal.SIGKILL)
        job.communicate()
    finish(start_erase(stores, *asked))
    assert kills > 3
    clean.backfill(without(payloads, keys, tmp_path / "left"))
    assert_equal(stores, clean, tmp_path / "found.jsonl")
    assert not keys & set(stores.histories())


@pytest.mark.slow
def test_keys_dead_letters_and_holds(
    new_stores: NewStores, few_documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores = new_stores()
    payloads = payloads_of(few_documents)
    stores.backfill(written(payloads, tmp_path / "all"))
    first, second = sorted(key for key in stores.histories() if len(key) == 44)[:2]
    never_seen = f"{first[:-1]}{(int(first[-1]) + 1) % 10}"
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "named.xml").write_bytes(f"<unknown Id='NFe{first}'/>".encode())
    (broken / "other.xml").write_bytes(f"<unknown Id='NFe{second}'/>".encode())
    stores.backfill(broken)
    place = ["--bigtable_table", stores.name]

    assert retention.main([*place, "--hold", f"{first},{second[6:14]}", "--reason", "case 12"]) == 0
    held = erase_stores(stores, "--erase_keys", f"{first},{second}")
    assert (held["erase_held"], number(held)) == (2, 0), "a key, and one of a root that is held"
    assert retention.main([*place, "--release", f"{first},{second[6:14]}"]) == 0

    letters = len(stores.query("SELECT dead_letter_id FROM dead_letters"))
    done = erase_confirmed(stores, "--erase_keys", f"{first},{never_seen}")
    assert (done["keys_erased"], done["dead_letters_erased"]) == (2, 1), "with the dead letter that names it"
    assert rows_of(stores, {first}) == {}
    assert len(stores.query("SELECT dead_letter_id FROM dead_letters")) == letters - 1
    again = stores.backfill(broken, "--run", "again")
    assert (again["dead_letters_barred"], again["dead_letters"]) == (1, 1), "the other one is met again"
    assert rows_of(stores, {first}) == {}

    capsys.readouterr()
    assert retention.main([*place, "--lift", f"{first},{second}"]) == 0
    assert "1 of 2" in capsys.readouterr().out
    again = stores.backfill(tmp_path / "all", "--run", "lifted")
    assert (again["records_new"] > 0, again["records_barred"]) == (True, 0)
    assert first in stores.histories()
    assert differences(stores, tmp_path / "found.jsonl") == []


@pytest.mark.slow
def test_a_dead_letter_of_an_erased_key_that_is_redriven_brings_nothing_back(
    new_stores: NewStores, tmp_path: Path
) -> None:
    """Its encoding made it a dead letter, of which nobody could tell whose it was: one came before, one after."""
    stores = new_stores()
    stays, gone = (samples.key(number=number) for number in (1, 2))
    kept, erased = (samples.nfe(one) for one in (stays, gone))
    odd = [samples.nfe(gone, emit=f"<CNPJ>{samples.CNPJ}</CNPJ><xNome>São João {when}</xNome>") for when in ("a", "b")]
    first = written([kept.encode(), erased.encode(), odd[0].encode("latin-1")], tmp_path / "first")
    after = written([odd[1].encode("latin-1")], tmp_path / "after")
    stores.backfill(first)
    done = erase_confirmed(stores, "--erase_keys", gone)
    assert done["keys_erased"] == 1
    again = [stores.backfill(first, "--run", "again"), stores.backfill(after)]
    assert [one["records_new"] for one in again] == [0, 0]
    assert sum(one["dead_letters"] + one["dead_letters_barred"] for one in again) >= 2

    for _ in range(2):
        result = redrive.run([*stores.arguments("-")[2:], "--fallback_encoding", "windows-1252"])
        counters = Counter({c.key.metric.name: c.committed for c in result.metrics().query()["counters"]})
        assert counters["redrive_chosen"] + counters["redrive_again"] == counters["records_barred"] == 1
        assert counters["records_new"] == 0
        assert set(stores.histories()) == {stays}
        tables = rows_of(stores, {gone})
        assert tables.keys() <= {"dead_letters", "arrivals"}, tables
    assert rebuild_stores(stores)
    assert set(stores.histories()) == {stays}
    assert differences(stores, tmp_path / "found.jsonl") == []


@pytest.mark.slow
def test_parts_retention_and_what_is_refused_from_now_on(
    new_stores: NewStores, few_documents: Path, tmp_path: Path
) -> None:
    stores, empty = new_stores(), new_stores()
    payloads = payloads_of(few_documents)
    folder = written(payloads, tmp_path / "all")
    stores.backfill(folder)
    recipients: dict[str, set[str]] = {}
    for key, history in stores.histories().items():
        for one in history.records:
            recipients.setdefault(one.entry.fields.get("recipient_id", ""), set()).add(key)
    recipient, keys = max(((one, found) for one, found in recipients.items() if one), key=lambda pair: len(pair[1]))
    found = erase_stores(stores, "--subjects", recipient, "--part", "recipient")
    assert (number(found), found["erase_retained"]) == (0, len(keys)), "documents of others stay while their time runs"
    issuers, own = some_issuers(stores)
    erase_stores(empty, "--subjects", issuers, "--part", "issuer", "--refuse", "issuer", "--confirm", "0")
    assert empty.backfill(folder)["records_barred"] >= len(own)
    assert not own & set(empty.histories())
    assert differences(empty, tmp_path / "found.jsonl") == []


@pytest.mark.long
def test_a_stream_that_goes_on_brings_nothing_back_and_its_counts_are_exact(
    new_stores: NewStores, few_documents: Path, tmp_path: Path
) -> None:
    stores, clean, queue = new_stores(), new_stores(), DocumentQueue()
    payloads = [payload for payload in payloads_of(few_documents) if len(payload) < 1_000_000]
    clean.backfill(written(payloads, tmp_path / "all"))
    issuers, keys = some_issuers(clean)
    clean = new_stores()
    clean.backfill(without(payloads, keys, tmp_path / "left"))
    with Streaming(stores, queue, tmp_path / "log") as stream:
        queue.publish(payloads)
        stream.wait_for_arrivals(len(payloads))
        stream.wait_until(lambda: counted(stores), "counts do not settle")
        with queue.publishing(payloads, 10):
            job = start_erase(stores, "--subjects", issuers, "--part", "issuer", "--confirm", "99", *LONGER)
            finish(job)
        stream.wait_until(lambda: content(stores) == content(clean), "what is erased is back, or other records lack")
        stream.wait_until(lambda: counted(stores), "counts do not settle")
        stream.wait_until(lambda: stores.views() == clean.views(), "rows are missing")
    assert rows_of(stores, keys) == {}
    assert_equal(stores, clean, tmp_path / "found.jsonl")
