"""Unconditional writes that travel together: each is there, or its bundle fails and says which was not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.truth.drive import CODEC
from tests.integration.truth.proxy import Proxy
from transforms.truth import requests
from transforms.truth.config import EMULATOR_VARIABLE, TruthConfig
from transforms.truth.errors import TruthError
from transforms.truth.row_keys import RESERVED
from transforms.truth.rows import Cell, Row
from transforms.truth.transaction import Completed, Transaction, Write
from transforms.truth.writer import Writer


@pytest.fixture
def writer(config: TruthConfig, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """Its connection goes through the proxy."""
    monkeypatch.setenv(EMULATOR_VARIABLE, proxy.address)
    writer = Writer(replace(config, attempts=4, deadline_seconds=5, backoff_seconds=0.01), CODEC)
    yield writer
    writer.close()


def _store(row: bytes, cells: tuple[Cell, ...]) -> Transaction:
    yield Write(row, cells)
    return Completed(row, 0, 0)


def _store_all(writer: Writer, rows: list[Row]) -> list[bytes]:
    bundle = writer.bundle()
    for row in rows:
        cells = tuple(row.cells)
        bundle.add(writer.config.records_table, row.key, 10, None, lambda row=row.key, cells=cells: _store(row, cells))
    return [done.completed.result for done in bundle.finish()]


def _rows(count: int, size: int = 10) -> list[Row]:
    return [Row(b"%04d" % n, [Cell("s", b"q", 0, b"%04d" % n * (size // 4))]) for n in range(count)]


def _found(writer: Writer) -> list[Row]:
    return list(writer.client.scan(writer.config.records_table, b"", RESERVED))


@pytest.mark.parametrize(("count", "size"), [(1, 10), (250, 10), (9, 1_000_000)])
def test_all_are_there_and_each_has_its_result(writer: Writer, count: int, size: int) -> None:
    stored = _rows(count, size)
    assert sorted(_store_all(writer, stored)) == [row.key for row in stored]
    assert _found(writer) == stored


def test_writes_of_one_row_keep_their_order(writer: Writer) -> None:
    rows = [Row(b"row", [Cell("s", b"q", 0, b"%d" % n)]) for n in range(50)]
    _store_all(writer, rows)
    assert _found(writer) == rows[-1:]


def test_lost_answers_are_asked_for_again(writer: Writer, proxy: Proxy) -> None:
    proxy.lose_answers(2)
    stored = _rows(150)
    assert len(_store_all(writer, stored)) == 150
    assert proxy.cut == 2 and _found(writer) == stored


def test_a_row_that_is_refused_is_named_and_the_others_are_there(writer: Writer) -> None:
    stored = _rows(20)
    stored[7] = Row(b"xxbad", [Cell("nowhere", b"q", 0, b"v")])
    with pytest.raises(TruthError, match=r"(?s)MutateRow.*key bad.*nowhere"):
        _store_all(writer, stored)
    assert [row.key for row in _found(writer)] == [row.key for row in stored if row.key != b"xxbad"]


def test_a_row_that_is_refused_for_now_is_sent_again_by_itself(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator never refuses one row of many for now, as the service does when a tablet moves: the answer is
    altered on its way, to code 14, UNAVAILABLE."""
    sent: list[int] = []
    build, read = requests.write_rows_request, requests.entry_statuses

    def counted(table, profile, writes):
        sent.append(len(writes))
        return build(table, profile, writes)

    def altered(response):
        for status in read(response):
            moved = len(sent) == 1 and status.entry in (3, 5)
            yield status._replace(code=14) if moved else status

    monkeypatch.setattr(requests, "write_rows_request", counted)
    monkeypatch.setattr(requests, "entry_statuses", altered)
    stored = _rows(20)
    assert len(_store_all(writer, stored)) == 20
    assert sent == [20, 2]
