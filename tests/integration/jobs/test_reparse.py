"""Reparse against the real emulators: what is stored becomes what a clean load by this release stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import stored_rows
from tests.integration.jobs.reparsing import changed_by, content, forget, forgotten, reparse_stores
from tests.integration.jobs.stores import NewStores, bigtable_counts, differences, rebuild_stores

# What all other views are made of; the long test compares all.
VIEWS = (
    "unique_documents",
    "unique_events",
    "unique_voided_ranges",
    "document_state",
    "counts_total",
    "findings_count",
)


@pytest.mark.parametrize("path", stored_rows.files(), ids=lambda path: path.name.partition(".")[0])
def test_rows_of_an_earlier_release_become_what_a_clean_load_stores(
    new_stores: NewStores, tmp_path: Path, path: Path
) -> None:
    clean, stores = new_stores(), new_stores()
    stored_rows.load(stores.truth, forgotten(stored_rows.read(path), forget))
    rebuild_stores(stores)
    (folder := tmp_path / "documents").mkdir()
    for number, payload in enumerate(stored_rows.payloads(path)):
        (folder / f"{number:04}.xml").write_bytes(payload)
    clean.backfill(folder)
    expected, views, counts = content(clean), clean.views(*VIEWS), bigtable_counts(clean)
    assert content(stores) != expected and bigtable_counts(stores) != counts

    before = stores.histories()
    told = reparse_stores(stores, "--dry_run")
    assert stores.histories() == before, "a dry run writes nothing"
    done = reparse_stores(stores)
    assert changed_by(done) == changed_by(told)
    assert {"fields.issuer_name", "fields.items.ncm", "findings.bad_date", "counts.total"} <= changed_by(done).keys()
    assert done["records_reparsed"] == told["records_reparsed"] > 50
    assert content(stores) == expected
    assert stores.views(*VIEWS) == views
    assert bigtable_counts(stores) == counts
    assert differences(stores, tmp_path / "found.jsonl") == []

    again = reparse_stores(stores)
    assert again["records_read_again"] == told["records_read_again"]
    assert again["records_reparsed"] == again["rows_marked"] == 0
    assert not [name for name, count in again.items() if name.startswith("rows_written_") and count]
