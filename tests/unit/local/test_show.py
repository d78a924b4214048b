from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from local import show
from pipelines import input_counts

INPUTS = input_counts.input_counts_of(
    {
        "inputs": 3,
        "documents": 2,
        "records_new": 1,
        "records_resumed": 1,
        "dead_letters": 1,
        "dead_letter_dtd_forbidden": 1,
    },
    {"xml_bytes": 20_000, "stored_bytes": 2_500},
)


def text_of(*, counts: list[dict[str, object]], history: list[dict[str, object]] | None = None, before: int = 0) -> str:
    console = Console(file=io.StringIO(), width=200, highlight=False)
    show.show(console, "backfill-1", INPUTS, show.Found(counts, {}, history or [], 10, before), 2.0)
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def line(month: int, uf: str, model: str, documents: int, total: str) -> dict[str, object]:
    day = date(2025 + month // 12, month % 12 + 1, 1)
    return {"uf": uf, "month": day, "model": model, "status": "authorised", "documents": documents, "total": total}


def test_show__what_was_read__with_dead_letters_and_resumed_records() -> None:
    text = text_of(counts=[])
    for expected in ("3", "dtd_forbidden", "1 written by an earlier attempt", "20.0 kB", "2.5 kB (12%)"):
        assert expected in text
    assert "counts_by_uf" not in text


def test_show__many_months__the_latest_and_the_earlier_together() -> None:
    text = text_of(counts=[line(month, "SP", "55", 10, "0.10") for month in range(20)])
    assert "2026-08" in text
    assert "2025-01" not in text
    assert "earlier" in text
    assert "120" in text
    assert "1.20" in text


def test_show__documents_of_the_test_environment__are_told_apart() -> None:
    production, test = line(0, "SP", "55", 4, "40.00"), line(0, "SP", "55", 3, "1500.50")
    assert "test environment" not in text_of(counts=[production | {"environment": 1}, production])
    text = text_of(counts=[production | {"environment": 1}, test | {"environment": 2}])
    assert "Of these, 3 (R$ 1,500.50) are of the test environment" in text


def test_show__many_states__the_largest_and_the_others_together() -> None:
    counts = [line(0, f"{number:02}", "57", number, "1.00") for number in range(1, 13)]
    text = text_of(counts=counts)
    assert "4 others" in text
    assert "CT-e" in text


def test_show__amounts__are_exact() -> None:
    counts = [line(0, "SP", "55", 1, "0.10") | {"total": Decimal("0.1")} for _ in range(3)]
    assert "0.30" in text_of(counts=counts)


def test_show__model_that_is_not_known__keeps_its_code() -> None:
    assert "99" in text_of(counts=[line(0, "SP", "99", 1, "1")])


def test_show__history__event_before_its_document_and_no_instant() -> None:
    history = [
        {
            "access_key": "3" * 44,
            "happened_at": None,
            "kind": "event",
            "what": "cancellation",
            "result": 135,
            "revision": 1,
            "status_before": None,
            "status_after": "cancelled",
            "origin": "/data/2026/a.zip#x/1.xml",
            "run": "backfill-1",
        },
        {
            "access_key": "3" * 44,
            "happened_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
            "kind": "document",
            "what": "processed",
            "result": None,
            "revision": 2,
            "status_before": "cancelled",
            "status_after": "cancelled",
            "origin": "gs://bucket/b.xml",
            "run": "of-another-day",
        },
    ]
    text = text_of(counts=[], history=history)
    for expected in ("record 1 to come: cancelled", "2026-03-01 12:00:00Z", "  a.zip#x/1.xml", "135 event registered"):
        assert expected in text
    assert "record 2 to come: still cancelled" in text and "(another run) b.xml" in text


def test_show__a_stack_that_held_data__says_whose_the_figures_are() -> None:
    counts = [line(0, "SP", "55", 1, "1")]
    assert "from the view counts_by_uf" in text_of(counts=counts)
    text = text_of(counts=counts, before=7)
    assert "Documents of this run" in text and "holds 10 keys in all; before this run it held 7" in text


@pytest.mark.parametrize("origin", ["/a/b/documents.zip#2023/10/" + "9" * 80 + "-procNFe.xml", "gs://b/" + "x" * 200])
def test_show__long_origin__keeps_its_archive_and_the_end_of_its_name(origin: str) -> None:
    short = show._short(origin)
    assert len(short) <= 210
    assert origin.endswith(short.rpartition("…")[2])
    assert short.startswith(("documents.zip#…", "x"))
