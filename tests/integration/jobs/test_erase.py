"""Erasure against the real emulators: nothing is left, nothing comes back, and the rest is as if it had never been."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines import lookup
from tests.integration.jobs.erasing import erase_confirmed, erase_stores, number, reports, rows_of, without
from tests.integration.jobs.reparsing import content, reparse_stores
from tests.integration.jobs.stores import (
    NewStores,
    Stores,
    bigtable_counts,
    differences,
    payloads_of,
    rebuild_stores,
)
from transforms.truth.tombstones import parts_of


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


def test_a_company_is_erased_from_every_store_and_nothing_brings_it_back(
    new_stores: NewStores, few_documents: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores, clean = new_stores(), new_stores()
    payloads = payloads_of(few_documents)
    folder = tmp_path / "all"
    folder.mkdir()
    for index, payload in enumerate(payloads):
        (folder / f"{index:05}.xml").write_bytes(payload)
    stores.backfill(folder)
    issuers, keys = some_issuers(stores)
    before = rows_of(stores, keys)
    assert set(before) >= {"documents", "changes", "arrivals"}

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
