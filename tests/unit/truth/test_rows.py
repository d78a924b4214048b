from __future__ import annotations

import random
import re
import zlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.histories import key_of, keys
from tests.unit.truth.samples import from_origin, record
from transforms import access_key
from transforms.model import Arrival, Change
from transforms.truth import row_keys, rows
from transforms.truth.codec import packaged_codec

CODEC = packaged_codec()
KEY = key_of("55", 1)
VOIDED = "ID35251122233300018155001000000010000000020"


@given(keys | st.just(VOIDED))
def test_a_row_key_is_a_salt_computed_from_the_key_and_the_key_in_order(key: str) -> None:
    row = row_keys.row_key(key)
    assert row == b"%02x" % (zlib.crc32(key.encode()) % 64) + access_key.to_row(key).encode()
    assert row_keys.key_of(row) == key


@given(keys, st.integers(0, 44))
def test_a_prefix_finds_its_keys_in_exactly_one_range_of_the_64(key: str, length: int) -> None:
    row = row_keys.row_key(key)
    assert sum(start <= row < end for start, end in row_keys.scan_ranges(access_key.to_row(key)[:length])) == 1


@given(keys, keys.map(lambda key: access_key.to_row(key)[:24]))
def test_a_prefix_finds_no_other_keys(key: str, prefix: str) -> None:
    row = row_keys.row_key(key)
    found = any(start <= row < end for start, end in row_keys.scan_ranges(prefix))
    assert found == access_key.to_row(key).startswith(prefix)


@pytest.mark.parametrize("prefix", ["", "3", "35", "9", "ID", "ID35"])
def test_ranges_leave_reserved_rows_out(prefix: str) -> None:
    certificates = [row_keys.certificate_row(number.to_bytes(16, "big")) for number in range(500)]
    for row in (row_keys.dictionary_row(40_001), *certificates):
        assert row_keys.is_reserved(row)
        assert not any(start <= row < end for start, end in row_keys.scan_ranges(prefix))
    assert not any(row_keys.is_reserved(row_keys.row_key(key)) for key in (KEY, VOIDED))


def test_certificates_lie_on_all_tablets_and_evenly() -> None:
    """A new table has sixteen tablets, four salts each."""
    found = Counter(int(row_keys.certificate_row(random.Random(n).randbytes(16))[:2], 16) // 4 for n in range(4_000))
    assert len(found) == 16
    assert max(found.values()) < 2 * 4_000 / 16


def test_a_prefix_is_made_of_state_month_and_issuer() -> None:
    assert KEY.startswith(row_keys.key_prefix("SP", "2503", "11222333000181"))
    assert row_keys.key_prefix("35") == "35"


@pytest.mark.parametrize(
    ("parts", "message"), [(("XX",), "not a Brazilian state"), (("SP", "", "1"), "give the month")]
)
def test_a_prefix_that_selects_nothing_is_refused(parts: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        row_keys.key_prefix(*parts)


@pytest.mark.parametrize(
    ("fields", "micros"),
    [
        ({"issued_at": "2025-03-01T10:00:00.123456Z"}, 1_740_823_200_123_000),
        ({"occurred_at": "2025-03-01T10:00:00Z"}, 1_740_823_200_000_000),
        ({"registered_at": "2025-03-01T10:00:00Z"}, 1_740_823_200_000_000),
        ({"key_month": "2025-03-01"}, 1_740_787_200_000_000),
        ({}, 1_740_787_200_000_000),
        ({"issued_at": "0001-01-01T00:00:00Z"}, 0),
        ({"issued_at": "2025-02-31T10:00:00Z"}, 0),
    ],
    ids=["fraction", "event", "registered only", "month", "month of the key", "before 1970", "no such day"],
)
def test_cells_are_stamped_with_the_records_own_instant(fields: dict[str, str], micros: int) -> None:
    stamped = record(KEY).entry._replace(fields=fields)
    assert rows.cell_timestamp(stamped) == micros


def test_a_voided_range_without_instants_is_stamped_zero() -> None:
    assert rows.cell_timestamp(record(KEY).entry._replace(key=VOIDED, fields={})) == 0


def test_a_record_is_two_cells_that_read_back() -> None:
    stored = record(KEY, total="1.00", items=[{"number": 1, "code": "a"}])
    fields, xml = rows.record_cells(CODEC, stored).cells
    assert (fields.family, xml.family) == ("f", "x")
    assert fields.qualifier == xml.qualifier == bytes.fromhex(stored.entry.record_id)
    assert fields.timestamp == xml.timestamp == 1_740_823_200_000_000
    assert CODEC.decode_xml(xml.value) == stored.raw.payload
    assert rows.decode_entry(CODEC, KEY, fields.qualifier, fields.value) == stored.entry


def test_cells_of_a_record_do_not_depend_on_who_brought_it() -> None:
    stored = record(KEY)
    again = from_origin(stored, "elsewhere")
    assert rows.record_cells(CODEC, stored) == rows.record_cells(CODEC, again)


def test_a_change_reads_back() -> None:
    change = Change(KEY, 12, "ab" * 32, "run", "origin", "job", 1, 2, None, {"status": "x"}, None, {"status": "x"})
    cell = rows.change_cell(CODEC, change)
    assert (cell.family, cell.qualifier, cell.timestamp) == ("c", b"0000000012", 0)
    assert rows.decode_change(CODEC, KEY, cell.qualifier, cell.value) == change


def test_an_arrival_has_one_cell_per_record_run_and_origin_whatever_job_brings_it() -> None:
    arrival = Arrival("run", "origin", "job", 1, 2, "new")
    cell = rows.arrival_cell(CODEC, "ab" * 32, arrival)
    assert len(cell.qualifier) == 48
    assert rows.decode_arrival(CODEC, cell.qualifier, cell.value) == ("ab" * 32, arrival)
    later = rows.arrival_cell(CODEC, "ab" * 32, arrival._replace(job="job-2", applied_at=9))
    others = [
        rows.arrival_cell(CODEC, "ab" * 32, arrival._replace(run="other")),
        rows.arrival_cell(CODEC, "ab" * 32, arrival._replace(origin="other")),
        rows.arrival_cell(CODEC, "cd" * 32, arrival),
    ]
    assert later.qualifier == cell.qualifier
    assert len({cell.qualifier, *(other.qualifier for other in others)}) == 4


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_packed_integers_sort_as_numbers(one: int, other: int) -> None:
    assert (rows.pack_int(one) < rows.pack_int(other)) == (one < other)
    assert rows.unpack_int(rows.pack_int(one)) == one
