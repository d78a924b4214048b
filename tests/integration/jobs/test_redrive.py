"""Redrive against the real emulators: what was dead becomes what it would have been, once, however often it is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import redrive
from tests.integration.jobs.stores import Stores

NewStores = Callable[[], Stores]


def redrive_stores(stores: Stores, *more: str) -> Counter[str]:
    result = redrive.run([*stores.arguments("-")[2:], *more])
    return Counter({c.key.metric.name: c.committed for c in result.metrics().query()["counters"]})


def open_letters(stores: Stores) -> dict[str, int]:
    return {row["code"]: row["dead_letters"] for row in stores.query("SELECT * FROM dead_letters_by_code")}


def test_dead_letters_become_what_they_would_have_been_and_nothing_doubles(
    new_stores: NewStores, few_documents: Path
) -> None:
    straight, stores = new_stores(), new_stores()
    straight.backfill(few_documents)
    stores.backfill(few_documents, "--strict", "--max_input_bytes", "8000")
    dead, of_old = open_letters(stores), open_letters(straight)
    assert dead["too_large"] > 30 and "strict_findings" in dead.keys() - of_old.keys()
    first = {row["dead_letter_id"]: row["received_at"] for row in stores.query("SELECT * FROM unique_dead_letters")}

    counters_of_first = redrive_stores(stores, "--codes", "too_large")
    assert counters_of_first["redrive_chosen"] == dead["too_large"] and counters_of_first["records_new"] > 20
    assert open_letters(stores).get("too_large", 0) == of_old.get("too_large", 0)
    assert open_letters(stores)["strict_findings"] == dead["strict_findings"], "other codes were not asked for"
    counters = redrive_stores(stores)
    assert counters["records_resumed"] == counters_of_first["records_new"], "a run's sums need all of its records"
    assert stores.content() == straight.content()
    assert stores.views() == straight.views()
    assert open_letters(stores) == of_old
    after = {row["dead_letter_id"]: row["received_at"] for row in stores.query("SELECT * FROM unique_dead_letters")}
    assert {one: after[one] for one in first} == first, "a dead letter keeps the time at which it came first"

    assert redrive_stores(stores)["records_new"] == 0
    assert stores.content() == straight.content() and stores.views() == straight.views()
    assert open_letters(stores) == of_old


def test_an_instant_that_is_none_is_told(new_stores: NewStores, capfd: pytest.CaptureFixture[str]) -> None:
    assert redrive.main([*new_stores().arguments("-")[2:], "--since", "yesterday"]) == 2
    assert "--since yesterday" in capfd.readouterr().err
