"""Tables made, completed and checked, and read back."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace

import pytest
import zstandard
from google.cloud.bigtable_admin_v2 import AppProfile

from tests.dump import dump
from tests.integration.truth.drive import CODEC, apply_all
from tests.unit.truth.samples import fresh_key, record
from transforms.model import Record, record_id_of
from transforms.truth import admin, certificates, client, codec, dead_letters, row_keys, rows
from transforms.truth.client import Client
from transforms.truth.codec import Codec, Dictionary
from transforms.truth.config import TruthConfig
from transforms.truth.errors import TruthError
from transforms.truth.loop import wait_for
from transforms.truth.read import HistoryReader
from transforms.truth.rows import Cell, Family
from transforms.truth.transaction import Attempt
from transforms.truth.writer import Writer
from transforms.typed import typed

ATTEMPT = Attempt("run", "job", 1)


def test_making_the_tables_again_makes_nothing(config: TruthConfig) -> None:
    assert admin.create_tables(config) == []
    assert admin.problems(config) == []
    admin.preflight(config)


def test_what_is_missing_is_listed_and_then_made(config: TruthConfig) -> None:
    other = replace(config, table=f"{config.table}x")
    with pytest.raises(TruthError) as raised:
        admin.preflight(other, {"_counts": (Family("v"),)})
    for name in (other.table, f"{other.table}_dead_letters", f"{other.table}_counts"):
        assert f"table {name} does not exist. Run: {typed('tables')}" in str(raised.value)
    made = admin.create_tables(other, {"_counts": (Family("v"),)})
    assert {f"table {other.table}", f"table {other.table}_counts"} <= set(made)
    admin.preflight(other, {"_counts": (Family("v"),)})


def test_a_family_that_a_later_release_adds_is_made(config: TruthConfig) -> None:
    admin.create_tables(config, {"_counts": (Family("v"),)})
    assert admin.problems(config, {"_counts": (Family("v"), Family("w"))}) == [
        f"table {config.table}_counts has no column family w. Run: {typed('tables')}"
    ]
    assert admin.create_tables(config, {"_counts": (Family("v"), Family("w"))}) == [
        f"family w of table {config.table}_counts"
    ]
    assert admin.problems(config, {"_counts": (Family("v"), Family("w"))}) == []


def test_dictionaries_are_kept_in_the_table_and_checked(config: TruthConfig, reader: HistoryReader) -> None:
    client = Client(config)
    for dictionary in codec.packaged():
        row = row_keys.dictionary_row(dictionary.dictionary_id)
        cells = wait_for(client.read_row(config.records_table, row))
        assert cells["s"][b"dictionary"] == dictionary.data
        wait_for(client.write(config.records_table, row, [Cell("s", b"dictionary", 0, b"another")]))
        assert any("holds another dictionary" in problem for problem in admin.problems(config))
    wait_for(client.close())


@pytest.mark.parametrize(
    ("profile", "problem"),
    [
        (AppProfile(name="x/p", multi_cluster_routing_use_any={}), "routes to several clusters"),
        (AppProfile(name="x/p", single_cluster_routing={"cluster_id": "c"}), "does not allow single-row transactions"),
        (AppProfile(name="x/p", single_cluster_routing={"cluster_id": "c", "allow_transactional_writes": True}), None),
    ],
    ids=["multi-cluster", "no transactions", "right"],
)
def test_an_app_profile_must_allow_conditional_writes(profile: AppProfile, problem: str | None) -> None:
    found = admin.app_profile_problems(profile)
    assert len(found) == (1 if problem else 0)
    assert all(problem in each for each in found if problem)


@pytest.fixture
def foreign() -> Dictionary:
    """A dictionary of another release."""
    samples = [record(fresh_key()).raw.payload for _ in range(300)]
    data = zstandard.train_dictionary(2_048, samples, dict_id=41_234).as_bytes()
    return Dictionary(codec.XML, 41_234, data)


def test_data_of_another_release_is_read_with_the_dictionary_in_the_table(
    config: TruthConfig, reader: HistoryReader, foreign: Dictionary
) -> None:
    key = fresh_key()
    other_release = Codec([foreign], {codec.XML: 41_234, codec.JSON: 41_234})
    writer = Writer(config, other_release)
    apply_all(writer, [record(key)], ATTEMPT)
    wait_for(
        writer.client.write(
            config.records_table, row_keys.dictionary_row(41_234), [Cell("s", b"dictionary", 0, foreign.data)]
        )
    )
    history = reader.history(key)
    assert history and history.records[0].entry == record(key).entry
    assert reader.xml(key, record(key).entry.record_id) == record(key).raw.payload
    # A writer of this release meets the row, fetches the dictionary, and goes on.
    own = Writer(config, Codec(codec.packaged(), codec.current()))
    apply_all(own, [record(key, "other", origin="b.xml")], ATTEMPT)
    found = reader.history(key)
    assert found and found.revision == 2
    writer.close()
    own.close()


def test_a_writer_that_finds_the_dictionary_nowhere_fails_with_its_name(
    config: TruthConfig, foreign: Dictionary
) -> None:
    key = fresh_key()
    writer = Writer(config, Codec([foreign], {codec.JSON: 41_234}))
    apply_all(writer, [record(key)], ATTEMPT)
    own = Writer(config, Codec(codec.packaged(), codec.current()))
    with pytest.raises(codec.UnknownDictionary, match="~dictionary/41234"):
        apply_all(own, [record(key, "other")], ATTEMPT)
    writer.close()
    own.close()


def test_a_history_is_read_in_the_order_in_which_it_was_made(config: TruthConfig, reader: HistoryReader) -> None:
    key = fresh_key()
    found = [record(key, str(number), origin=f"o{number}") for number in range(12)]
    writer = Writer(config, CODEC)
    apply_all(writer, found, ATTEMPT)
    history = reader.history(key)
    assert history
    assert [r.entry for r in history.records] == [r.entry for r in found]
    assert [r.xml_bytes for r in history.records] == [len(r.raw.payload) for r in found]
    assert history.state == history.changes[-1].after
    assert [reader.xml(key, r.entry.record_id) for r in history.records] == [r.raw.payload for r in found]
    with pytest.raises(TruthError, match="no XML of record"):
        reader.xml(key, "ab" * 32)
    assert reader.history(fresh_key()) is None
    writer.close()


def test_one_certificate_is_kept_for_all_documents_that_it_signs(config: TruthConfig, reader: HistoryReader) -> None:
    text = random.Random(1).randbytes(1_000).hex()
    signed = [record(fresh_key(), f"<X509Certificate>{text}</X509Certificate>") for _ in range(50)]
    writer = Writer(config, CODEC)
    apply_all(writer, signed, ATTEMPT)
    assert [reader.xml(r.entry.key, r.entry.record_id) for r in signed] == [r.raw.payload for r in signed]
    assert sum(len(cell.value) for _, cell in dump(config)) < 50 * 1_000
    row = row_keys.certificate_row(certificates.digest_of(text.encode()))
    kept = writer.client.scan(config.records_table, b"", b"")
    assert [each.key for each in kept if row_keys.CERTIFICATE_KEYS.encode() in each.key] == [row]
    assert sum(1 for _ in reader.scan()) == 50
    writer.close()


def test_xml_that_is_not_what_its_name_says_is_an_error(config: TruthConfig, reader: HistoryReader) -> None:
    stored = record(fresh_key())
    writer = Writer(config, CODEC)
    apply_all(writer, [stored], ATTEMPT)
    qualifier = bytes.fromhex(stored.entry.record_id)
    other = Cell(rows.XML, qualifier, rows.cell_timestamp(stored.entry), CODEC.encode_xml(b"<other/>"))
    wait_for(writer.client.write(config.records_table, row_keys.row_key(stored.entry.key), [other]))
    with pytest.raises(TruthError, match="is not what was stored"):
        reader.xml(stored.entry.key, stored.entry.record_id)
    writer.close()


def test_a_scan_reads_every_page_and_only_its_prefix(config: TruthConfig, reader: HistoryReader) -> None:
    voided = "ID35251122233300018155001000000010000000020"
    many = [record(fresh_key("57" if number % 3 else "55")) for number in range(700)]
    writer = Writer(config, CODEC)
    other = record(fresh_key())
    apply_all(writer, [*many, other._replace(entry=other.entry._replace(key=voided))], ATTEMPT)
    assert {h.key for h in reader.scan()} == {voided, *(r.entry.key for r in many)}
    assert sum(1 for _ in writer.client.scan(config.records_table, b"0", row_keys.RESERVED, ("s",), limit=7)) == 701
    assert [h.key for h in reader.scan("ID")] == [voided]
    some = many[0].entry.key[:24]
    assert {h.key for h in reader.scan(some)} == {r.entry.key for r in many if r.entry.key.startswith(some)}
    assert {key for key, _ in dump(config)} == {voided, *(r.entry.key for r in many)}
    writer.close()


def test_pages_are_bounded_by_bytes_and_miss_nothing(config: TruthConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty rows of 1.5 MB, one of 9 MB among them, and small ones before and behind: never all of it in a page."""
    monkeypatch.setattr(client, "PAGE_BYTES", 4_000_000)
    noise = random.Random(1).randbytes(9_000_000)
    sizes = [10] * 30 + [1_500_000] * 20 + [9_000_000] + [1_500_000] * 20 + [10] * 30
    calls = Client(config)
    for number, size in enumerate(sizes):
        wait_for(calls.write(config.records_table, b"%05d" % number, [Cell("x", b"q", 0, noise[:size])]))
    pages: list[list[int]] = []
    start, more = b"", True
    while more:
        page = wait_for(calls.page(config.records_table, start, row_keys.RESERVED, after=bool(start)))
        pages.append([len(row.cells[0].value) for row in page.rows])
        start, more = page.rows[-1].key, page.more
    assert [size for page in pages for size in page] == sizes
    assert max(sum(page) - page[-1] for page in pages) < 4_000_000
    assert len(pages) > 10
    assert [len(row.cells[0].value) for row in calls.scan(config.records_table, b"", row_keys.RESERVED)] == sizes
    wait_for(calls.close())


