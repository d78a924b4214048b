"""Answers lost, the service away or asleep: what was applied stays applied once, what was not is said."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.stack import PROJECT_ID, find
from local.stack.process import free_port, listens
from tests.integration.truth.drive import CODEC, applied, apply_all, content, outcomes
from tests.integration.truth.proxy import Proxy
from tests.unit.truth.samples import expected_cells, fresh_key, record
from transforms.model import NEW
from transforms.truth import admin
from transforms.truth.client import Client
from transforms.truth.config import EMULATOR_VARIABLE, TruthConfig
from transforms.truth.errors import TruthError
from transforms.truth.loop import wait_for
from transforms.truth.read import HistoryReader
from transforms.truth.transaction import Attempt
from transforms.truth.writer import Writer

ATTEMPT = Attempt("run", "job", 1_000)


@pytest.fixture
def behind_proxy(config: TruthConfig, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """A writer whose connection goes through the proxy."""
    monkeypatch.setenv(EMULATOR_VARIABLE, proxy.address)
    writer = Writer(replace(config, attempts=6, deadline_seconds=5), CODEC)
    yield writer
    writer.close()


def test_a_first_write_whose_answer_is_lost_is_new_and_there_once(
    behind_proxy: Writer, proxy: Proxy, reader: HistoryReader
) -> None:
    stored = record(fresh_key())
    proxy.lose_answers(1)
    (done,) = apply_all(behind_proxy, [stored], ATTEMPT)
    assert (outcomes([done]), proxy.cut) == ([NEW], 1)
    assert done.retries
    history = reader.history(stored.entry.key)
    assert history and history.revision == 1
    assert history.changes == (applied(done).change,)


def test_a_later_write_whose_answers_are_lost_is_new_and_there_once(
    behind_proxy: Writer, proxy: Proxy, reader: HistoryReader
) -> None:
    key = fresh_key()
    apply_all(behind_proxy, [record(key)], ATTEMPT)
    proxy.lose_answers(4)  # of the first check, of the read, of the check of the revision, of the read after it
    (done,) = apply_all(behind_proxy, [record(key, "other")], ATTEMPT)
    assert (outcomes([done]), proxy.cut) == ([NEW], 4)
    history = reader.history(key)
    assert history and [c.revision for c in history.changes] == [1, 2]
    assert history.changes[1] == applied(done).change


def test_many_in_flight_lose_their_answers_at_once_and_each_is_there_once(
    behind_proxy: Writer, proxy: Proxy, reader: HistoryReader
) -> None:
    key = fresh_key()
    many = [record(fresh_key()) for _ in range(60)] + [record(key, str(n), origin=f"o{n}") for n in range(5)]
    proxy.lose_answers(3)
    done = apply_all(behind_proxy, many, ATTEMPT)
    assert (outcomes(done), proxy.cut) == ([NEW] * 65, 3)
    assert sum(len(history.records) for history in reader.scan()) == 65
    assert content(behind_proxy.client, behind_proxy.config, key) == expected_cells(CODEC, many[60:])


def test_when_retries_are_used_up_the_bundle_fails_and_says_what(
    behind_proxy: Writer, proxy: Proxy, reader: HistoryReader
) -> None:
    proxy.refuse = True
    writer = Writer(replace(behind_proxy.config, attempts=2, backoff_seconds=0.01), CODEC)
    stored = record(fresh_key())
    with pytest.raises(TruthError) as raised:
        apply_all(writer, [stored], ATTEMPT)
    message = str(raised.value)
    assert stored.entry.key in message and "after 2 attempts" in message and "UNAVAILABLE" in message
    assert writer.config.records_table in message
    proxy.refuse = False
    assert outcomes(apply_all(behind_proxy, [stored], ATTEMPT)) == [NEW]
    writer.close()


def test_a_failed_bundle_is_finished_by_its_retry(behind_proxy: Writer, proxy: Proxy, reader: HistoryReader) -> None:
    """A bundle that failed half-way may have written any of its records; the runner's retry hands in all of them."""
    many = [record(fresh_key()) for _ in range(40)]
    impatient = Writer(replace(behind_proxy.config, attempts=1), CODEC)
    proxy.lose_answers(1)
    with pytest.raises(TruthError):
        apply_all(impatient, many, ATTEMPT)
    done = apply_all(behind_proxy, many, Attempt("run", "job", 2_000))
    assert len(done) == 40
    assert {(change.run, change.revision) for change in (applied(d).change for d in done) if change} == {("run", 1)}
    assert sum(len(history.records) for history in reader.scan()) == 40
    impatient.close()


def test_a_missing_table_is_said_at_once(config: TruthConfig) -> None:
    writer = Writer(replace(config, table="elsewhere"), CODEC)
    with pytest.raises(TruthError, match="(?s)elsewhere.*acervo tables"):
        apply_all(writer, [record(fresh_key())], ATTEMPT)
    writer.close()


@pytest.fixture
def own_emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """An emulator that the test may treat badly."""
    port = free_port()
    command = [str(find.bigtable_emulator()), "-host", "127.0.0.1", "-port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not listens(port):
            assert process.poll() is None, "the emulator did not start"
            time.sleep(0.05)
        monkeypatch.setenv(EMULATOR_VARIABLE, f"127.0.0.1:{port}")
        yield process
        process.kill()


def test_an_emulator_that_sleeps_past_the_deadline_gets_each_record_once(
    own_emulator: subprocess.Popen[bytes],
) -> None:
    config = TruthConfig(PROJECT_ID, "truth")
    admin.create_tables(config)
    impatient = replace(config, deadline_seconds=1, attempts=12)
    writer, client, reader = Writer(impatient, CODEC), Client(config), HistoryReader(config)
    key = fresh_key()
    many = [record(fresh_key()) for _ in range(100)] + [record(key, str(n), origin=f"o{n}") for n in range(5)]
    awake = threading.Timer(2.5, os.kill, (own_emulator.pid, signal.SIGCONT))
    os.kill(own_emulator.pid, signal.SIGSTOP)
    awake.start()
    done = apply_all(writer, many, ATTEMPT)
    awake.join()
    assert outcomes(done) == [NEW] * 105
    assert sum(d.retries for d in done) > 0
    assert sum(len(history.records) for history in reader.scan()) == 105
    assert content(client, config, key) == expected_cells(CODEC, many[100:])
    writer.close()
    reader.close()
    wait_for(client.close())
