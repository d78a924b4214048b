from __future__ import annotations

import io
import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from local import progress, show, summary

OUTCOME = summary.outcome_of(
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


def text_of(*, counts: list[dict[str, object]], history: list[dict[str, object]] | None = None) -> str:
    console = Console(file=io.StringIO(), width=200, highlight=False)
    show.show(console, OUTCOME, counts, {}, history or [], 2.0)
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
        },
    ]
    text = text_of(counts=[], history=history)
    for expected in ("1. nothing -> cancelled", "2026-03-01 12:00:00", "a.zip#x/1.xml", "b.xml", "135"):
        assert expected in text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (26_149_323, "26.1 MB")]
)
def test_size(number: int, text: str) -> None:
    assert show.size(number) == text


def test_watching__look_that_fails__does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_EVERY_SECONDS", 0.01)
    looked = threading.Event()
    looks = iter([ConnectionError(), progress.Seen(3, {}), progress.Seen(6, {"new": 5, "dead": 2})])

    def look() -> progress.Seen:
        seen = next(looks, None)
        if seen is None:
            looked.set()
            return progress.Seen(6, {})
        if isinstance(seen, Exception):
            raise seen
        return seen  # type: ignore[return-value]

    output = io.StringIO()
    with progress.Steps(Console(file=output, width=200)).watching("Backfilling", look, total=10):
        assert looked.wait(30)
    text = output.getvalue()
    assert text.startswith("Backfilling")
    assert "3 keys stored (of 10 inputs)" in text
    assert "6 keys stored, 7 inputs served (5 new, 2 dead)" in text


@pytest.mark.parametrize("origin", ["/a/b/documents.zip#2023/10/" + "9" * 80 + "-procNFe.xml", "gs://b/" + "x" * 200])
def test_show__long_origin__keeps_its_archive_and_the_end_of_its_name(origin: str) -> None:
    short = show._short(origin)
    assert len(short) <= 210
    assert origin.endswith(short.rpartition("…")[2])
    assert short.startswith(("documents.zip#…", "x"))