@pytest.mark.slow
def test_a_scan_of_large_rows_holds_few_of_them(config: TruthConfig) -> None:
    """Peak memory of a process that scans 300 MB in rows of 10 MB, 64 of which would once have been a page."""
    calls = Client(config)
    noise = random.Random(1).randbytes(10_000_000)
    for number in range(30):
        wait_for(calls.write(config.records_table, b"%05d" % number, [Cell("x", b"q", 0, noise)]))
    wait_for(calls.close())
    found = subprocess.run(
        [sys.executable, "-c", _SCANNED, *(config.project, config.instance, config.table)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows_read, grown = map(int, found.stdout.split())
    assert rows_read == 30
    assert grown < 150_000_000


_SCANNED = """
import resource, sys
from transforms.truth.client import Client
from transforms.truth.config import TruthConfig
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
client = Client(TruthConfig(*sys.argv[1:]))
before = peak()
count = sum(1 for _ in client.scan(client.config.records_table, b"", b"~"))
print(count, peak() - before)
"""


def test_rows_larger_than_grpc_takes_by_itself_are_read(config: TruthConfig, reader: HistoryReader) -> None:
    noise = random.Random(1).randbytes(6_000_000)
    small = record(fresh_key())
    entry = small.entry._replace(record_id=record_id_of(noise))
    stored = Record(entry, small.raw._replace(payload=noise))
    writer = Writer(config, CODEC)
    apply_all(writer, [stored], ATTEMPT)
    assert reader.xml(stored.entry.key, stored.entry.record_id) == noise
    writer.close()


def test_a_dead_letter_whose_write_was_cut_off_is_not_there_yet(config: TruthConfig, reader: HistoryReader) -> None:
    client = Client(config)
    row = row_keys.row_key("ab" * 32)
    piece = Cell(dead_letters.PAYLOAD, b"00000", 0, CODEC.encode_xml(b"beginning"))
    wait_for(client.write(config.dead_letters_table, row, [piece]))
    assert reader.dead_letter("ab" * 32) is None
    assert list(reader.dead_letters()) == []
    wait_for(client.close())
